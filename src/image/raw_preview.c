/*
 * raw_preview.c
 *		Collects the JPEG previews of a RAW file.
 */
#include "image/raw.h"

#include <string.h>

#include "container/jpeg.h"

/*
 * Where no directory names a preview: how far into a file to search for one, how many
 * beginnings to try, and how far from there the frame header may be.
 */
#define SEARCH_BYTES (8 * 1024 * 1024)
#define SEARCH_TRIES 400
#define SEARCH_HEADER (256 * 1024)

/* Baseline, extended or progressive; 8 bits; grey or colour.  Sensor data are lossless JPEG. */
static bool
is_viewable(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height)
{
	JpegFrame	frame;

	if (jpeg_find_frame(data, length, &frame) != JPEG_FOUND ||
		frame.marker > 0xC2 || frame.precision != 8 || (frame.components != 1 && frame.components != 3))
		return false;
	*height = frame.height;
	*width = frame.width;
	return *width > 0 && *height > 0;
}

void
img_raw_add_preview(ImgRaw *raw, const uint8_t *data, size_t length)
{
	ImgPreview *preview = &raw->previews[raw->count];

	if (raw->count == RAW_MAX_PREVIEWS || length < 4 || memcmp(data, "\xFF\xD8\xFF", 3) != 0)
		return;
	for (int i = 0; i < raw->count; i++)
		if (raw->previews[i].file.data == data)
			return;
	preview->file = (ImgFile) {TE_FORMAT_JPEG, data, length};
	if (is_viewable(data, length, &preview->width, &preview->height))
		raw->count++;
}

void
img_raw_search_previews(ImgRaw *raw, const ImgFile *file)
{
	const uint8_t *end = file->data + MIN(file->length, SEARCH_BYTES);
	const uint8_t *at = file->data;

	for (int i = 0; i < SEARCH_TRIES && (at = memmem(at, end - at, "\xFF\xD8\xFF", 3)) != NULL; i++, at += 3)
	{
		size_t		rest = file->data + file->length - at;
		uint32_t	width,
					height;

		if (is_viewable(at, MIN(rest, SEARCH_HEADER), &width, &height))
			img_raw_add_preview(raw, at, rest);
	}
}
