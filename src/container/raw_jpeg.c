/*
 * raw_jpeg.c
 *		Finds the embedded JPEG of Fujifilm's RAF and Panasonic's RW2, and the size of a RAF.
 */
#include "container/raw_jpeg.h"

#include <string.h>

#include "container/bytes.h"

/* RAF: numbers are big-endian. */
#define RAF_MAGIC			"FUJIFILMCCD-RAW"
#define RAF_MAGIC_LEN		15
#define RAF_JPEG			0x54	/* offset and length of the JPEG */
#define RAF_DIRECTORY		0x5C	/* offset of records of tag, length, data */
#define RAF_MAX_RECORDS		1000
#define RAF_FULL_SIZE		0x0100	/* height, width */
#define RAF_CROPPED_SIZE	0x0111

#define RW2_JPEG			0x002E

bool
raf_is(const uint8_t *data, size_t length)
{
	return length >= RAF_HEADER && memcmp(data, RAF_MAGIC, RAF_MAGIC_LEN) == 0;
}

bool
raf_jpeg(const uint8_t *data, size_t length, const uint8_t **jpeg, size_t *jpeg_length)
{
	uint32_t	offset = be32(data + RAF_JPEG);
	uint32_t	size = be32(data + RAF_JPEG + 4);

	if (offset > length)
		return false;
	*jpeg = data + offset;
	*jpeg_length = size < length - offset ? size : length - offset;
	return true;
}

bool
raf_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height)
{
	uint64_t	at = be32(data + RAF_DIRECTORY);
	uint32_t	records;
	uint32_t	found = 0;		/* the tag that gave the size */

	if (at + 4 > length)
		return false;
	records = be32(data + at);
	at += 4;
	for (uint32_t i = 0; i < records && i < RAF_MAX_RECORDS && at + 4 <= length; i++)
	{
		uint32_t	tag = be16(data + at);
		uint32_t	bytes = be16(data + at + 2);

		at += 4;
		if (at + bytes > length)
			break;
		if (bytes >= 4 &&
			(tag == RAF_CROPPED_SIZE || (tag == RAF_FULL_SIZE && found != RAF_CROPPED_SIZE)))
		{
			*height = be16(data + at);
			*width = be16(data + at + 2);
			found = tag;
		}
		at += bytes;
	}
	return found != 0;
}

bool
rw2_jpeg(const Tiff *tiff, const TiffDir *dir, const uint8_t **jpeg, size_t *jpeg_length)
{
	TiffEntry	entry;

	if (tiff->magic != TIFF_MAGIC_PANASONIC || !tiff_find(tiff, dir, RW2_JPEG, &entry))
		return false;
	*jpeg = entry.value;
	*jpeg_length = entry.bytes;
	return true;
}
