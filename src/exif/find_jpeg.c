/*
 * find_jpeg.c
 *		Finds Exif and XMP in the APP1 segments of a JPEG, and IPTC in its APP13 segments.
 */
#include <string.h>
#include <strings.h>

#include "container/jpeg.h"
#include "exif/find_internal.h"

#define EXIF_HEADER_LEN	6

/*
 * An APP1 segment with Exif.  Some cameras write up to four bytes of garbage before
 * "Exif", letters in another case, or only one NUL after it.  A segment that has the
 * header but no TIFF structure continues the previous one.
 */
static void
read_exif(const uint8_t *segment, size_t length, ExifBlocks *blocks)
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

static void
read_segment(const JpegSegment *segment, ExifBlocks *blocks)
{
	if (segment->marker == JPEG_APP13)
		exif_packets_app13(blocks->packets, segment->data, segment->length);
	else if (!exif_packets_app1(blocks->packets, segment->data, segment->length))
		read_exif(segment->data, segment->length, blocks);
}

/*
 * The segments before the image data.  If the file ends right after one, a
 * transfer was interrupted, and it is not read.
 */
void
exif_find_jpeg(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	const uint8_t *end = data + length;
	const uint8_t *at;
	JpegSegment segment,
				held = {0};		/* a segment that is read if another one follows */

	if (length < 4 || data[0] != 0xFF || data[1] != JPEG_SOI)
		return;
	at = data + 2;
	while (jpeg_next(&at, end, &segment) == JPEG_FOUND)
	{
		if (held.data != NULL)
			read_segment(&held, blocks);
		if (segment.marker == JPEG_SOS || segment.marker == JPEG_EOI)
		{
			exif_packets_photoshop(blocks->packets);
			return;
		}
		held = segment;
		if (segment.marker != JPEG_APP1 && segment.marker != JPEG_APP13)
			held.data = NULL;
	}
	exif_packets_photoshop(blocks->packets);
	if (blocks->count == 0 &&
		((held.data != NULL && held.marker == JPEG_APP1) || (end - at >= 2 && at[0] == 0xFF && at[1] == JPEG_APP1)))
		blocks->problem = "file ends within its first segments";
}
