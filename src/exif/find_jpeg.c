/*
 * find_jpeg.c
 *		Finds the Exif blocks in the APP1 segments of a JPEG.
 */
#include <string.h>
#include <strings.h>

#include "container/jpeg.h"
#include "exif/find_internal.h"

#define EXIF_HEADER_LEN	6

/*
 * One APP1 segment.  Some cameras write up to four bytes of garbage before
 * "Exif", letters in another case, or only one NUL after it.  A segment that has the
 * header but no TIFF structure continues the previous one.
 */
static void
read_app1(const uint8_t *segment, size_t length, ExifBlocks *blocks)
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
 * The EXIF segments before the image data.  If the file ends right after one, a
 * transfer was interrupted, and it is not read.
 */
void
exif_find_jpeg(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	const uint8_t *end = data + length;
	const uint8_t *at;
	JpegSegment segment,
				held = {0};		/* an APP1 segment that is read if another segment follows */

	if (length < 4 || data[0] != 0xFF || data[1] != JPEG_SOI)
		return;
	at = data + 2;
	while (jpeg_next(&at, end, &segment) == JPEG_FOUND)
	{
		if (held.data != NULL)
			read_app1(held.data, held.length, blocks);
		if (segment.marker == JPEG_SOS || segment.marker == JPEG_EOI)
			return;
		held = segment;
		if (segment.marker != JPEG_APP1)
			held.data = NULL;
	}
	if (blocks->count == 0 &&
		(held.data != NULL || (end - at >= 2 && at[0] == 0xFF && at[1] == JPEG_APP1)))
		blocks->problem = "file ends within its first segments";
}
