/*
 * picture_hash.c
 *		Makes a perceptual hash: pictures that look alike differ in few of its bits.
 *
 * The picture, whatever its aspect, becomes 32 x 32 averages of light.  Of their cosine transform the 8 x 8 lowest
 * frequencies count: a bit tells whether one is above their median.  That survives another size, format or quality, and
 * small changes of light and colour; it does not survive turning, mirroring or cutting.  The bit of the average
 * is 0, so that the hash as a bigint is not negative.
 */
#include "image/hashes.h"

#include <math.h>
#include <stdlib.h>

#define SIDE		32
#define WAVES		8
#define BITS		(WAVES * WAVES)
#define LEAST		0.5			/* grey levels that the strongest frequency must have */

/* The light of each pixel, on white. */
static void
fill_light(const ImgSmall *small, uint8_t *light)
{
	const uint8_t *pixel = small->rgba;

	for (int i = 0; i < small->width * small->height; i++, pixel += 4)
	{
		int			value = 299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2];

		light[i] = (uint8_t) (((value + 500) / 1000 * pixel[3] + 255 * (255 - pixel[3])) / 255);
	}
}

static int
compare_numbers(const void *a, const void *b)
{
	double		left = *(const double *) a;
	double		right = *(const double *) b;

	return (left > right) - (left < right);
}

/* The lowest frequencies, the average first, as amplitudes in grey levels. */
static void
transform(const double *light, double *frequency)
{
	double		wave[WAVES][SIDE];
	double		rows[SIDE][WAVES] = {{0}};

	for (int i = 0; i < WAVES; i++)
		for (int at = 0; at < SIDE; at++)
			wave[i][at] = cos(M_PI / SIDE * i * (at + 0.5)) * (i == 0 ? 1 : 2) / SIDE;
	for (int y = 0; y < SIDE; y++)
		for (int i = 0; i < WAVES; i++)
			for (int x = 0; x < SIDE; x++)
				rows[y][i] += light[y * SIDE + x] * wave[i][x];
	for (int j = 0; j < WAVES; j++)
		for (int i = 0; i < WAVES; i++)
		{
			frequency[j * WAVES + i] = 0;
			for (int y = 0; y < SIDE; y++)
				frequency[j * WAVES + i] += rows[y][i] * wave[j][y];
		}
}

bool
img_picture_hash(const ImgSmall *small, uint64_t *hash)
{
	uint8_t		pixels[IMG_SMALL_SIDE * IMG_SMALL_SIDE];
	ImgPixels	plane = {pixels, small->width, small->height, 1, 0};
	double		light[SIDE * SIDE];
	double		frequency[BITS];
	double		sorted[BITS];
	double		strongest = 0;

	fill_light(small, pixels);
	if (!img_average(&plane, SIDE, SIDE, light, 1))
		return false;
	transform(light, frequency);
	for (int i = 1; i < BITS; i++)
	{
		sorted[i - 1] = frequency[i];
		strongest = fmax(strongest, fabs(frequency[i]));
	}
	if (strongest < LEAST)
		return false;
	qsort(sorted, BITS - 1, sizeof(double), compare_numbers);
	*hash = 0;
	for (int i = 1; i < BITS; i++)
		if (frequency[i] > sorted[(BITS - 1) / 2])
			*hash |= UINT64_C(1) << (BITS - 1 - i);
	return true;
}
