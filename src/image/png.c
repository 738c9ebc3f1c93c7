/*
 * png.c
 *		Decodes and shrinks the common kinds of PNG: 8 bits, without a palette, not interlaced.
 *
 * libvips' loaders inflate with zlib, which takes two thirds of the time of such a thumbnail; ISA-L needs half of that.
 * Rows are shrunk as they come, so that a picture of any size needs little memory.
 *
 * Whatever else a file is, and whatever is not as it must be, is left to libvips: there is one judge of damaged
 * files.  What is accepted here has right checksums of all chunks and of the pixels.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "container/bytes.h"
#include "container/png.h"

#define MAX_WINDOW		32768	/* what a deflate stream can refer back to */
#define BLOCK			65536	/* bytes that are inflated at once, at least */

enum
{
	PNG_GREY = 0, PNG_RGB = 2, PNG_GREY_ALPHA = 4, PNG_RGBA = 6
};

typedef struct PngReader
{
	const ImgFile *file;
	size_t		at;				/* of the next chunk */
	bool		has_pixels;		/* a chunk with pixels has been read */
	struct inflate_state inflater;
	int			code;			/* what ISA-L has returned last */

	int			bands;
	size_t		stride;			/* bytes of a row */
	uint64_t	size;			/* of all rows, with their filters */
	int			rows_left;		/* that are not inflated yet */
	int			block_rows;		/* rows that fit into the block */
	int			rows;			/* rows that are in it */
	int			next;			/* number of the next one of these */
	uint8_t    *block;			/* rows, with a filter in front of each */
	uint8_t    *above;			/* the row before those in the block */
} PngReader;

/* Bytes of a pixel; 0 if the file is none for us.  libvips has read its header. */
static int
bands_of(const ImgFile *file, VipsImage *opened)
{
	const uint8_t *header = file->data + PNG_FIRST_CHUNK + 8;
	int			bands;

	switch (header[9])
	{
		case PNG_GREY:
			bands = 1;
			break;
		case PNG_GREY_ALPHA:
			bands = 2;
			break;
		case PNG_RGB:
			bands = 3;
			break;
		case PNG_RGBA:
			bands = 4;
			break;
		default:
			return 0;
	}
	if (header[8] != 8 || header[10] != 0 || header[11] != 0 || header[12] != 0 ||
		vips_image_get_bands(opened) != bands ||	/* not if there is a transparent colour */
		vips_image_get_format(opened) != VIPS_FORMAT_UCHAR ||
		(uint32_t) vips_image_get_width(opened) != be32(header) ||
		(uint32_t) vips_image_get_height(opened) != be32(header + 4))
		return 0;
	return bands;
}

/* Is its checksum right? */
static bool
is_intact(const PngChunk *chunk)
{
	return crc32_gzip_refl(0, chunk->type, (uint64_t) chunk->length + 4) == be32(chunk->data + chunk->length);
}

/* Go on to the next chunk with pixels.  False if there is none, or anything unusual comes before it. */
static bool
next_part(PngReader *reader)
{
	PngChunk	chunk;

	while (png_next(reader->file->data, reader->file->length, &reader->at, &chunk) == PNG_CHUNK && is_intact(&chunk))
	{
		if (png_is(&chunk, "IDAT"))
		{
			/* ISA-L allows any window in the first byte of the stream, and references beyond it */
			if (!reader->has_pixels &&
				(chunk.length == 0 || chunk.data[0] >> 4 > 7 || (uint64_t) 256 << (chunk.data[0] >> 4) < MIN(reader->size, MAX_WINDOW)))
				return false;
			reader->has_pixels = true;
			reader->inflater.next_in = (uint8_t *) chunk.data;	/* only read */
			reader->inflater.avail_in = chunk.length;
			return true;
		}
		if (reader->has_pixels)
			return false;
	}
	return false;
}

/* Inflate exactly so many bytes.  False if there are fewer, or something is wrong. */
static bool
inflate_bytes(PngReader *reader, uint8_t *to, size_t length)
{
	struct inflate_state *inflater = &reader->inflater;

	inflater->next_out = to;
	inflater->avail_out = (uint32_t) length;
	while ((reader->code = isal_inflate(inflater)) == ISAL_DECOMP_OK)
	{
		if (inflater->avail_out == 0)
			return true;
		if (inflater->block_state == ISAL_BLOCK_FINISH || inflater->avail_in > 0 || !next_part(reader))
			return false;
	}
	return false;
}

/* Does the stream end here, with the right checksum, and the file after chunks that may follow? */
static bool
ends_well(PngReader *reader)
{
	struct inflate_state *inflater = &reader->inflater;
	uint8_t		nothing;
	PngChunk	chunk;
	PngOutcome	outcome;

	if (inflate_bytes(reader, &nothing, 1) || reader->code != ISAL_DECOMP_OK || inflater->block_state != ISAL_BLOCK_FINISH || inflater->avail_in > 0 ||
		inflater->read_in_length >= 8)
		return false;
	while ((outcome = png_next(reader->file->data, reader->file->length, &reader->at, &chunk)) == PNG_CHUNK)
	{
		bool		critical = (chunk.type[0] & 0x20) == 0;

		if (critical || !is_intact(&chunk))
			return false;
	}
	return outcome == PNG_END && chunk.length == 0 && is_intact(&chunk);
}

/* Of the three neighbours, the one nearest to left + above - corner. */
static inline uint8_t
paeth(int left, int above, int corner)
{
	int			from_left = abs(above - corner);
	int			from_above = abs(left - corner);
	int			from_corner = abs(left + above - 2 * corner);
	int			nearest = from_above <= from_corner ? above : corner;

	return (uint8_t) (from_left <= from_above && from_left <= from_corner ? left : nearest);
}

/* Undo the filter of a row, whose number is in front of it. */
static inline
__attribute__((always_inline))
bool
unfilter(uint8_t *row, const uint8_t *above, size_t stride, size_t bands)
{
	switch (row[-1])
	{
		case 0:
			break;
		case 1:
			for (size_t i = bands; i < stride; i++)
				row[i] += row[i - bands];
			break;
		case 2:
			for (size_t i = 0; i < stride; i++)
				row[i] += above[i];
			break;
		case 3:
			for (size_t i = 0; i < bands; i++)
				row[i] += above[i] / 2;
			for (size_t i = bands; i < stride; i++)
				row[i] += (row[i - bands] + above[i]) / 2;
			break;
		case 4:
			for (size_t i = 0; i < bands; i++)
				row[i] += above[i];
			for (size_t i = bands; i < stride; i++)
				row[i] += paeth(row[i - bands], above[i], above[i - bands]);
			break;
		default:
			return false;
	}
	return true;
}

static bool
fill_block(PngReader *reader)
{
	if (reader->rows > 0)
		memcpy(reader->above, reader->block + (size_t) (reader->rows - 1) * (reader->stride + 1) + 1, reader->stride);
	reader->rows = MIN(reader->rows_left, reader->block_rows);
	reader->rows_left -= reader->rows;
	reader->next = 0;
	return reader->rows > 0 && inflate_bytes(reader, reader->block, (size_t) reader->rows * (reader->stride + 1));
}

/* The next row, which is valid until the next call; NULL if there is none, or something is wrong. */
static const uint8_t *
next_row(PngReader *reader)
{
	const uint8_t *above;
	uint8_t    *row;
	bool		ok;

	if (reader->next == reader->rows && !fill_block(reader))
		return NULL;
	row = reader->block + (size_t) reader->next * (reader->stride + 1) + 1;
	above = reader->next == 0 ? reader->above : row - (reader->stride + 1);
	reader->next++;
	switch (reader->bands)		/* each case is compiled for its constant */
	{
		case 1:
			ok = unfilter(row, above, reader->stride, 1);
			break;
		case 2:
			ok = unfilter(row, above, reader->stride, 2);
			break;
		case 3:
			ok = unfilter(row, above, reader->stride, 3);
			break;
		default:
			ok = unfilter(row, above, reader->stride, 4);
	}
	return ok ? row : NULL;
}

static void
close_reader(PngReader *reader)
{
	if (!reader)
		return;
	free(reader->block);
	free(reader->above);
	free(reader);
}

/* NULL if out of memory, or if libvips is to read the file. */
static PngReader *
open_reader(const ImgFile *file, VipsImage *opened)
{
	int			bands = bands_of(file, opened);
	PngReader  *reader = bands > 0 ? calloc(1, sizeof(PngReader)) : NULL;

	if (!reader)
		return NULL;
	reader->file = file;
	reader->at = PNG_FIRST_CHUNK;
	reader->bands = bands;
	reader->stride = (size_t) vips_image_get_width(opened) * bands;
	reader->rows_left = vips_image_get_height(opened);
	reader->size = (uint64_t) (reader->stride + 1) * reader->rows_left;
	reader->block_rows = (int) MIN((size_t) reader->rows_left, BLOCK / (reader->stride + 1) + 1);
	reader->block = malloc(reader->block_rows * (reader->stride + 1));
	reader->above = calloc(reader->stride, 1);
	isal_inflate_init(&reader->inflater);
	reader->inflater.crc_flag = ISAL_ZLIB;
	if (reader->block && reader->above && next_part(reader))
		return reader;
	close_reader(reader);
	return NULL;
}

/* The shrunken pixels; NULL if something is wrong, or out of memory. */
static uint8_t *
shrink(PngReader *reader, int full_width, int full_height, int width, int height)
{
	uint8_t    *pixels = malloc((size_t) width * height * reader->bands);
	ImgSide		across = img_side(full_width, width);
	ImgSide		down = img_side(full_height, height);
	ImgReducer *reducer = pixels ? img_reducer_new(&across, &down, reader->bands, reader->bands % 2 == 0, pixels) : NULL;
	const uint8_t *row = NULL;

	for (int y = 0; reducer && y < full_height && (row = next_row(reader)) != NULL; y++)
		img_reducer_add(reducer, row);
	if (reducer)
		img_reducer_free(reducer);
	if (row && ends_well(reader))
		return pixels;
	free(pixels);
	return NULL;
}

VipsImage *
img_png_decode(const ImgFile *file, VipsImage *opened, int width, int height, ImgResult *result)
{
	PngReader  *reader;
	const void *profile = NULL;
	size_t		length = 0;
	uint8_t    *pixels;
	int			bands;

	if (!img_is_reducible(opened, width, height) || (reader = open_reader(file, opened)) == NULL)
		return g_object_ref(opened);
	pixels = shrink(reader, vips_image_get_width(opened), vips_image_get_height(opened), width, height);
	bands = reader->bands;
	close_reader(reader);
	if (!pixels)
		return g_object_ref(opened);
	if (vips_image_get_typeof(opened, VIPS_META_ICC_NAME))
		vips_image_get_blob(opened, VIPS_META_ICC_NAME, &profile, &length);
	return img_wrap(pixels, width, height, bands, profile, length, file, result);
}
