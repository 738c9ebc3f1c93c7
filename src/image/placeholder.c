/*
 * placeholder.c
 *		Shrinks a thumbnail to the few pixels that hashes are made of.
 *
 * By plain averages: a hash keeps only the coarsest features.
 */
#include "image/hashes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BANDS 4					/* of a cell */

/* One side of a grid over pixels: which pixels a cell covers, and how much of its first and last one. */
typedef struct Side
{
	int			cells;
	int			first[IMG_SMALL_SIDE];
	int			last[IMG_SMALL_SIDE];
	double		lead[IMG_SMALL_SIDE];
	double		tail[IMG_SMALL_SIDE];	/* 0 if the cell lies within one pixel */
} Side;

static void
divide_side(int pixels, int cells, Side *side)
{
	side->cells = cells;
	for (int i = 0; i < cells; i++)
	{
		double		from = (double) i * pixels / cells;
		double		to = (double) (i + 1) * pixels / cells;

		side->first[i] = (int) from;
		side->last[i] = MIN((int) ceil(to), pixels) - 1;
		side->lead[i] = MIN(to, side->first[i] + 1) - from;
		side->tail[i] = side->last[i] > side->first[i] ? to - side->last[i] : 0;
	}
}

/* Add a row of samples to sums. */
static void
add_row(const uint8_t *restrict row, int count, float weight, float *restrict sums)
{
	for (int i = 0; i < count; i++)
		sums[i] += weight * row[i];
}

/* The same for pixels with transparency, the last of their bands, by which the others are multiplied. */
static void
add_transparent_row(const uint8_t *row, int width, int bands, float weight, float *sums)
{
	for (int x = 0; x < width; x++, row += bands, sums += bands)
	{
		for (int b = 0; b < bands - 1; b++)
			sums[b] += weight * (float) (row[b] * row[bands - 1]);
		sums[bands - 1] += weight * row[bands - 1];
	}
}

/* Average the sums of one row of cells. */
static void
average_row(const float *sums, int bands, const Side *across, double area, double *cells, int stride)
{
	for (int i = 0; i < across->cells; i++, cells += stride)
		for (int b = 0; b < bands; b++)
		{
			double		sum = across->lead[i] * sums[across->first[i] * bands + b] +
			across->tail[i] * sums[across->last[i] * bands + b];

			for (int x = across->first[i] + 1; x < across->last[i]; x++)
				sum += sums[x * bands + b];
			cells[b] = sum / area;
		}
}

bool
img_average(const ImgPixels *pixels, int columns, int rows, double *cells, int stride)
{
	bool		alpha = pixels->bands == 2 || pixels->bands == 4;
	double		area = (double) pixels->width / columns * pixels->height / rows;
	int			samples = pixels->width * pixels->bands;
	float	   *sums = malloc((size_t) samples * sizeof(float));
	Side		across;
	Side		down;

	if (!sums)
		return false;
	divide_side(pixels->width, columns, &across);
	divide_side(pixels->height, rows, &down);
	for (int row = 0; row < rows; row++, cells += (size_t) columns * stride)
	{
		memset(sums, 0, (size_t) samples * sizeof(float));
		for (int y = down.first[row]; y <= down.last[row]; y++)
		{
			const uint8_t *from = pixels->data + (size_t) y * samples;
			float		weight = (float) (y == down.first[row] ? down.lead[row] : y == down.last[row] ? down.tail[row] : 1);

			if (alpha)
				add_transparent_row(from, pixels->width, pixels->bands, weight, sums);
			else
				add_row(from, samples, weight, sums);
		}
		average_row(sums, pixels->bands, &across, area, cells, stride);
	}
	free(sums);
	return true;
}

static uint8_t
level(double value)
{
	return (uint8_t) fmax(0, fmin(255, floor(value + 0.5)));
}

/* A cell of pixels as red, green, blue and alpha. */
static void
convert_pixel(const double *cell, int bands, double *rgba)
{
	int			colours = bands < 3 ? 1 : 3;

	rgba[3] = colours < bands ? cell[colours] : 255;
	for (int b = 0; b < 3; b++)
	{
		rgba[b] = cell[colours == 1 ? 0 : b];
		if (colours < bands)
			rgba[b] = rgba[3] > 0 ? rgba[b] / rgba[3] : 0;
	}
}

/* A cell of planes: light, and the two differences of JPEG. */
static void
convert_planes(const double *cell, int planes, double *rgba)
{
	double		blue = planes == 3 ? cell[1] - 128 : 0;
	double		red = planes == 3 ? cell[2] - 128 : 0;

	rgba[0] = cell[0] + 1.402 * red;
	rgba[1] = cell[0] - 0.344136 * blue - 0.714136 * red;
	rgba[2] = cell[0] + 1.772 * blue;
	rgba[3] = 255;
}

/* Where a pixel of the picture as stored is in the one that is upright. */
static size_t
upright_place(const ImgSmall *small, int orientation, int column, int row, int columns, int rows)
{
	if (img_mirrored_x(orientation))
		column = columns - 1 - column;
	if (img_mirrored_y(orientation))
		row = rows - 1 - row;
	return orientation >= 5 ? (size_t) column * small->width + row : (size_t) row * small->width + column;
}

bool
img_small_make(const ImgPixels *pixels, int orientation, bool opaque, ImgSmall *small)
{
	int			columns,
				rows;
	double	   *cells = malloc(IMG_SMALL_SIDE * IMG_SMALL_SIDE * BANDS * sizeof(double));
	bool		ok = cells != NULL;

	img_fit((uint32_t) pixels->width, (uint32_t) pixels->height, IMG_SMALL_SIDE, &columns, &rows);
	small->width = orientation >= 5 ? rows : columns;
	small->height = orientation >= 5 ? columns : rows;
	if (pixels->chroma == 0)
		ok = ok && img_average(pixels, columns, rows, cells, BANDS);
	for (int i = 0; pixels->chroma > 0 && i < pixels->bands; i++)
	{
		ImgPixels	plane = img_plane(pixels, i);

		ok = ok && img_average(&plane, columns, rows, cells + i, BANDS);
	}
	for (int i = 0; ok && i < rows * columns; i++)
	{
		uint8_t    *out = small->rgba + 4 * upright_place(small, orientation, i % columns, i / columns, columns, rows);
		double		rgba[BANDS];

		if (pixels->chroma > 0)
			convert_planes(cells + i * BANDS, pixels->bands, rgba);
		else
			convert_pixel(cells + i * BANDS, pixels->bands, rgba);
		for (int b = 0; b < 3; b++)
			out[b] = level(opaque ? (rgba[b] * rgba[3] + 255 * (255 - rgba[3])) / 255 : rgba[b]);
		out[3] = opaque ? 255 : level(rgba[3]);
	}
	free(cells);
	return ok;
}
