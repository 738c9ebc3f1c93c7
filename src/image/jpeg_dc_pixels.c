/*
 * jpeg_dc_pixels.c
 *		Makes pixels of the DC coefficients of a JPEG's blocks, as libjpeg does at scale 1/8.
 */
#include "image/jpeg_dc.h"

#include <stdlib.h>

#define CENTRE	128				/* CENTERJSAMPLE */

static inline int
clamp(int value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* One row of a component's samples, each as often as the picture needs it. */
static void
samples(const DcPlane *plane, int quant, size_t y, uint8_t *row, size_t width)
{
	const int16_t *blocks = plane->blocks + y / plane->shrink_y * plane->stride;
	size_t		shrink = plane->shrink_x;

	for (size_t x = 0; x < width; x += shrink)
	{
		/* libjpeg's jpeg_idct_1x1(), which takes ten bits of what it gets */
		int			value = (*blocks++ * quant + 4) >> 3;
		uint8_t		sample = (uint8_t) clamp(((value + 512) & 1023) - 512 + CENTRE);

		for (size_t i = 0; i < shrink && x + i < width; i++)
			row[x + i] = sample;
	}
}

/* libjpeg's numbers */
static void
convert_rgb(const uint8_t *const rows[], uint8_t *pixels, size_t width, int bands, bool inverse)
{
	for (size_t x = 0; x < width; x++, pixels += bands)
	{
		int			light = rows[0][x];
		int			blue = rows[1][x] - CENTRE;
		int			red = rows[2][x] - CENTRE;

		pixels[0] = (uint8_t) clamp(light + ((91881 * red + 32768) >> 16));
		pixels[1] = (uint8_t) clamp(light + ((-22554 * blue - 46802 * red + 32768) >> 16));
		pixels[2] = (uint8_t) clamp(light + ((116130 * blue + 32768) >> 16));
		if (inverse)
			for (int i = 0; i < 3; i++)
				pixels[i] = (uint8_t) (255 - pixels[i]);
	}
}

uint8_t *
img_dc_pixels(j_decompress_ptr cinfo, const DcPicture *picture)
{
	size_t		width = (cinfo->image_width + 7) / 8;
	size_t		height = (cinfo->image_height + 7) / 8;
	int			bands = picture->count;
	uint8_t    *pixels = malloc(width * height * bands + width * bands);
	uint8_t    *buffer = pixels + width * height * bands;
	const uint8_t *const rows[] = {buffer, buffer + width, buffer + 2 * width, buffer + 3 * width};

	if (!pixels)
		return NULL;
	for (size_t y = 0; y < height; y++)
	{
		uint8_t    *row = pixels + y * width * bands;
		bool		light = cinfo->jpeg_color_space == JCS_YCbCr || cinfo->jpeg_color_space == JCS_YCCK;

		for (int i = 0; i < bands; i++)
			samples(&picture->planes[i], cinfo->quant_tbl_ptrs[cinfo->comp_info[i].quant_tbl_no]->quantval[0],
					y, buffer + i * width, width);
		if (light)
			convert_rgb(rows, row, width, bands, bands == 4);
		for (int i = light ? 3 : 0; i < bands; i++)
			for (size_t x = 0; x < width; x++)
				row[x * bands + i] = rows[i][x];
	}
	return pixels;
}
