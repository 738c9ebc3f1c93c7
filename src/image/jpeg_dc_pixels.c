/*
 * jpeg_dc_pixels.c
 *		Makes pixels of the DC coefficients of a JPEG's blocks, as libjpeg does at scale 1/8.
 *
 * Each loop makes one row of numbers of another, and becomes vector code (Makefile).
 */
#include "image/jpeg_dc.h"

#include <stdlib.h>

#define CENTRE	128				/* CENTERJSAMPLE */
#define HALF	(1 << 15)
#define COLOURS	3

/* A row of the picture in the making: of samples, and of what chroma adds to red, green and blue. */
typedef struct Rows
{
	size_t		width;			/* of the picture */
	int16_t    *samples[MAX_COMPS_IN_SCAN];
	int16_t    *narrow[COLOURS];	/* for each sample of chroma */
	int16_t    *wide[COLOURS];	/* for each pixel */
	int16_t    *colours[COLOURS];
	int16_t    *memory;
} Rows;

static inline int16_t
clamp(int16_t value)
{
	value = value < 0 ? 0 : value;
	return value > 255 ? 255 : value;
}

/* libjpeg's jpeg_idct_1x1(), which takes ten bits of what it gets: 16 bits are enough for the product. */
static void
make_samples(const int16_t *restrict blocks, uint16_t quant, size_t count, int16_t *restrict samples)
{
	for (size_t x = 0; x < count; x++)
	{
		uint16_t	product = (uint16_t) ((uint16_t) blocks[x] * quant + 4 + (512 << 3));

		samples[x] = clamp((int16_t) ((product >> 3 & 1023) - 512 + CENTRE));
	}
}

/* libjpeg's numbers. */
static void
make_colours(size_t count, const int16_t *restrict cb, const int16_t *restrict cr,
			 int16_t *restrict red, int16_t *restrict green, int16_t *restrict blue)
{
	for (size_t x = 0; x < count; x++)
	{
		int			b = cb[x] - CENTRE;
		int			r = cr[x] - CENTRE;

		red[x] = (int16_t) ((91881 * r + HALF) >> 16);
		green[x] = (int16_t) ((-22554 * b - 46802 * r + HALF) >> 16);
		blue[x] = (int16_t) ((116130 * b + HALF) >> 16);
	}
}

/* Each number several times. */
static void
widen(const int16_t *restrict narrow, size_t count, size_t times, int16_t *restrict wide)
{
	if (times == 2)
		for (size_t x = 0; x < count; x++)
			wide[2 * x] = wide[2 * x + 1] = narrow[x];
	else
		for (size_t x = 0; x < count; x++)
			for (size_t i = 0; i < times; i++)
				wide[times * x + i] = narrow[x];
}

static void
add(const int16_t *restrict light, const int16_t *restrict more, size_t count, bool inverse, int16_t *restrict colour)
{
	const int16_t flip = inverse ? 255 : 0;

	for (size_t x = 0; x < count; x++)
		colour[x] = (int16_t) (clamp((int16_t) (light[x] + more[x])) ^ flip);
}

static void
store(const int16_t *restrict samples, size_t count, int bands, uint8_t *restrict pixels)
{
	for (size_t x = 0; x < count; x++)
		pixels[x * bands] = (uint8_t) samples[x];
}

static bool
make_rows(j_decompress_ptr cinfo, const DcPicture *picture, Rows *rows)
{
	size_t		length = (size_t) cinfo->image_width / 8 + 8;	/* of the widest row, with what widen() adds */

	rows->width = ((size_t) cinfo->image_width + 7) / 8;
	rows->memory = calloc((picture->count + 3 * COLOURS) * length, sizeof(int16_t));
	if (!rows->memory)
		return false;
	for (int i = 0; i < picture->count; i++)
		rows->samples[i] = rows->memory + i * length;
	for (int i = 0; i < COLOURS; i++)
	{
		rows->narrow[i] = rows->memory + (picture->count + i) * length;
		rows->wide[i] = rows->narrow[i] + COLOURS * length;
		rows->colours[i] = rows->wide[i] + COLOURS * length;
	}
	return true;
}

/* Red, green and blue (or what CMYK has instead) from light and chroma. */
static void
convert(const DcPicture *picture, size_t y, Rows *rows)
{
	const DcPlane *chroma = &picture->planes[1];
	int16_t   **more = chroma->shrink_x > 1 ? rows->wide : rows->narrow;

	if (y % (size_t) chroma->shrink_y == 0)
	{
		make_colours((size_t) chroma->columns, rows->samples[1], rows->samples[2], rows->narrow[0], rows->narrow[1], rows->narrow[2]);
		for (int i = 0; i < COLOURS && chroma->shrink_x > 1; i++)
			widen(rows->narrow[i], (size_t) chroma->columns, (size_t) chroma->shrink_x, rows->wide[i]);
	}
	for (int i = 0; i < COLOURS; i++)
		add(rows->samples[0], more[i], rows->width, picture->count > COLOURS, rows->colours[i]);
}

uint8_t *
img_dc_pixels(j_decompress_ptr cinfo, const DcPicture *picture)
{
	size_t		height = ((size_t) cinfo->image_height + 7) / 8;
	bool		is_ycc = cinfo->jpeg_color_space == JCS_YCbCr || cinfo->jpeg_color_space == JCS_YCCK;
	Rows		rows;
	uint8_t    *pixels;

	if (!make_rows(cinfo, picture, &rows))
		return NULL;
	pixels = malloc(rows.width * height * picture->count);
	if (!pixels)
	{
		free(rows.memory);
		return NULL;
	}
	for (size_t y = 0; y < height; y++)
	{
		for (int i = 0; i < picture->count; i++)
		{
			const DcPlane *plane = &picture->planes[i];

			if (y % (size_t) plane->shrink_y == 0)
				make_samples(plane->blocks + y / plane->shrink_y * plane->stride,
							 cinfo->quant_tbl_ptrs[cinfo->comp_info[i].quant_tbl_no]->quantval[0],
							 (size_t) plane->columns, rows.samples[i]);
		}
		if (is_ycc)
			convert(picture, y, &rows);
		for (int i = 0; i < picture->count; i++)
			store(is_ycc && i < COLOURS ? rows.colours[i] : rows.samples[i], rows.width, picture->count, pixels + y * rows.width * picture->count + i);
	}
	free(rows.memory);
	return pixels;
}
