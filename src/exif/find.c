/*
 * find.c
 *		Finds Exif, XMP and IPTC of a file by its format and content, never by its name.
 */
#include "exif/find.h"

#include <string.h>

#include "container/raw_jpeg.h"
#include "container/riff.h"
#include "container/tiff.h"
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

static void
find_raf(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	const uint8_t *jpeg;
	size_t		jpeg_length;

	if (raf_jpeg(data, length, &jpeg, &jpeg_length))
		exif_find_jpeg(jpeg, jpeg_length, blocks);
	else
		blocks->problem = "embedded JPEG lies outside the file";
}

/*
 * Panasonic's RW2 has a few tags of its own in its directories; the rest are
 * those of the JPEG inside.  The file's own come last and override them.
 */
static void
find_panasonic(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	Tiff		tiff;
	TiffDir		dir;
	const uint8_t *jpeg;
	size_t		jpeg_length;

	if (tiff_open(&tiff, data, length) && tiff_dir(&tiff, tiff.first, &dir) &&
		rw2_jpeg(&tiff, &dir, &jpeg, &jpeg_length))
		exif_find_jpeg(jpeg, jpeg_length, blocks);
}

/* TIFF and all kinds of RAW. */
static void
find_tiff_or_raw(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	if (exif_has_byte_order(data, length))
	{
		find_panasonic(data, length, blocks);
		exif_blocks_add(blocks, EXIF_DIR_IFD0, data, length, NULL);
	}
	else if (raf_is(data, length))
		find_raf(data, length, blocks);
	else if (length >= 12 && memcmp(data + 4, "ftyp", 4) == 0)
		exif_find_boxes(data, length, blocks);
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
			exif_find_boxes(data, length, blocks);
			break;
		case TE_FORMAT_TIFF:
		case TE_FORMAT_RAW:
			find_tiff_or_raw(data, length, blocks);
			break;
		case TE_FORMAT_UNKNOWN:
		case TE_FORMAT_GIF:
		case TE_FORMAT_BMP:
			break;
	}
}
