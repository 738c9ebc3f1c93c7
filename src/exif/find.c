/*
 * find.c
 *		Where the EXIF of a file is: by its format and its content, never by its name.
 */
#include "exif/find.h"

#include <string.h>

#include "container/bytes.h"
#include "container/tiff.h"
#include "exif/find_internal.h"

#define RAF_MAGIC	"FUJIFILMCCD-RAW"
#define PANASONIC_JPEG	0x002E	/* tag of the JPEG in an RW2 */

/* WebP: the chunk counts, not the flag in VP8X that announces it. */
static void
find_webp(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	size_t		at = 12;

	while (length >= 8 && at <= length - 8)
	{
		uint32_t	chunk = le32(data + at + 4);

		if (chunk > length - at - 8)
		{
			if (memcmp(data + at, "EXIF", 4) == 0)
				blocks->trouble = "file ends within the EXIF chunk";
			return;
		}
		if (memcmp(data + at, "EXIF", 4) == 0)
			exif_blocks_add(blocks, EXIF_DIR_IFD0, data + at + 8, chunk, NULL);
		at += 8 + (size_t) chunk + (chunk & 1);
	}
}

/* Fujifilm's RAF names the place of a whole JPEG in its header. */
static void
find_raf(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	uint32_t	offset,
				size;

	if (length < 0x5C)
		return;
	offset = be32(data + 0x54);
	size = be32(data + 0x58);
	if (offset > length)
	{
		blocks->trouble = "embedded JPEG lies outside the file";
		return;
	}
	if (size > length - offset)
		size = (uint32_t) (length - offset);
	exif_find_jpeg(data + offset, size, blocks);
}

/*
 * Panasonic's RW2 has a few tags of its own in its directories; the rest are
 * those of the JPEG inside.  The file's own come last: they count more.
 */
static void
find_panasonic(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	Tiff		tiff;
	TiffDir		dir;
	TiffEntry	entry;

	if (tiff_open(&tiff, data, length) && tiff.magic == TIFF_MAGIC_PANASONIC &&
		tiff_dir(&tiff, tiff.first, &dir) && tiff_find(&tiff, &dir, PANASONIC_JPEG, &entry))
		exif_find_jpeg(entry.value, entry.bytes, blocks);
}

/* TIFF, and everything that calls itself RAW. */
static void
find_tiff_or_raw(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	if (exif_has_byte_order(data, length))
	{
		find_panasonic(data, length, blocks);
		exif_blocks_add(blocks, EXIF_DIR_IFD0, data, length, NULL);
	}
	else if (length > sizeof(RAF_MAGIC) && memcmp(data, RAF_MAGIC, sizeof(RAF_MAGIC) - 1) == 0)
		find_raf(data, length, blocks);
	else if (length >= 12 && memcmp(data + 4, "ftyp", 4) == 0)
		exif_find_boxes(data, length, blocks);
}

void
exif_find(TeFormat format, const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	blocks->count = 0;
	blocks->trouble = NULL;
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
