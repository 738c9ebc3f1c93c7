/*
 * find.c
 *		Finds Exif, XMP and IPTC of a file by its format and content, never by its name.
 */
#include "exif/find.h"

#include <string.h>

#include "container/riff.h"
#include "exif/find_internal.h"

/* WebP: read the chunks whether or not the flags in VP8X announce them. */
static void
find_webp(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	size_t		at = RIFF_FIRST_CHUNK;
	RiffChunk	chunk;

	while (riff_next(data, length, &at, &chunk))
	{
		if (memcmp(chunk.type, "XMP ", 4) == 0 && !chunk.truncated)
			exif_packets_xmp(blocks->packets, chunk.data, chunk.length, NULL);
		if (memcmp(chunk.type, "EXIF", 4) != 0)
			continue;
		if (chunk.truncated)
			blocks->problem = "file ends within the EXIF chunk";
		else
			exif_blocks_add(blocks, EXIF_DIR_IFD0, chunk.data, chunk.length, NULL);
	}
}

void
exif_find(TeFormat format, const uint8_t *data, size_t length, ExifBlocks *blocks, ExifPackets *packets)
{
	blocks->count = 0;
	blocks->problem = NULL;
	blocks->unpacked = 0;
	blocks->packets = packets;
	if (packets != NULL)
		packets->xmp_count = packets->iptc_count = packets->extended_count = packets->photoshop_count = 0;
	switch (format)
	{
		case TE_FORMAT_JPEG:
			exif_find_jpeg(data, length, blocks);
			break;
		case TE_FORMAT_PNG:
			exif_find_png(data, length, blocks);
			break;
		case TE_FORMAT_WEBP:
			find_webp(data, length, blocks);
			break;
		case TE_FORMAT_HEIC:
		case TE_FORMAT_AVIF:
		case TE_FORMAT_JXL:
		case TE_FORMAT_JP2:
			exif_find_boxes(data, length, blocks);
			break;
		case TE_FORMAT_TIFF:
		case TE_FORMAT_RAW:
			exif_find_raw(data, length, blocks);
			break;
		case TE_FORMAT_UNKNOWN:
		case TE_FORMAT_GIF:
		case TE_FORMAT_BMP:
		case TE_FORMAT_PNM:
			break;
	}
}
