/*
 * truncated.c
 *		Tells a truncated file from a corrupt one, after decoding has failed.
 */
#include "image/internal.h"

#include "container/box.h"
#include "container/bytes.h"
#include "container/jp2.h"
#include "container/png.h"
#include "container/tiff.h"

#define TAG_TILE_OFFSETS	0x0144
#define TAG_TILE_COUNTS		0x0145

static bool
png_is_truncated(const ImgFile *file)
{
	size_t		at = PNG_FIRST_CHUNK;
	PngChunk	chunk;
	PngOutcome	outcome;

	do
		outcome = png_next(file->data, file->length, &at, &chunk);
	while (outcome == PNG_CHUNK);
	return outcome == PNG_TRUNCATED;
}

/* ISO media and the JPEG XL container: boxes up to the end and no farther. */
static bool
boxes_are_truncated(const ImgFile *file)
{
	Box			rest = {.data = file->data, .length = file->length};
	Box			box;

	while (rest.length >= 8)
	{
		if (!box_next(&rest, &box))
			return false;		/* corrupt */
		if (box.truncated)
			return true;
	}
	return rest.length > 0;
}

/* Do strips or tiles lie beyond the end of the file? */
static bool
pixels_are_truncated(const Tiff *tiff, const TiffDir *dir, uint16_t offsets_tag, uint16_t counts_tag)
{
	TiffEntry	offsets,
				counts;

	if (!tiff_find(tiff, dir, offsets_tag, &offsets) || !tiff_find(tiff, dir, counts_tag, &counts))
		return false;
	for (uint64_t i = 0; i < offsets.count; i++)
	{
		uint64_t	offset,
					count;

		if (tiff_uint(tiff, &offsets, i, &offset) && tiff_uint(tiff, &counts, i, &count) &&
			(offset > tiff->length || count > tiff->length - offset))
			return true;
	}
	return false;
}

/* The first directory, its values and its pixels. */
static bool
tiff_is_truncated(const ImgFile *file)
{
	Tiff		tiff;
	TiffDir		dir;
	TiffEntry	entry;

	if (!tiff_open(&tiff, file->data, file->length))
		return file->length < 8;
	if (!tiff_dir(&tiff, tiff.first, &dir))
		return tiff.first >= file->length;
	for (uint32_t i = 0; i < dir.count; i++)
		if (tiff_entry(&tiff, &dir, i, &entry) == TIFF_BAD_VALUE)
			return true;
	return dir.truncated ||
		pixels_are_truncated(&tiff, &dir, TIFF_TAG_STRIP_OFFSETS, TIFF_TAG_STRIP_COUNTS) ||
		pixels_are_truncated(&tiff, &dir, TAG_TILE_OFFSETS, TAG_TILE_COUNTS);
}

bool
img_is_truncated(const ImgFile *file)
{
	switch (file->format)
	{
		case TE_FORMAT_PNG:
			return png_is_truncated(file);
		case TE_FORMAT_WEBP:
			return file->length < 12 || le32(file->data + 4) > file->length - 8;
		case TE_FORMAT_GIF:
			return file->data[file->length - 1] != ';';
		case TE_FORMAT_TIFF:
			return tiff_is_truncated(file);
		case TE_FORMAT_HEIC:
		case TE_FORMAT_AVIF:
			return boxes_are_truncated(file);
		case TE_FORMAT_JXL:
			return file->data[0] == 0 && boxes_are_truncated(file);
		case TE_FORMAT_JP2:
			return jp2_is_truncated(file->data, file->length);
		default:
			return false;
	}
}
