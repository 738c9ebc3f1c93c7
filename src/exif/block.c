/*
 * block.c
 *		Collects the Exif blocks of one file.
 */
#include "exif/block.h"

#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"

#define EXIF_HEADER		"Exif\0\0"
#define EXIF_HEADER_LEN	6

bool
exif_has_byte_order(const uint8_t *data, size_t length)
{
	return length >= 8 && (memcmp(data, "II", 2) == 0 || memcmp(data, "MM", 2) == 0);
}

bool
exif_has_tiff_header(const uint8_t *data, size_t length)
{
	return length >= 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0);
}

void
exif_blocks_add(ExifBlocks *blocks, ExifDir dir,
				const uint8_t *data, size_t length, uint8_t *owned)
{
	if (length >= EXIF_HEADER_LEN && memcmp(data, EXIF_HEADER, EXIF_HEADER_LEN) == 0)
	{
		data += EXIF_HEADER_LEN;
		length -= EXIF_HEADER_LEN;
	}
	if (!exif_has_byte_order(data, length) || blocks->count >= EXIF_MAX_BLOCKS)
	{
		if (blocks->count == 0)
			blocks->problem = "EXIF block does not begin with a byte order";
		free(owned);
		return;
	}
	blocks->block[blocks->count++] =
		(ExifBlock) {.data = data, .length = length, .dir = dir, .owned = owned};
}

void
exif_blocks_append(ExifBlocks *blocks, const uint8_t *data, size_t length)
{
	ExifBlock  *block = &blocks->block[blocks->count - 1];
	uint8_t    *joined = NULL;

	if (length <= EXIF_MAX_JOINED - block->length)
		joined = realloc(block->owned, block->length + length);
	if (joined == NULL)
	{
		blocks->problem = "EXIF block is too large";
		return;
	}
	if (block->owned == NULL)
		memcpy(joined, block->data, block->length);
	memcpy(joined + block->length, data, length);
	block->owned = joined;
	block->data = joined;
	block->length += length;
}

void
exif_blocks_add_payload(ExifBlocks *blocks, const uint8_t *data, size_t length, uint8_t *owned)
{
	size_t		start = 4;

	/* The offset says how far behind it the block begins; some writers omit it. */
	if (exif_has_tiff_header(data, length) || (length >= 6 && memcmp(data, "Exif\0", 6) == 0))
		start = 0;
	else if (length >= 4)
	{
		uint32_t	offset = be32(data);

		if (offset > length - 4)
		{
			blocks->problem = "EXIF payload does not contain the offset it names";
			free(owned);
			return;
		}
		start = 4 + (size_t) offset;
		if (!exif_has_tiff_header(data + start, length - start) &&
			length > 10 && exif_has_tiff_header(data + 10, length - 10))
			start = 10;
	}
	if (start > length)
		start = length;
	exif_blocks_add(blocks, EXIF_DIR_IFD0, data + start, length - start, owned);
}

void
exif_blocks_free(ExifBlocks *blocks)
{
	for (int i = 0; i < blocks->count; i++)
		free(blocks->block[i].owned);
	blocks->count = 0;
}
