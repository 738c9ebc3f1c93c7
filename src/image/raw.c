/*
 * raw.c
 *		Reads the size of a RAW file and chooses the preview to make the thumbnail of.
 *		The sensor's data are not developed.
 */
#include "image/raw.h"

#include <stdlib.h>
#include <string.h>

#include "container/ciff.h"
#include "container/mrw.h"
#include "container/raw_jpeg.h"
#include "container/x3f.h"

/* A preview whose aspect differs by more percent has bars or is cropped. */
#define SAME_SHAPE 6

void
img_raw_read(const ImgFile *file, ImgRaw *raw)
{
	memset(raw, 0, sizeof(*raw));
	if (raf_is(file->data, file->length))
		img_raw_read_raf(file, raw);
	else if (file->length > 8 && memcmp(file->data + 4, "ftyp", 4) == 0)
		img_raw_read_canon(file, raw);
	else if (ciff_is(file->data, file->length))
		img_raw_read_crw(file, raw);
	else if (mrw_is(file->data, file->length))
		img_raw_read_mrw(file, raw);
	else if (x3f_is(file->data, file->length))
		img_raw_read_x3f(file, raw);
	else
		img_raw_read_tiff(file, raw);
}

void
img_raw_free(ImgRaw *raw)
{
	free(raw->repaired);
	raw->repaired = NULL;
}

/* Is it large enough, and of the whole picture? */
static bool
suffices(const ImgRaw *raw, const ImgPreview *preview, uint32_t side)
{
	uint64_t	ours = (uint64_t) preview->width * raw->height;
	uint64_t	full = (uint64_t) preview->height * raw->width;

	return MAX(preview->width, preview->height) >= MIN(side, MAX(raw->width, raw->height)) &&
		(ours > full ? ours - full : full - ours) * 100 <= MAX(ours, full) * SAME_SHAPE;
}

const ImgPreview *
img_raw_choose(const ImgFile *file, ImgRaw *raw, uint32_t side)
{
	for (int pass = 0; pass < 2; pass++)
	{
		const ImgPreview *best = NULL;
		const ImgPreview *largest = NULL;

		for (int i = 0; i < raw->count; i++)
		{
			const ImgPreview *preview = &raw->previews[i];
			uint64_t	pixels = (uint64_t) preview->width * preview->height;

			if (suffices(raw, preview, side) &&
				(!best || pixels < (uint64_t) best->width * best->height))
				best = preview;
			if (!largest || pixels > (uint64_t) largest->width * largest->height)
				largest = preview;
		}
		if (best || pass == 1)
			return best ? best : largest;
		img_raw_search_previews(raw, file);
	}
	return NULL;
}
