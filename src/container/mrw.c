/*
 * mrw.c
 *		Walks the blocks of Minolta's MRW.
 */
#include "container/mrw.h"

#include <string.h>

#include "container/bytes.h"

#define HEAD		8			/* of the file and of a block: a NUL, three letters, length */
#define PRD_HEIGHT	12
#define PRD_WIDTH	14

bool
mrw_is(const uint8_t *data, size_t length)
{
	return length >= HEAD && memcmp(data, "\0MRM", 4) == 0;
}

bool
mrw_block(const uint8_t *data, size_t length, const char *type, const uint8_t **block, size_t *block_length)
{
	size_t		at = HEAD;

	/* The file's length is that of all blocks. */
	if (be32(data + 4) < length - HEAD)
		length = HEAD + (size_t) be32(data + 4);
	for (int i = 0; i < MRW_MAX_BLOCKS && length - at >= HEAD; i++)
	{
		const uint8_t *head = data + at;
		size_t		bytes = be32(head + 4);

		at += HEAD;
		if (bytes > length - at)
			bytes = length - at;
		if (head[0] == 0 && memcmp(head + 1, type, 3) == 0)
		{
			*block = data + at;
			*block_length = bytes;
			return true;
		}
		at += bytes;
	}
	return false;
}

bool
mrw_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height)
{
	const uint8_t *block;
	size_t		block_length;

	if (!mrw_block(data, length, MRW_SIZES, &block, &block_length) || block_length < PRD_WIDTH + 2)
		return false;
	*height = be16(block + PRD_HEIGHT);
	*width = be16(block + PRD_WIDTH);
	return *width > 0 && *height > 0;
}
