/*
 * png.h
 *		Walks the chunks of a PNG.
 */
#ifndef TE_CONTAINER_PNG_H
#define TE_CONTAINER_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PNG_FIRST_CHUNK	8		/* behind the signature */

typedef struct PngChunk
{
	const uint8_t *type;		/* four letters */
	const uint8_t *data;
	uint32_t	length;
} PngChunk;

typedef enum PngOutcome
{
	PNG_CHUNK,
	PNG_END,					/* IEND */
	PNG_TRUNCATED				/* the file ends before or within the chunk: chunk has its type if known */
} PngOutcome;

/* The chunk at *at, which moves on behind it. */
extern PngOutcome png_next(const uint8_t *data, size_t length, size_t *at, PngChunk *chunk);

static inline bool
png_is(const PngChunk *chunk, const char *type)
{
	return chunk->type != NULL &&
		chunk->type[0] == (uint8_t) type[0] && chunk->type[1] == (uint8_t) type[1] &&
		chunk->type[2] == (uint8_t) type[2] && chunk->type[3] == (uint8_t) type[3];
}

#endif							/* TE_CONTAINER_PNG_H */
