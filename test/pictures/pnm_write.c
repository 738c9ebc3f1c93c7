/*
 * pnm_write.c
 *		Writes PBM, PGM and PPM, as text and as bytes.
 */
#include "containers.h"

#include <stdio.h>
#include <string.h>

/* Light of a pixel, from 0 to 255. */
static int
grey(const uint8_t *rgb)
{
	return (rgb[0] * 299 + rgb[1] * 587 + rgb[2] * 114 + 500) / 1000;
}

static void
add_sample(Bytes *file, int kind, int sample, int white)
{
	char		text[16];
	int			scaled = (sample * white + 127) / 255;
	const uint8_t bytes[2] = {(uint8_t) (scaled >> 8), (uint8_t) scaled};

	if (kind <= 3)
		bytes_add(file, text, (size_t) snprintf(text, sizeof(text), "%d ", scaled));
	else if (white > 255)
		bytes_add(file, bytes, 2);
	else
		bytes_add(file, bytes + 1, 1);
}

/* A row of bits: 1 is black. */
static void
add_bits(Bytes *file, int kind, const uint8_t *rgb, int width)
{
	uint8_t		byte = 0;

	for (int x = 0; x < width; x++)
	{
		int			bit = grey(rgb + x * 3) < 128;

		if (kind == 1)
			bytes_add(file, bit ? "1" : "0", 1);
		byte |= (uint8_t) (bit << (7 - x % 8));
		if (kind == 4 && (x % 8 == 7 || x == width - 1))
		{
			bytes_add(file, &byte, 1);
			byte = 0;
		}
	}
	if (kind == 1)
		bytes_add(file, "\n", 1);
}

Bytes
pnm_write(const Canvas *canvas, int kind, int white)
{
	Bytes		file = {0};
	char		header[100];

	bytes_add(&file, header, (size_t) snprintf(header, sizeof(header), "P%d\n# a comment with 9 digits\n%d %d\n", kind,
											   canvas->width, canvas->height));
	if (kind != 1 && kind != 4)
		bytes_add(&file, header, (size_t) snprintf(header, sizeof(header), "%d\n", white));
	for (int y = 0; y < canvas->height; y++)
	{
		const uint8_t *row = canvas->rgb + (size_t) y * canvas->width * 3;

		if (kind == 1 || kind == 4)
		{
			add_bits(&file, kind, row, canvas->width);
			continue;
		}
		for (int x = 0; x < canvas->width; x++)
			if (kind == 3 || kind == 6)
				for (int c = 0; c < 3; c++)
					add_sample(&file, kind, row[x * 3 + c], white);
			else
				add_sample(&file, kind, grey(row + x * 3), white);
		if (kind <= 3)
			bytes_add(&file, "\n", 1);
	}
	return file;
}
