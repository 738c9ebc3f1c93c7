/*
 * mrw.h
 *		Walks the blocks of Minolta's MRW.
 */
#ifndef TE_CONTAINER_MRW_H
#define TE_CONTAINER_MRW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MRW_MAX_BLOCKS	1000	/* looked at */

/* Types of blocks, behind a NUL. */
#define MRW_TIFF		"TTW"	/* a TIFF structure; its offsets count from its own begin */
#define MRW_SIZES		"PRD"	/* sizes of sensor and picture */

/* Does the file begin as an MRW?  The other functions need one. */
extern bool mrw_is(const uint8_t *data, size_t length);

/* The first block of this type; what there is of it if the file ends within it. */
extern bool mrw_block(const uint8_t *data, size_t length, const char *type, const uint8_t **block, size_t *block_length);

/* The size of the picture; false if nothing says. */
extern bool mrw_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height);

#endif							/* TE_CONTAINER_MRW_H */
