/*
 * find_jpeg.c
 *		The Exif blocks in the APP1 segments of a JPEG.
 */
#include <string.h>
#include <strings.h>

#include "exif/find_internal.h"

#define EXIF_HEADER_LEN	6

#define JPEG_SOS	0xDA
#define JPEG_EOI	0xD9
#define JPEG_APP1	0xE1

/*
 * One APP1 segment.  Some cameras write garbage of up to four bytes before
 * "Exif", other letters, or one NUL only behind it.  A segment that has the
 * header but no TIFF structure continues the one before.
 */
static void
jpeg_app1(const uint8_t *segment, size_t length, ExifBlocks *blocks)
{
	for (size_t garbage = 0; garbage <= 4; garbage++)
	{
		const uint8_t *block;

		if (length < garbage + EXIF_HEADER_LEN)
			return;
		if (strncasecmp((const char *) segment + garbage, "Exif", 4) != 0 ||
			segment[garbage + 4] != '\0')
			continue;

		block = segment + garbage + EXIF_HEADER_LEN;
		length -= garbage + EXIF_HEADER_LEN;
		if (blocks->count > 0 && !exif_has_tiff_header(block, length))
			exif_blocks_append(blocks, block, length);
		else
			exif_blocks_add(blocks, EXIF_DIR_IFD0, block, length, NULL);
		return;
	}
}

/*
 * The next segment of a JPEG, and where to go on behind it.  A marker without a length has a
 * segment of no bytes.  NULL at the end, and where the file ends within the segment.
 */
static const uint8_t *
jpeg_segment(const uint8_t *at, const uint8_t *end, uint8_t *marker, size_t *length)
{
	/* Anything may lie between segments; markers may be padded with more 0xFF. */
	at = at < end ? memchr(at, 0xFF, (size_t) (end - at)) : NULL;
	while (at != NULL && at < end && *at == 0xFF)
		at++;
	if (at == NULL || at >= end)
		return NULL;
	*marker = *at++;
	*length = 0;
	if (*marker == 0x00 || *marker == 0x01 || (*marker >= 0xD0 && *marker <= JPEG_EOI))
		return at;
	if (end - at < 2)
		return NULL;
	*length = (size_t) at[0] << 8 | at[1];
	if (*length < 2 || (size_t) (end - at) < *length)
		return NULL;
	*length -= 2;
	return at + 2;
}

/*
 * The EXIF segments before the picture.  What is last in the file, with not a whole segment
 * behind it, is what a broken transfer left, and not read.
 */
void
exif_find_jpeg(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	const uint8_t *end = data + length;
	const uint8_t *last = NULL;		/* APP1 segment to be read if another follows */
	size_t		last_length = 0;
	const uint8_t *at;

	if (length < 4 || data[0] != 0xFF || data[1] != 0xD8)
		return;
	for (at = data + 2;;)
	{
		uint8_t		marker;
		size_t		segment;
		const uint8_t *next = jpeg_segment(at, end, &marker, &segment);

		if (next == NULL)
			break;
		if (last != NULL)
			jpeg_app1(last, last_length, blocks);
		if (marker == JPEG_SOS || marker == JPEG_EOI)
			return;
		last = marker == JPEG_APP1 ? next : NULL;
		last_length = segment;
		at = next + segment;
	}
	if (blocks->count == 0 &&
		(last != NULL || (end - at >= 2 && at[0] == 0xFF && at[1] == JPEG_APP1)))
		blocks->trouble = "file ends within its first segments";
}
