/*
 * raw_older.c
 *		Reads size and previews of RAW files of their own structure: Canon's CRW, Minolta's MRW, Sigma's X3F.
 */
#include "image/raw.h"

#include <stdlib.h>
#include <string.h>

#include "container/ciff.h"
#include "container/mrw.h"
#include "container/tiff.h"
#include "container/x3f.h"

#define MAX_SIDE			(UINT16_MAX * 4)	/* largest plausible side of a picture in pixels */

/* Tags of Minolta's maker note. */
#define TAG_MAKER_NOTE		0x927C
#define MINOLTA_PREVIEW		0x0081
#define MINOLTA_OFFSET		0x0088
#define MINOLTA_LENGTH		0x0089

void
img_raw_read_crw(const ImgFile *file, ImgRaw *raw)
{
	static const uint16_t previews[] = {CIFF_JPEG, CIFF_THUMBNAIL};
	Ciff		ciff;
	CiffValue	value;
	uint32_t	width,
				height;

	raw->truncated = !ciff_open(&ciff, file->data, file->length);
	if (raw->truncated)
		return;
	for (size_t i = 0; i < sizeof(previews) / sizeof(previews[0]); i++)
		if (ciff_find(&ciff, previews[i], &value))
			img_raw_add_preview(raw, value.data, value.length);
	if (ciff_find(&ciff, CIFF_IMAGE, &value) &&
		ciff_long(&ciff, &value, 0, &width) && ciff_long(&ciff, &value, 1, &height) &&
		width <= MAX_SIDE && height <= MAX_SIDE)
	{
		raw->width = width;
		raw->height = height;
	}
}

/*
 * A preview of Minolta's, whose first byte is not a JPEG's.  The files are mapped read-only, so the
 * copy is what gets it right.
 */
static void
add_repaired(ImgRaw *raw, const uint8_t *data, size_t length)
{
	if (length < 4 || memcmp(data + 1, "\xD8\xFF", 2) != 0)
		return;
	if (data[0] == 0xFF)
	{
		img_raw_add_preview(raw, data, length);
		return;
	}
	if (raw->repaired || (raw->repaired = malloc(length)) == NULL)
		return;
	memcpy(raw->repaired, data, length);
	raw->repaired[0] = 0xFF;
	img_raw_add_preview(raw, raw->repaired, length);
}

/* The maker note of a TIFF structure. */
static bool
find_note(Tiff *tiff, TiffDir *dir)
{
	TiffEntry	entry;

	return tiff_dir(tiff, tiff->first, dir) &&
		tiff_dir(tiff, tiff_find_uint(tiff, dir, TIFF_TAG_EXIF, 0), dir) &&
		tiff_find(tiff, dir, TAG_MAKER_NOTE, &entry) &&
		tiff_dir(tiff, (uint64_t) (entry.value - tiff->data), dir);
}

/* The previews that the maker note in the TIFF structure names. */
static void
add_minolta_previews(const ImgFile *file, const uint8_t *block, size_t block_length, ImgRaw *raw)
{
	size_t		rest = (size_t) (file->data + file->length - block);
	Tiff		tiff;
	TiffDir		dir;
	TiffEntry	entry;
	uint64_t	offset,
				length;

	if (!tiff_open(&tiff, block, block_length) || !find_note(&tiff, &dir))
		return;
	if (tiff_find(&tiff, &dir, MINOLTA_PREVIEW, &entry))
		add_repaired(raw, entry.value, entry.bytes);
	offset = tiff_find_uint(&tiff, &dir, MINOLTA_OFFSET, UINT64_MAX);
	length = tiff_find_uint(&tiff, &dir, MINOLTA_LENGTH, 0);

	/* It may lie behind the TIFF structure, but not behind the end of the file. */
	if (offset < rest)
		add_repaired(raw, block + offset, length < rest - offset ? (size_t) length : rest - (size_t) offset);
}

void
img_raw_read_mrw(const ImgFile *file, ImgRaw *raw)
{
	const uint8_t *block;
	size_t		block_length;

	if (mrw_block(file->data, file->length, MRW_TIFF, &block, &block_length))
	{
		const ImgFile directories = {TE_FORMAT_RAW, block, block_length};

		img_raw_read_tiff(&directories, raw);
		add_minolta_previews(file, block, block_length, raw);
	}
	mrw_size(file->data, file->length, &raw->width, &raw->height);
}

void
img_raw_read_x3f(const ImgFile *file, ImgRaw *raw)
{
	X3f			x3f;
	X3fSection	section;
	const uint8_t *jpeg;
	size_t		jpeg_length;

	raw->truncated = !x3f_open(&x3f, file->data, file->length);
	raw->width = x3f.width;
	raw->height = x3f.height;
	for (uint32_t i = 0; i < x3f.count; i++)
	{
		X3fImage	kind = x3f_section(&x3f, i, &section) ? x3f_image(&section, &jpeg, &jpeg_length) : X3F_NO_PREVIEW;

		if (kind == X3F_JPEG)
			img_raw_add_preview(raw, jpeg, jpeg_length);
		raw->other_preview |= kind == X3F_OTHER_PREVIEW;
	}
}
