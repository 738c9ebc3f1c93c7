/*
 * riff.c
 *		Walks the chunks of a RIFF file.
 */
#include "container/riff.h"

#include "container/bytes.h"

bool
riff_next(const uint8_t *data, size_t length, size_t *at, RiffChunk *chunk)
{
	if (*at > length || length - *at < 8)
		return false;
	chunk->type = data + *at;
	chunk->data = chunk->type + 8;
	chunk->length = le32(data + *at + 4);
	chunk->truncated = chunk->length > length - *at - 8;
	if (chunk->truncated)
		*at = length;
	else
		*at += 8 + chunk->length + (chunk->length & 1);
	return true;
}
