/*
 * bmp_write.c
 *		Writes BMP files of all kinds.
 */
#include "containers.h"

#include <stdlib.h>
#include <string.h>

#define FILE_HEADER 14
#define INFO_HEADER 40
#define CORE_HEADER 12			/* OS/2 */

static void
put_le(Bytes *out, uint32_t value, int bytes)
{
	uint8_t		raw[4];

	for (int i = 0; i < bytes; i++)
		raw[i] = (uint8_t) (value >> (8 * i));
	bytes_add(out, raw, bytes);
}

static int
bits_of(BmpKind kind)
{
	switch (kind)
	{
		case BMP_1:
			return 1;
		case BMP_4:
		case BMP_RLE4:
			return 4;
		case BMP_8:
		case BMP_RLE8:
			return 8;
		case BMP_16_555:
		case BMP_16_565:
			return 16;
		case BMP_24:
		case BMP_24_OS2:
			return 24;
		default:
			return 32;
	}
}

/* The palettes: grey of 2 steps; colours of 2 x 4 x 2 steps; colours of 8 x 8 x 4 steps. */
static unsigned
colour_index(const uint8_t *rgb, int bits)
{
	if (bits == 1)
		return (rgb[0] * 3 + rgb[1] * 6 + rgb[2]) / 10 >= 128;
	if (bits == 4)
		return (rgb[0] >> 7) << 3 | (rgb[1] >> 6) << 1 | rgb[2] >> 7;
	return (rgb[0] >> 5) << 5 | (rgb[1] >> 5) << 2 | rgb[2] >> 6;
}

static void
put_palette(Bytes *out, int bits)
{
	for (unsigned i = 0; i < 1u << bits; i++)
	{
		uint8_t		entry[4] = {0}; /* blue, green, red */

		if (bits == 1)
			memset(entry, i ? 255 : 0, 3);
		else if (bits == 4)
		{
			entry[2] = i & 8 ? 255 : 0;
			entry[1] = (uint8_t) ((i >> 1 & 3) * 85);
			entry[0] = i & 1 ? 255 : 0;
		}
		else
		{
			entry[2] = (uint8_t) ((i >> 5) * 255 / 7);
			entry[1] = (uint8_t) ((i >> 2 & 7) * 255 / 7);
			entry[0] = (uint8_t) ((i & 3) * 85);
		}
		bytes_add(out, entry, 4);
	}
}

/* The pixel as a number of that kind; "masks" of kind 32 keep 10 bits a colour. */
static uint32_t
packed(const uint8_t *p, BmpKind kind, int x, int width)
{
	switch (kind)
	{
		case BMP_16_555:
			return (uint32_t) (p[0] >> 3) << 10 | (p[1] >> 3) << 5 | p[2] >> 3;
		case BMP_16_565:
			return (uint32_t) (p[0] >> 3) << 11 | (p[1] >> 2) << 5 | p[2] >> 3;
		case BMP_32_MASKS:
			return (uint32_t) (p[0] << 2 | p[0] >> 6) | (uint32_t) (p[1] << 2 | p[1] >> 6) << 10 |
				(uint32_t) (p[2] << 2 | p[2] >> 6) << 20;
		case BMP_32_ALPHA:
			return (uint32_t) (255 * x / (width - 1)) << 24 | (uint32_t) p[0] << 16 | p[1] << 8 | p[2];
		default:
			return (uint32_t) p[0] << 16 | p[1] << 8 | p[2];
	}
}

static size_t
stride_of(int width, BmpKind kind)
{
	return ((size_t) width * bits_of(kind) + 31) / 32 * 4;
}

/* Into zeroes. */
static void
pack_row(uint8_t *row, const uint8_t *rgb, int width, BmpKind kind)
{
	int			bits = bits_of(kind);

	for (int x = 0; x < width; x++)
	{
		uint32_t	pixel = bits >= 16 ? packed(rgb + x * 3, kind, x, width) : 0;

		for (int i = 0; i < bits / 8 && bits >= 16; i++)
			row[x * bits / 8 + i] = (uint8_t) (pixel >> (8 * i));
		if (bits < 16)
			row[x * bits / 8] |= colour_index(rgb + x * 3, bits) << (8 - bits - x * bits % 8);
	}
}

/* Runs where colours repeat, a literal stretch of three where they do not, end of line. */
static void
put_rle_row(Bytes *out, const uint8_t *rgb, int width, int bits)
{
	for (int x = 0; x < width;)
	{
		unsigned	index = colour_index(rgb + x * 3, bits);
		int			run = 1;

		while (x + run < width && run < 255 && colour_index(rgb + (x + run) * 3, bits) == index)
			run++;
		if (run == 1 && x + 3 <= width)
		{
			unsigned	second = colour_index(rgb + x * 3 + 3, bits);
			unsigned	third = colour_index(rgb + x * 3 + 6, bits);

			put_le(out, 0x0300, 2); /* literal, three pixels, padded to 16 bits */
			if (bits == 8)
				put_le(out, index | second << 8 | third << 16, 4);
			else
				put_le(out, index << 4 | second | third << 12, 2);
			x += 3;
			continue;
		}
		put_le(out, run, 1);
		put_le(out, bits == 8 ? index : index << 4 | index, 1);
		x += run;
	}
	put_le(out, 0, 2);
}

static void
put_headers(Bytes *out, const Canvas *canvas, BmpKind kind, bool top_down)
{
	int			bits = bits_of(kind);
	bool		core = kind == BMP_24_OS2;
	bool		masks = kind == BMP_16_565 || kind == BMP_32_MASKS;
	bool		alpha = kind == BMP_32_ALPHA;
	uint32_t	info = core ? CORE_HEADER : alpha ? 108 : INFO_HEADER;
	uint32_t	pixels = FILE_HEADER + info + (masks ? 12 : 0) + (bits <= 8 ? 4u << bits : 0);

	bytes_add(out, "BM", 2);
	put_le(out, 0, 4);			/* the size of the file, filled in later */
	put_le(out, 0, 4);
	put_le(out, pixels, 4);
	put_le(out, info, 4);
	put_le(out, canvas->width, core ? 2 : 4);
	put_le(out, top_down ? -(uint32_t) canvas->height : (uint32_t) canvas->height, core ? 2 : 4);
	put_le(out, 1, 2);
	put_le(out, bits, 2);
	if (core)
		return;
	put_le(out, kind == BMP_RLE8 ? 1 : kind == BMP_RLE4 ? 2 : masks || alpha ? 3 : 0, 4);
	for (int i = 0; i < 5; i++)
		put_le(out, 0, 4);
	if (kind == BMP_16_565)
	{
		put_le(out, 0xF800, 4);
		put_le(out, 0x07E0, 4);
		put_le(out, 0x001F, 4);
	}
	if (kind == BMP_32_MASKS)
	{
		put_le(out, 0x000003FF, 4);
		put_le(out, 0x000FFC00, 4);
		put_le(out, 0x3FF00000, 4);
	}
	if (alpha)
	{
		put_le(out, 0x00FF0000, 4);
		put_le(out, 0x0000FF00, 4);
		put_le(out, 0x000000FF, 4);
		put_le(out, 0xFF000000, 4);
		while (out->length < FILE_HEADER + info)
			put_le(out, 0, 4);
	}
}

Bytes
bmp_write(const Canvas *canvas, BmpKind kind, bool top_down)
{
	Bytes		out = {0};
	bool		rle = kind == BMP_RLE4 || kind == BMP_RLE8;
	size_t		stride = stride_of(canvas->width, kind);
	uint8_t    *rows = calloc(canvas->height, stride);

	put_headers(&out, canvas, kind, top_down);
	if (bits_of(kind) <= 8)
		put_palette(&out, bits_of(kind));
	for (int i = 0; rows && i < canvas->height; i++)
	{
		int			y = top_down ? i : canvas->height - 1 - i;
		const uint8_t *rgb = canvas->rgb + (size_t) y * canvas->width * 3;

		if (rle)
			put_rle_row(&out, rgb, canvas->width, bits_of(kind));
		else
			pack_row(rows + i * stride, rgb, canvas->width, kind);
	}
	if (rle)
		put_le(&out, 0x0100, 2);
	else
		bytes_add(&out, rows, rows ? canvas->height * stride : 0);
	free(rows);
	for (int i = 0; i < 4; i++)
		out.data[2 + i] = (uint8_t) (out.length >> (8 * i));
	return out;
}
