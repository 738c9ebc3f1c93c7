/*
 * scene.c
 *		Draws gradients, discs, polygons and hills into memory.  Places are
 *		fractions of width and height, so that a scene looks alike in every size.
 */
#include "scene.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Point
{
	double		x,
				y;
} Point;

static uint32_t
next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* 0 to 1 */
static double
random_unit(uint32_t *state)
{
	return next_random(state) / 4294967296.0;
}

static uint32_t
seeded(unsigned seed)
{
	uint32_t	state = seed * 2654435761u + 88675123u;

	next_random(&state);
	next_random(&state);
	return state ? state : 1;
}

static Canvas
canvas_new(int width, int height)
{
	Canvas		canvas = {width, height, calloc((size_t) width * height, 3)};

	if (!canvas.rgb)
	{
		fprintf(stderr, "scene: out of memory\n");
		exit(1);
	}
	return canvas;
}

void
canvas_free(Canvas *canvas)
{
	free(canvas->rgb);
	canvas->rgb = NULL;
}

/* Colours are 0xRRGGBB; cover is how much of the pixel they take, 0..1. */
static void
dot(Canvas *canvas, int x, int y, unsigned colour, double cover)
{
	uint8_t    *pixel;

	if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height || cover <= 0)
		return;
	pixel = canvas->rgb + ((size_t) y * canvas->width + x) * 3;
	for (int i = 0; i < 3; i++)
		pixel[i] = (uint8_t) (pixel[i] + (((int) (colour >> (16 - 8 * i)) & 255) - pixel[i]) * fmin(cover, 1));
}

static unsigned
mix(unsigned a, unsigned b, double part)
{
	unsigned	colour = 0;

	for (int shift = 0; shift <= 16; shift += 8)
		colour |= (unsigned) ((a >> shift & 255) * (1 - part) + (b >> shift & 255) * part + 0.5) << shift;
	return colour;
}

static void
gradient(Canvas *canvas, double from, double to, unsigned top, unsigned bottom)
{
	int			first = (int) (from * canvas->height);
	int			last = (int) (to * canvas->height);

	for (int y = first; y < last; y++)
	{
		unsigned	colour = mix(top, bottom, (double) (y - first) / (last - first));

		for (int x = 0; x < canvas->width; x++)
			dot(canvas, x, y, colour, 1);
	}
}

/* The radius is a fraction of the height; "soft" is how far it glows beyond. */
static void
disc(Canvas *canvas, double cx, double cy, double radius, double soft, unsigned colour)
{
	double		x0 = cx * canvas->width;
	double		y0 = cy * canvas->height;
	double		inner = radius * canvas->height;
	double		edge = fmax(1, soft * canvas->height);
	int			reach = (int) (inner + edge) + 1;

	for (int y = (int) y0 - reach; y <= y0 + reach; y++)
		for (int x = (int) x0 - reach; x <= x0 + reach; x++)
		{
			double		beyond = (hypot(x + 0.5 - x0, y + 0.5 - y0) - inner) / edge;

			dot(canvas, x, y, colour, beyond <= 0 ? 1 : (1 - beyond) * (1 - beyond) * (beyond < 1));
		}
}

/* Fill a polygon: crossings of each row with the edges, even-odd. */
static void
polygon(Canvas *canvas, const Point *points, int count, unsigned colour)
{
	for (int y = 0; y < canvas->height; y++)
		for (int sub = 0; sub < 4; sub++)
		{
			double		at = (y + (sub + 0.5) / 4) / canvas->height;
			double		crossings[16];
			int			found = 0;

			for (int i = 0; i < count && found < 16; i++)
			{
				Point		a = points[i];
				Point		b = points[(i + 1) % count];

				if ((a.y <= at) != (b.y <= at))
					crossings[found++] = (a.x + (at - a.y) / (b.y - a.y) * (b.x - a.x)) * canvas->width;
			}
			for (int i = 1; i < found; i++)
				for (int j = i; j > 0 && crossings[j] < crossings[j - 1]; j--)
				{
					double		swap = crossings[j];

					crossings[j] = crossings[j - 1];
					crossings[j - 1] = swap;
				}
			for (int i = 0; i + 1 < found; i += 2)
				for (int x = (int) fmax(0, floor(crossings[i])); x < crossings[i + 1] && x < canvas->width; x++)
					dot(canvas, x, y, colour,
						(fmin(x + 1, crossings[i + 1]) - fmax(x, crossings[i])) / (4 - sub));
		}
}

static void
rectangle(Canvas *canvas, double x, double y, double width, double height, unsigned colour)
{
	const Point corners[] = {{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}};

	polygon(canvas, corners, 4, colour);
}

static void
triangle(Canvas *canvas, double x1, double y1, double x2, double y2, double x3, double y3,
		 unsigned colour)
{
	const Point corners[] = {{x1, y1}, {x2, y2}, {x3, y3}};

	polygon(canvas, corners, 3, colour);
}

/* Everything below a line of waves (or, "sharp", of peaks) is one colour, darker downwards. */
static void
hills(Canvas *canvas, double base, double relief, bool sharp, unsigned colour, uint32_t *random)
{
	double		phase[4];

	for (int i = 0; i < 4; i++)
		phase[i] = random_unit(random) * 6.28;
	for (int x = 0; x < canvas->width; x++)
	{
		double		at = (double) x / canvas->width;
		double		line = 0;
		double		top;

		for (int i = 0; i < 4; i++)
		{
			double		wave = sin(at * 6.28 * (1 + i * (sharp ? 1.7 : 0.9)) + phase[i]);

			line += (sharp ? 1 - 2 * fabs(wave) : wave) / (1 << i);
		}
		top = (base - relief * line / 2) * canvas->height;
		dot(canvas, x, (int) top - 1, colour, top - floor(top));
		for (int y = (int) fmax(0, top); y < canvas->height; y++)
			dot(canvas, x, y, mix(colour, 0, 0.35 * (y - top) / canvas->height), 1);
	}
}

static void
house(Canvas *canvas, double x, double y, double size, unsigned walls, unsigned roof, unsigned window)
{
	rectangle(canvas, x, y, size, size * 0.8, walls);
	triangle(canvas, x - size * 0.12, y, x + size / 2, y - size * 0.6, x + size * 1.12, y, roof);
	rectangle(canvas, x + size * 0.15, y + size * 0.2, size * 0.25, size * 0.25, window);
	rectangle(canvas, x + size * 0.6, y + size * 0.3, size * 0.22, size * 0.5, mix(roof, 0, 0.5));
}

static void
fir(Canvas *canvas, double x, double y, double size, unsigned colour)
{
	rectangle(canvas, x - size * 0.05, y - size * 0.15, size * 0.1, size * 0.2, 0x5A3A22);
	for (int i = 0; i < 3; i++)
		triangle(canvas, x - size * (0.3 - i * 0.07), y - size * (0.1 + i * 0.25),
				 x, y - size * (0.55 + i * 0.25), x + size * (0.3 - i * 0.07),
				 y - size * (0.1 + i * 0.25), mix(colour, 0xFFFFFF, i * 0.07));
}

static void
boat(Canvas *canvas, double x, double y, double size)
{
	const Point hull[] = {{x - size, y}, {x + size, y}, {x + size * 0.7, y + size * 0.35}, {x - size * 0.7, y + size * 0.35}};

	polygon(canvas, hull, 4, 0x7A2E1E);
	rectangle(canvas, x - size * 0.03, y - size * 1.6, size * 0.06, size * 1.6, 0x40302A);
	triangle(canvas, x + size * 0.07, y - size * 1.6, x + size * 0.07, y - size * 0.1, x + size * 0.85, y - size * 0.1, 0xF6F1E4);
	triangle(canvas, x - size * 0.07, y - size * 1.4, x - size * 0.07, y - size * 0.1, x - size * 0.7, y - size * 0.1, 0xE9DFC8);
}

Canvas
scene_test(int width, int height)
{
	Canvas		canvas = canvas_new(width, height);
	const Point arrow[] = {{0.5, 0.12}, {0.62, 0.34}, {0.545, 0.34}, {0.545, 0.66},
	{0.455, 0.66}, {0.455, 0.34}, {0.38, 0.34}};

	gradient(&canvas, 0, 0.75, 0x2050C0, 0xA8D0F8);
	gradient(&canvas, 0.75, 1, 0x40A030, 0x205818);
	disc(&canvas, 0.18, 0.25, 0.12, 0, 0xFFD820);
	house(&canvas, 0.70, 0.52, 0.2, 0xD02020, 0x802018, 0xFFF0A0);
	polygon(&canvas, arrow, 7, 0xFFFFFF);
	return canvas;
}

Canvas
scene_landscape(int width, int height, unsigned seed)
{
	/* sky above and below, light, far and near hills, ground */
	static const unsigned times[6][6] = {
		{0x3A78D0, 0xBFE0F8, 0xFFF3B0, 0x7A94B0, 0x4E8048, 0x5C9A3A},
		{0x28306A, 0xF59A58, 0xFFD070, 0x5A4A78, 0x3A3450, 0x4A4038},
		{0x0A1030, 0x2A3A68, 0xF4F4E0, 0x1C2848, 0x142030, 0x182818},
		{0x78A8D8, 0xF4E4D0, 0xFFFBE8, 0xC8D4E4, 0xE4ECF4, 0xF4F8FC},
		{0x58A0E0, 0xFCE8C0, 0xFFE890, 0xD09858, 0xC07838, 0xE0B060},
		{0x88B0B8, 0xD8E4DC, 0xF8F8E8, 0x6C9088, 0x3C7058, 0x3A6A34}
	};
	Canvas		canvas = canvas_new(width, height);
	uint32_t	random = seeded(seed);
	const unsigned *colours = times[seed % 6];
	double		horizon = 0.5 + random_unit(&random) * 0.15;
	bool		sea = seed % 4 == 1;

	gradient(&canvas, 0, 1, colours[0], colours[1]);
	if (seed % 6 == 2)
		for (int i = 0; i < 90; i++)
			disc(&canvas, random_unit(&random), random_unit(&random) * horizon, 0.0012 + 0.002 * random_unit(&random), 0.001, 0xFFFFE8);
	disc(&canvas, 0.12 + 0.7 * random_unit(&random), 0.12 + 0.2 * random_unit(&random), 0.055, 0.09, colours[2]);
	hills(&canvas, horizon, 0.22, seed % 2 == 0, colours[3], &random);
	if (!sea)
		hills(&canvas, horizon + 0.12, 0.12, false, colours[4], &random);
	gradient(&canvas, sea ? horizon + 0.08 : horizon + 0.3, 1,
			 sea ? mix(colours[0], colours[1], 0.4) : colours[5], sea ? mix(colours[0], 0, 0.4) : mix(colours[5], 0, 0.4));
	if (sea)
		boat(&canvas, 0.25 + 0.5 * random_unit(&random), horizon + 0.16, 0.08 + 0.05 * random_unit(&random));
	else
	{
		int			trees = 3 + next_random(&random) % 6;

		for (int i = 0; i < trees; i++)
			fir(&canvas, random_unit(&random), horizon + 0.3 + 0.2 * i / trees, 0.16 + 0.12 * i / trees, mix(0x1E5028, colours[5], 0.25));
		if (seed % 3 != 2)
			house(&canvas, 0.1 + 0.6 * random_unit(&random), horizon + 0.22, 0.13 + 0.06 * random_unit(&random),
				  mix(0xE8D8B8, colours[1], 0.3), mix(0xA03828, colours[0], 0.2), seed % 6 == 2 ? 0xFFE890 : 0x506880);
	}
	return canvas;
}

void
scene_grain(Canvas *canvas, double strength, unsigned seed)
{
	uint32_t	random = seeded(seed);
	size_t		count = (size_t) canvas->width * canvas->height;

	/* light and dark grains as a sensor has them, the same in all three colours */
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	bits = next_random(&random);
		double		grain = ((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24)) / 510.0 - 1;

		for (int c = 0; c < 3; c++)
		{
			double		value = canvas->rgb[i * 3 + c] + grain * strength;

			canvas->rgb[i * 3 + c] = (uint8_t) fmax(0, fmin(255, value));
		}
	}
}

Canvas
scene_as_stored(const Canvas *canvas, int orientation)
{
	bool		swap = orientation >= 5;
	Canvas		stored = canvas_new(swap ? canvas->height : canvas->width,
									swap ? canvas->width : canvas->height);

	/* where row 0 and column 0 of the stored picture are, seen upright (EXIF 2.32, 4.6.4) */
	for (int y = 0; y < stored.height; y++)
		for (int x = 0; x < stored.width; x++)
		{
			int			ux = swap ? y : x;
			int			uy = swap ? x : y;

			if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
				ux = canvas->width - 1 - ux;
			if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
				uy = canvas->height - 1 - uy;
			memcpy(stored.rgb + ((size_t) y * stored.width + x) * 3,
				   canvas->rgb + ((size_t) uy * canvas->width + ux) * 3, 3);
		}
	return stored;
}
