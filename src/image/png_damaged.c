/*
 * png_damaged.c
 *		Makes a whole PNG of a damaged one: the rows that can still be inflated, and white ones in place of the others.
 *
 * libpng shows nothing of rows that lie in one read with the damage, and libraries differ in what they leave in rows that they
 * cannot read.  So the pixels, still filtered, are packed anew, and whoever decodes whole PNGs decodes the result.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "container/bytes.h"
#include "container/png.h"

#define HEADER_LENGTH	13
#define CHUNK_HEAD		8		/* length and type */
#define PALETTE			3		/* a colour type */
#define LAST_FILTER		4
#define ROOM			65536	/* that is made at once for packed pixels */

typedef struct Repair
{
	const ImgFile *file;
	size_t		at;				/* the next chunk */
	struct inflate_state inflater;
	struct isal_zstream deflater;
	uint8_t    *png;			/* the result */
	size_t		length,
				capacity;
	bool		failed;			/* out of memory */
	int			depth,
				type;
	uint8_t		blank;			/* byte of a white pixel, or of several */
	size_t		stride;			/* bytes of a row, without its filter */
	int			height;
} Repair;

/* Make room for so many more bytes. */
static bool
reserve(Repair *repair, size_t bytes)
{
	size_t		capacity = (repair->length + bytes) * 2;
	uint8_t    *larger;

	if (!repair->failed && bytes <= repair->capacity - repair->length)
		return true;
	larger = repair->failed ? NULL : realloc(repair->png, capacity);
	if (!larger)
		repair->failed = true;
	if (!larger)
		return false;
	repair->png = larger;
	repair->capacity = capacity;
	return true;
}

static void
append(Repair *repair, const void *bytes, size_t length)
{
	if (!reserve(repair, length))
		return;
	memcpy(repair->png + repair->length, bytes, length);
	repair->length += length;
}

static void
put_be32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t) (value >> (24 - 8 * i));
}

/* Begin a chunk, and end the one that began there: with its length and checksum. */
static size_t
begin_chunk(Repair *repair, const char *type)
{
	size_t		begin = repair->length;

	append(repair, "\0\0\0\0", 4);
	append(repair, type, 4);
	return begin;
}

static void
end_chunk(Repair *repair, size_t begin)
{
	size_t		length = repair->length - begin - CHUNK_HEAD;
	uint8_t		checksum[4];

	if (repair->failed || length > INT32_MAX)
	{
		repair->failed = true;
		return;
	}
	put_be32(repair->png + begin, (uint32_t) length);
	put_be32(checksum, crc32_gzip_refl(0, repair->png + begin + 4, length + 4));
	append(repair, checksum, sizeof(checksum));
}

/* The lightest of a palette's colours, as all pixels of a byte. */
static uint8_t
lightest(const PngChunk *palette, int depth)
{
	int			best = 0;
	int			best_sum = -1;

	for (int i = 0; i < 1 << depth && 3 * (uint32_t) (i + 1) <= palette->length; i++)
	{
		int			sum = palette->data[3 * i] + palette->data[3 * i + 1] + palette->data[3 * i + 2];

		if (sum > best_sum)
		{
			best = i;
			best_sum = sum;
		}
	}
	return (uint8_t) (best * (255 / ((1 << depth) - 1)));
}

/* What the header says; false if it is none that we know. */
static bool
read_header(Repair *repair, ImgResult *result)
{
	static const int channels[] = {1, 0, 3, 1, 2, 0, 4};
	PngChunk	chunk;
	uint64_t	bits;

	repair->at = PNG_FIRST_CHUNK;
	if (png_next(repair->file->data, repair->file->length, &repair->at, &chunk) != PNG_CHUNK ||
		!png_is(&chunk, "IHDR") || chunk.length != HEADER_LENGTH)
		return img_fail(result, TE_CORRUPT, "the PNG does not begin with its header");
	repair->depth = chunk.data[8];
	repair->type = chunk.data[9];
	repair->blank = 0xFF;
	bits = (uint64_t) be32(chunk.data) * repair->depth * (repair->type < 7 ? channels[repair->type] : 0);
	if (bits == 0 || repair->depth > 16 || be32(chunk.data) > INT32_MAX || be32(chunk.data + 4) > INT32_MAX || chunk.data[12] != 0)
		return img_fail(result, TE_CORRUPT, "no rows of an interlaced or unknown PNG can be shown");
	repair->stride = (size_t) ((bits + 7) / 8);
	repair->height = (int) be32(chunk.data + 4);
	return true;
}

/* Copy the chunks up to the first one with pixels. */
static void
copy_head(Repair *repair)
{
	const ImgFile *file = repair->file;
	size_t		before = repair->at;
	PngChunk	chunk;

	append(repair, file->data, repair->at);
	while (png_next(file->data, file->length, &repair->at, &chunk) == PNG_CHUNK && !png_is(&chunk, "IDAT"))
	{
		if (repair->type == PALETTE && repair->depth <= 8 && png_is(&chunk, "PLTE"))
			repair->blank = lightest(&chunk, repair->depth);
		if (crc32_gzip_refl(0, chunk.type, (uint64_t) chunk.length + 4) == be32(chunk.data + chunk.length))
			append(repair, file->data + before, repair->at - before);
		before = repair->at;
	}
	repair->at = before;
}

/* Go on to the next chunk with pixels, whether its checksum is right or not; the last one may be cut.  False if there is none. */
static bool
next_part(Repair *repair)
{
	const ImgFile *file = repair->file;
	const uint8_t *head = file->data + repair->at;
	size_t		left = file->length - repair->at;
	PngChunk	chunk;

	if (left <= CHUNK_HEAD || memcmp(head + 4, "IDAT", 4) != 0)
		return false;
	if (png_next(file->data, file->length, &repair->at, &chunk) == PNG_CHUNK)
		left = chunk.length;
	else
	{
		left = MIN(left - CHUNK_HEAD, be32(head));
		repair->at = file->length;
	}
	repair->inflater.next_in = (uint8_t *) head + CHUNK_HEAD;	/* only read */
	repair->inflater.avail_in = (uint32_t) left;
	return true;
}

/* Inflate one row; false if not all of it is there, or something is wrong. */
static bool
inflate_row(Repair *repair, uint8_t *row)
{
	struct inflate_state *inflater = &repair->inflater;

	inflater->next_out = row;
	inflater->avail_out = (uint32_t) repair->stride + 1;
	while (isal_inflate(inflater) == ISAL_DECOMP_OK)
	{
		if (inflater->avail_out == 0)
			return row[0] <= LAST_FILTER;
		if (inflater->block_state == ISAL_BLOCK_FINISH || inflater->avail_in > 0 || !next_part(repair))
			return false;
	}
	return false;
}

static void
pack(Repair *repair, uint8_t *bytes, size_t length, bool last)
{
	struct isal_zstream *deflater = &repair->deflater;

	deflater->next_in = bytes;
	deflater->avail_in = (uint32_t) length;
	deflater->end_of_stream = last;
	do
	{
		if (!reserve(repair, ROOM))
			return;
		deflater->next_out = repair->png + repair->length;
		deflater->avail_out = ROOM;
		if (isal_deflate(deflater) != COMP_OK)
			repair->failed = true;
		repair->length += ROOM - deflater->avail_out;
	} while (!repair->failed && (deflater->avail_in > 0 || deflater->avail_out == 0 ||
								 (last && deflater->internal_state.state != ZSTATE_END)));
}

/* Pack the rows that are left, and white ones for the rest.  Returns how many are left. */
static int
pack_rows(Repair *repair, uint8_t *row)
{
	int			rows = 0;

	isal_inflate_init(&repair->inflater);
	repair->inflater.crc_flag = ISAL_ZLIB;
	isal_deflate_init(&repair->deflater);
	repair->deflater.gzip_flag = IGZIP_ZLIB;
	while (rows < repair->height && !repair->failed && inflate_row(repair, row))
		pack(repair, row, repair->stride + 1, ++rows == repair->height);
	row[0] = 0;
	memset(row + 1, repair->blank, repair->stride);
	for (int y = rows; y < repair->height && !repair->failed; y++)
		pack(repair, row, repair->stride + 1, y + 1 == repair->height);
	return rows;
}

uint8_t *
img_png_repair(const ImgFile *file, size_t *length, ImgResult *result)
{
	Repair	   *repair = calloc(1, sizeof(Repair));
	uint8_t    *png = NULL;
	uint8_t    *row = NULL;
	size_t		pixels;
	int			rows;

	if (!repair)
	{
		img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
		return NULL;
	}
	repair->file = file;
	if (read_header(repair, result) && (row = malloc(repair->stride + 1)) != NULL)
	{
		copy_head(repair);
		pixels = begin_chunk(repair, "IDAT");
		rows = pack_rows(repair, row);
		end_chunk(repair, pixels);
		end_chunk(repair, begin_chunk(repair, "IEND"));
		if (repair->failed)
			img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
		else if (rows < MIN(repair->height, IMG_MIN_ROWS))
			img_fail(result, TE_CORRUPT, "fewer than %d rows are left", IMG_MIN_ROWS);
		else
			png = repair->png;
		*length = repair->length;
	}
	else
		img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
	if (!png)
		free(repair->png);
	free(row);
	free(repair);
	return png;
}
