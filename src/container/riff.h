/*
 * riff.h
 *		Walks the chunks of a RIFF file: WebP.
 */
#ifndef TE_CONTAINER_RIFF_H
#define TE_CONTAINER_RIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIFF_FIRST_CHUNK 12		/* behind "RIFF", the length and "WEBP" */

typedef struct RiffChunk
{
	const uint8_t *type;		/* four letters; NULL if there is no chunk */
	const uint8_t *data;
	size_t		length;
	bool		truncated;		/* it goes beyond the end of the file: data are not whole */
} RiffChunk;

/* The chunk at *at, which moves on behind it.  False at the end. */
extern bool riff_next(const uint8_t *data, size_t length, size_t *at, RiffChunk *chunk);

#endif							/* TE_CONTAINER_RIFF_H */
