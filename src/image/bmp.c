/*
 * bmp.c
 *		Decodes BMP: Windows' and OS/2's headers, 1 to 32 bits, RLE, either order of rows.
 *
 * libvips reads BMP with ImageMagick only, which we do not use.  Each row is averaged in
 * boxes as it is read, so that an image of any size needs the memory of two of its rows
 * and of a small image.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"

#define FILE_HEADER 14
#define CORE_HEADER 12

enum
{
	BMP_RGB = 0, BMP_RLE8 = 1, BMP_RLE4 = 2, BMP_BITFIELDS = 3, BMP_ALPHABITFIELDS = 6
};

typedef struct BmpInfo
{
	uint32_t	header;			/* bytes of the info header */
	uint32_t	width,
				height;
	bool		top_down;
	uint32_t	bits;
	uint32_t	compression;
	uint32_t	masks[4];		/* red, green, blue, alpha; all 0 for palettes and 24 bits */
	bool		alpha;			/* there is a mask for it, and not all pixels are transparent */
	uint8_t		palette[256][3];	/* red, green, blue; missing entries are black */
	uint64_t	pixels;			/* offset of the pixels */
	uint64_t	stride;
} BmpInfo;

/* State of averaging rows into a smaller image. */
typedef struct BmpBoxes
{
	const BmpInfo *info;
	uint32_t	factor;			/* side of a box */
	uint32_t	width,
				height;			/* of the small image */
	int			bands;
	uint8_t    *row;			/* one row of the file, RGBA */
	uint64_t   *sums;			/* per box: colours times alpha, alpha */
	uint32_t	rows_done;		/* in the file's order */
	uint8_t    *small;
} BmpBoxes;

static bool
ends_early(ImgResult *result)
{
	return img_fail(result, TE_TRUNCATED, "the bitmap ends too early");
}

/* Size, bits and compression, which all kinds of headers have. */
static bool
read_header(const ImgFile *file, BmpInfo *info, ImgResult *result)
{
	const uint8_t *data = file->data;

	memset(info, 0, sizeof(*info));
	info->header = le32(data + FILE_HEADER);	/* img_sniff has checked for 18 bytes */
	if (file->length < FILE_HEADER + (uint64_t) info->header)
		return ends_early(result);
	if (info->header < 40 && info->header != CORE_HEADER)
		return img_fail(result, TE_UNSUPPORTED, "bitmap header of %u bytes is not supported", info->header);
	if (info->header == CORE_HEADER)
	{
		info->width = le16(data + 18);
		info->height = le16(data + 20);
		info->bits = le16(data + 24);
	}
	else
	{
		info->width = le32(data + 18);
		info->height = le32(data + 22);
		info->bits = le16(data + 28);
		info->compression = le32(data + 30);
	}
	if (info->height > INT32_MAX)
	{
		info->height = -info->height;
		info->top_down = true;
	}
	if (info->width > INT32_MAX || info->height > INT32_MAX)
		return img_fail(result, TE_CORRUPT, "the bitmap header has an invalid size");
	info->stride = ((uint64_t) info->width * info->bits + 31) / 32 * 4;
	return true;
}

/* The masks of the colours in a pixel. */
static bool
read_masks(const ImgFile *file, BmpInfo *info, uint64_t *after, ImgResult *result)
{
	uint32_t	wanted = info->compression == BMP_BITFIELDS ? 3 :
	info->compression == BMP_ALPHABITFIELDS ? 4 : 0;
	const uint8_t *masks = file->data + FILE_HEADER + 40;

	if (wanted == 0)
	{
		info->masks[0] = info->bits == 16 ? 0x7C00 : 0xFF0000;
		info->masks[1] = info->bits == 16 ? 0x03E0 : 0x00FF00;
		info->masks[2] = info->bits == 16 ? 0x001F : 0x0000FF;
		return true;
	}
	if (info->header == 40)		/* behind the header, else within it */
		*after += wanted * 4;
	else if (info->header >= 56)
		wanted = 4;
	if (file->length < FILE_HEADER + 40 + wanted * 4)
		return ends_early(result);
	for (uint32_t i = 0; i < wanted; i++)
		info->masks[i] = le32(masks + i * 4);
	return true;
}

static void
read_palette(const ImgFile *file, BmpInfo *info, uint64_t *after)
{
	uint32_t	entry = info->header == CORE_HEADER ? 3 : 4;
	uint32_t	count = 1u << info->bits;

	if (info->header != CORE_HEADER && le32(file->data + 46) > 0 && le32(file->data + 46) < count)
		count = le32(file->data + 46);
	for (uint32_t i = 0; i < count && *after + 3 <= file->length; i++, *after += entry)
		for (int c = 0; c < 3; c++)
			info->palette[i][c] = file->data[*after + 2 - c];
}

static bool
read_info(const ImgFile *file, BmpInfo *info, ImgResult *result)
{
	uint64_t	after;
	bool		rle;

	if (!read_header(file, info, result))
		return false;
	after = FILE_HEADER + info->header;
	rle = (info->compression == BMP_RLE8 && info->bits == 8) ||
		(info->compression == BMP_RLE4 && info->bits == 4);
	if (info->bits != 1 && info->bits != 2 && info->bits != 4 && info->bits != 8 &&
		info->bits != 16 && info->bits != 24 && info->bits != 32)
		return img_fail(result, TE_UNSUPPORTED, "bitmap with %u bits per pixel is not supported", info->bits);
	if (!rle && info->compression != BMP_RGB &&
		!((info->compression == BMP_BITFIELDS || info->compression == BMP_ALPHABITFIELDS) &&
		  (info->bits == 16 || info->bits == 32) && info->header != 64))
		return img_fail(result, TE_UNSUPPORTED, "bitmap with compression %u and %u bits per pixel is not supported",
						info->compression, info->bits);
	if ((info->bits == 16 || info->bits == 32) && !read_masks(file, info, &after, result))
		return false;
	if (info->bits <= 8)
		read_palette(file, info, &after);
	info->pixels = le32(file->data + 10);
	if (info->pixels == 0)
		info->pixels = after;
	if (info->pixels >= file->length ||
		(!rle && info->pixels + info->stride * (info->height - 1) +
		 ((uint64_t) info->width * info->bits + 7) / 8 > file->length))
		return ends_early(result);
	return true;
}

bool
img_bmp_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	BmpInfo		info;

	if (!read_header(file, &info, result))
		return false;
	*width = info.width;
	*height = info.height;
	return true;
}

/* The part of a pixel under a mask, stretched to 8 bits. */
static uint8_t
under_mask(uint32_t pixel, uint32_t mask)
{
	uint32_t	max;

	if (mask == 0)
		return 0;
	max = mask >> __builtin_ctz(mask);
	return (uint8_t) (((uint64_t) ((pixel & mask) >> __builtin_ctz(mask)) * 255 + max / 2) / max);
}

/* Some programs set the alpha of all pixels to 0 for opaque images. */
static bool
uses_alpha(const ImgFile *file, const BmpInfo *info)
{
	if (info->masks[3] == 0)
		return false;
	for (uint32_t y = 0; y < info->height; y++)
		for (uint32_t x = 0; x < info->width; x++)
		{
			const uint8_t *p = file->data + info->pixels + info->stride * y + x * (info->bits / 8);

			if ((info->bits == 16 ? le16(p) : le32(p)) & info->masks[3])
				return true;
		}
	return false;
}

/* A row of the file as RGBA. */
static void
unpack_row(const BmpInfo *info, const uint8_t *from, uint8_t *to)
{
	for (uint32_t x = 0; x < info->width; x++, to += 4)
	{
		to[3] = 255;
		if (info->bits <= 8)
		{
			uint32_t	shift = 8 - info->bits - x * info->bits % 8;

			memcpy(to, info->palette[from[x * info->bits / 8] >> shift & ((1u << info->bits) - 1)], 3);
		}
		else if (info->bits == 24)
		{
			to[0] = from[x * 3 + 2];
			to[1] = from[x * 3 + 1];
			to[2] = from[x * 3];
		}
		else
		{
			uint32_t	pixel = info->bits == 16 ? le16(from + x * 2) : le32(from + x * 4);

			for (int c = 0; c < (info->alpha ? 4 : 3); c++)
				to[c] = under_mask(pixel, info->masks[c]);
		}
	}
}

/* Add boxes->row, the next one in the file's order; write a row of boxes that is complete. */
static void
add_row(BmpBoxes *boxes)
{
	const BmpInfo *info = boxes->info;
	uint32_t	done = boxes->rows_done++;
	uint32_t	y = info->top_down ? done : info->height - 1 - done;
	bool		last = info->top_down ? (y + 1) % boxes->factor == 0 || y + 1 == info->height :
	y % boxes->factor == 0;
	uint8_t    *to;

	for (uint32_t x = 0; x < info->width; x++)
	{
		uint64_t   *sum = boxes->sums + (size_t) (x / boxes->factor) * 4;
		const uint8_t *pixel = boxes->row + (size_t) x * 4;

		for (int c = 0; c < 3; c++)
			sum[c] += (uint32_t) pixel[c] * pixel[3];
		sum[3] += pixel[3];
	}
	if (!last)
		return;
	to = boxes->small + (size_t) (y / boxes->factor) * boxes->width * boxes->bands;
	for (uint32_t x = 0; x < boxes->width; x++, to += boxes->bands)
	{
		const uint64_t *sum = boxes->sums + (size_t) x * 4;
		uint64_t	wide = x + 1 < boxes->width ? boxes->factor : info->width - x * boxes->factor;
		uint64_t	high = y / boxes->factor + 1 < boxes->height ? boxes->factor :
		info->height - y / boxes->factor * boxes->factor;

		for (int c = 0; c < 3; c++)
			to[c] = sum[3] ? (uint8_t) ((sum[c] + sum[3] / 2) / sum[3]) : 0;
		if (boxes->bands == 4)
			to[3] = (uint8_t) ((sum[3] + wide * high / 2) / (wide * high));
	}
	memset(boxes->sums, 0, (size_t) boxes->width * 4 * sizeof(uint64_t));
}

/* One index of a run-length coded row. */
static void
set_index(BmpBoxes *boxes, uint32_t x, uint8_t index)
{
	if (x < boxes->info->width)
		memcpy(boxes->row + (size_t) x * 4, boxes->info->palette[index], 3);
}

/* Begin a row: pixels that the run-length code skips have the first colour. */
static void
clear_row(BmpBoxes *boxes)
{
	for (uint32_t x = 0; x < boxes->info->width; x++)
	{
		set_index(boxes, x, 0);
		boxes->row[(size_t) x * 4 + 3] = 255;
	}
}

static void
finish_rows(BmpBoxes *boxes, uint32_t count)
{
	for (; count > 0 && boxes->rows_done < boxes->info->height; count--)
	{
		add_row(boxes);
		clear_row(boxes);
	}
}

/* Codes of two bytes: a run, or an escape (end of row, end of picture, jump, literal pixels). */
static bool
read_rle(const ImgFile *file, BmpBoxes *boxes, ImgResult *result)
{
	const uint8_t *p = file->data + boxes->info->pixels;
	const uint8_t *end = file->data + file->length;
	bool		four = boxes->info->bits == 4;
	uint32_t	x = 0;

	clear_row(boxes);
	while (boxes->rows_done < boxes->info->height)
	{
		uint32_t	first,
					second;

		if (end - p < 2)
			return ends_early(result);
		first = p[0];
		second = p[1];
		p += 2;
		if (first > 0)
			for (uint32_t i = 0; i < first; i++)
				set_index(boxes, x++, four ? (second >> (i % 2 ? 0 : 4) & 15) : second);
		else if (second == 0)
		{
			finish_rows(boxes, 1);
			x = 0;
		}
		else if (second == 1)
			finish_rows(boxes, boxes->info->height);
		else if (second == 2)
		{
			if (end - p < 2)
				return ends_early(result);
			x += p[0];
			finish_rows(boxes, p[1]);
			p += 2;
		}
		else
		{
			size_t		bytes = four ? (second + 1) / 2 : second;

			if ((size_t) (end - p) < bytes)
				return ends_early(result);
			for (uint32_t i = 0; i < second; i++)
				set_index(boxes, x++, four ? (p[i / 2] >> (i % 2 ? 0 : 4) & 15) : p[i]);
			p += (bytes + 1) & ~(size_t) 1;
			if (p > end)
				p = end;
		}
	}
	return true;
}

/* The profile that a header of version 5 may have at the end of the file. */
static const void *
find_profile(const ImgFile *file, const BmpInfo *info, size_t *length)
{
	const uint8_t *header = file->data + FILE_HEADER;
	uint64_t	offset;

	if (info->header < 124 || le32(header + 56) != 0x4D424544)	/* "MBED" */
		return NULL;
	offset = FILE_HEADER + (uint64_t) le32(header + 112);
	*length = le32(header + 116);
	return offset + *length <= file->length ? file->data + offset : NULL;
}

VipsImage *
img_bmp_decode(const ImgFile *file, int width, int height, ImgResult *result)
{
	BmpInfo		info;
	BmpBoxes	boxes = {.info = &info};
	const void *profile;
	size_t		profile_length = 0;
	bool		good = true;

	if (!read_info(file, &info, result))
		return NULL;
	info.alpha = uses_alpha(file, &info);
	boxes.factor = MAX(1, MIN(info.width / (2 * width), info.height / (2 * height)));
	boxes.width = (info.width + boxes.factor - 1) / boxes.factor;
	boxes.height = (info.height + boxes.factor - 1) / boxes.factor;
	boxes.bands = info.alpha ? 4 : 3;
	boxes.row = malloc((size_t) info.width * 4);
	boxes.sums = calloc(boxes.width, 4 * sizeof(uint64_t));
	boxes.small = malloc((size_t) boxes.width * boxes.height * boxes.bands);
	if (!boxes.row || !boxes.sums || !boxes.small)
		good = img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
	else if (info.compression == BMP_RLE8 || info.compression == BMP_RLE4)
		good = read_rle(file, &boxes, result);
	else
		while (boxes.rows_done < info.height)
		{
			unpack_row(&info, file->data + info.pixels + info.stride * boxes.rows_done, boxes.row);
			add_row(&boxes);
		}
	free(boxes.row);
	free(boxes.sums);
	if (!good)
	{
		free(boxes.small);
		return NULL;
	}
	profile = find_profile(file, &info, &profile_length);
	return img_wrap(boxes.small, boxes.width, boxes.height, boxes.bands, profile, profile_length,
					file, result);
}
