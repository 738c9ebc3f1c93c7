/*
 * scene_detail.c
 *		Draws what makes a picture as hard to reduce as a photo: detail at every scale, and patterns that alias.
 */
#include "scene.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COARSEST	256			/* pixels of the largest octave's cells */
#define FINEST		2
#define PATCH		700			/* pixels of the patches with more or less detail */

/* -1 to 1, always the same for a place */
static float
random_at(int x, int y, unsigned seed)
{
	uint32_t	h = (uint32_t) x * 0x9E3779B1u ^ (uint32_t) y * 0x85EBCA77u ^ seed * 0xC2B2AE3Du;

	h = (h ^ h >> 15) * 0x2C1B3C6Du;
	h = (h ^ h >> 12) * 0x297A2D39u;
	return (float) ((h ^ h >> 15) / 2147483648.0 - 1);
}

/* Adds a row of smooth noise whose cells have that size. */
static void
add_octave(float *row, int width, int y, int cell, float strength, unsigned seed)
{
	int			cy = y / cell;
	float		fy = (float) (y % cell) / cell;

	for (int cx = 0; cx * cell < width; cx++)
	{
		float		left = random_at(cx, cy, seed) * (1 - fy) + random_at(cx, cy + 1, seed) * fy;
		float		right = random_at(cx + 1, cy, seed) * (1 - fy) + random_at(cx + 1, cy + 1, seed) * fy;

		for (int i = 0; i < cell && cx * cell + i < width; i++)
			row[cx * cell + i] += strength * (left + (right - left) * i / cell);
	}
}

static uint8_t
clamped(float value)
{
	return value < 0 ? 0 : value > 255 ? 255 : (uint8_t) (value + 0.5f);
}

void
scene_detail(Canvas *canvas, double strength, unsigned seed)
{
	float	   *detail = malloc(sizeof(float) * canvas->width);
	float	   *tint = malloc(sizeof(float) * canvas->width);
	float	   *patch = malloc(sizeof(float) * canvas->width);

	if (!detail || !tint || !patch)
	{
		fprintf(stderr, "scene: out of memory\n");
		exit(1);
	}
	for (int y = 0; y < canvas->height; y++)
	{
		uint8_t    *pixels = canvas->rgb + (size_t) y * canvas->width * 3;
		float		ground = (float) fmin(1, fmax(0.08, 4.0 * y / canvas->height - 1.6));

		for (int x = 0; x < canvas->width; x++)
			detail[x] = tint[x] = patch[x] = 0;
		for (int cell = COARSEST; cell >= FINEST; cell /= 2)
			add_octave(detail, canvas->width, y, cell, (float) strength, seed * 31 + cell);
		for (int cell = COARSEST; cell >= 16; cell /= 2)
			add_octave(tint, canvas->width, y, cell, (float) strength / 3, seed * 37 + cell);
		add_octave(patch, canvas->width, y, PATCH, 1, seed * 41);
		for (int x = 0; x < canvas->width; x++)
		{
			float		much = ground * (0.65f + 0.6f * patch[x]);

			pixels[x * 3] = clamped(pixels[x * 3] + much * (detail[x] + tint[x]));
			pixels[x * 3 + 1] = clamped(pixels[x * 3 + 1] + much * detail[x]);
			pixels[x * 3 + 2] = clamped(pixels[x * 3 + 2] + much * (detail[x] - tint[x]));
		}
	}
	free(detail);
	free(tint);
	free(patch);
}

/* How light it is there, 0 to 1; x and y are fractions of the height. */
static double
pattern_at(ScenePattern pattern, double x, double y)
{
	double		distance,
				row;

	switch (pattern)
	{
		case PATTERN_RINGS:
			return 0.5 + 0.5 * sin(((x - 0.67) * (x - 0.67) + (y - 0.5) * (y - 0.5)) * 1100);
		case PATTERN_STRIPES:
			return sin((x + y * (0.1 + 0.3 * x)) * 900) > 0 ? 0.9 : 0.15;
		case PATTERN_ROOF:
			distance = 1 / (0.12 + y);
			row = distance * 60;
			return 0.25 + 0.5 * fmod(row, 1) * (fmod((x - 0.67) * distance * 40 + (fmod(row, 2) < 1 ? 0.5 : 0) + 100, 1) > 0.12);
		default:
			distance = 1 / (0.05 + 0.7 * x);
			if (fabs(y - 0.5) > 0.42 / (0.3 + distance * 0.12))
				return y < 0.5 ? 0.75 : 0.35;
			return fmod(distance * 25, 1) < 0.55 ? 0.97 : 0.2;
	}
}

Canvas
scene_pattern(int width, int height, ScenePattern pattern)
{
	Canvas		canvas = {width, height, calloc((size_t) width * height, 3)};

	if (!canvas.rgb)
	{
		fprintf(stderr, "scene: out of memory\n");
		exit(1);
	}
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
		{
			uint8_t    *pixel = canvas.rgb + ((size_t) y * width + x) * 3;
			double		light = 0;

			for (int sub = 0; sub < 4; sub++)
				light += pattern_at(pattern, (x + 0.25 + 0.5 * (sub & 1)) / height, (y + 0.25 + 0.5 * (sub >> 1)) / height) / 4;
			/* coloured, so that an error of the colours shows, too */
			pixel[0] = clamped((float) (30 + 215 * light));
			pixel[1] = clamped((float) (pattern == PATTERN_ROOF ? 40 + 90 * light : 25 + 220 * light));
			pixel[2] = clamped((float) (pattern == PATTERN_ROOF ? 45 + 60 * light : 90 + 130 * light));
		}
	return canvas;
}
