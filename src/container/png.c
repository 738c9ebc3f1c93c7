/*
 * png.c
 *		Walks the chunks of a PNG.
 */
#include "container/png.h"

#include "container/bytes.h"

#define OVERHEAD 12				/* of a chunk: length, type, CRC */

PngOutcome
png_next(const uint8_t *data, size_t length, size_t *at, PngChunk *chunk)
{
	if (*at > length || length - *at < OVERHEAD)
		return PNG_TRUNCATED;
	chunk->length = be32(data + *at);
	chunk->type = data + *at + 4;
	chunk->data = chunk->type + 4;
	if (png_is(chunk, "IEND"))
		return PNG_END;
	if (chunk->length > length - *at - OVERHEAD)
		return PNG_TRUNCATED;
	*at += OVERHEAD + (size_t) chunk->length;
	return PNG_CHUNK;
}
