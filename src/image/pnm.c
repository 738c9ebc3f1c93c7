/*
 * pnm.c
 *		Decodes PBM, PGM and PPM, as text or as bytes (P1 to P6), of 1 to 16 bits.
 *
 * libvips' loader gives samples as they are, whatever the header says is white.  Each row is shrunk as it
 * is read, so that an image of any size needs the memory of one of its rows and of the thumbnail.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include "container/bytes.h"

#define MAX_SIDE	0x7FFFFFFF
#define MAX_HEADER	4096		/* bytes of the header, with comments */

typedef struct Pnm
{
	int			kind;			/* 1 to 6, the digit behind the P */
	uint32_t	width,
				height;
	uint32_t	white;			/* the largest value of a sample */
	const uint8_t *at;			/* behind what has been read */
	const uint8_t *end;
} Pnm;

typedef enum PnmOutcome
{
	PNM_GOOD,
	PNM_ENDS,
	PNM_BAD
} PnmOutcome;

static bool
is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* White space, and comments up to the ends of their lines. */
static void
skip_space(Pnm *pnm)
{
	bool		comment = false;

	for (; pnm->at < pnm->end && (comment || is_space(*pnm->at) || *pnm->at == '#'); pnm->at++)
		comment = *pnm->at == '#' || (comment && *pnm->at != '\n' && *pnm->at != '\r');
}

/* The next number as text; it may be followed by anything but a digit. */
static PnmOutcome
read_number(Pnm *pnm, uint32_t *number)
{
	*number = 0;
	skip_space(pnm);
	if (pnm->at == pnm->end)
		return PNM_ENDS;
	if (!is_digit(*pnm->at))
		return PNM_BAD;
	for (; pnm->at < pnm->end && is_digit(*pnm->at); pnm->at++)
	{
		if (*number > (MAX_SIDE - 9) / 10)
			return PNM_BAD;
		*number = *number * 10 + (*pnm->at - '0');
	}
	return PNM_GOOD;
}

static bool
is_text(const Pnm *pnm)
{
	return pnm->kind <= 3;
}

static bool
is_bilevel(const Pnm *pnm)
{
	return pnm->kind == 1 || pnm->kind == 4;
}

static int
bands_of(const Pnm *pnm)
{
	return pnm->kind == 3 || pnm->kind == 6 ? 3 : 1;
}

/* The size: all that tells a PNM from a text that begins with "P1". */
static PnmOutcome
read_size(const uint8_t *data, size_t length, Pnm *pnm)
{
	PnmOutcome	outcome;

	if (length < 3 || data[0] != 'P' || data[1] < '1' || data[1] > '6' || !(is_space(data[2]) || data[2] == '#'))
		return PNM_BAD;
	*pnm = (Pnm) {.kind = data[1] - '0', .white = 1, .at = data + 2, .end = data + MIN(length, MAX_HEADER)};
	outcome = read_number(pnm, &pnm->width);
	if (outcome != PNM_GOOD)
		return outcome;
	if (pnm->at < pnm->end && !is_space(*pnm->at) && *pnm->at != '#')
		return PNM_BAD;
	return read_number(pnm, &pnm->height);
}

bool
img_pnm_is(const uint8_t *data, size_t length)
{
	Pnm			pnm;

	return read_size(data, length, &pnm) == PNM_GOOD && (pnm.at == pnm.end || is_space(*pnm.at) || *pnm.at == '#');
}

bool
img_pnm_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	Pnm			pnm;

	/* img_sniff has read it */
	if (read_size(file->data, file->length, &pnm) != PNM_GOOD)
		return img_fail(result, TE_CORRUPT, "the PNM does not begin with its size");
	*width = pnm.width;
	*height = pnm.height;
	return true;
}

/* The whole header.  pnm->at is then where the samples begin. */
static bool
open_pnm(const ImgFile *file, Pnm *pnm, ImgResult *result)
{
	PnmOutcome	outcome = read_size(file->data, file->length, pnm);

	if (outcome == PNM_GOOD && !is_bilevel(pnm))
		outcome = read_number(pnm, &pnm->white);
	if (outcome == PNM_GOOD && !is_text(pnm) && pnm->at == pnm->end)
		outcome = PNM_ENDS;
	if (outcome == PNM_ENDS && file->length < MAX_HEADER)
		return img_fail(result, TE_TRUNCATED, "the file ends within its header");
	if (outcome != PNM_GOOD || pnm->white == 0 || pnm->white > UINT16_MAX || (!is_text(pnm) && !is_space(*pnm->at)))
		return img_fail(result, TE_CORRUPT, "the header of the PNM is invalid");
	if (!is_text(pnm))
		pnm->at++;				/* one character of white space */
	pnm->end = file->data + file->length;
	return true;
}

/* A sample from 0 to white as one from 0 to 255; more than white is white. */
static uint8_t
scaled(const Pnm *pnm, uint32_t sample)
{
	if (sample >= pnm->white)
		return 255;
	return (uint8_t) ((sample * 255 + pnm->white / 2) / pnm->white);
}

/* A row as text.  In P1 digits need no space between them. */
static PnmOutcome
read_text_row(Pnm *pnm, size_t samples, uint8_t *row)
{
	for (size_t i = 0; i < samples; i++)
	{
		uint32_t	sample;
		PnmOutcome	outcome;

		if (pnm->kind == 1)
		{
			skip_space(pnm);
			if (pnm->at == pnm->end)
				return PNM_ENDS;
			if (*pnm->at != '0' && *pnm->at != '1')
				return PNM_BAD;
			row[i] = *pnm->at++ == '0' ? 255 : 0;
			continue;
		}
		outcome = read_number(pnm, &sample);
		if (outcome != PNM_GOOD)
			return outcome;
		row[i] = scaled(pnm, sample);
	}
	return PNM_GOOD;
}

/* A row as bytes. */
static PnmOutcome
read_bytes_row(Pnm *pnm, size_t samples, uint8_t *row)
{
	size_t		sample_bytes = pnm->white > 255 ? 2 : 1;
	size_t		bytes = is_bilevel(pnm) ? (samples + 7) / 8 : samples * sample_bytes;

	if ((size_t) (pnm->end - pnm->at) < bytes)
		return PNM_ENDS;
	if (pnm->white == 255)
		memcpy(row, pnm->at, bytes);
	else if (is_bilevel(pnm))
		for (size_t i = 0; i < samples; i++)
			row[i] = pnm->at[i / 8] & 0x80 >> i % 8 ? 0 : 255;
	else
		for (size_t i = 0; i < samples; i++)
			row[i] = scaled(pnm, sample_bytes == 2 ? be16(pnm->at + i * 2) : pnm->at[i]);
	pnm->at += bytes;
	return PNM_GOOD;
}

/* All rows into the reducer, or as they are into "pixels" if there is none. */
static bool
read_rows(Pnm *pnm, ImgReducer *reducer, uint8_t *pixels, ImgResult *result)
{
	size_t		samples = (size_t) pnm->width * bands_of(pnm);
	uint8_t    *row = malloc(samples);
	PnmOutcome	outcome = PNM_GOOD;

	if (!row)
		return img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
	for (uint32_t y = 0; y < pnm->height && outcome == PNM_GOOD; y++)
	{
		outcome = is_text(pnm) ? read_text_row(pnm, samples, row) : read_bytes_row(pnm, samples, row);
		if (outcome == PNM_GOOD && reducer)
			img_reducer_add(reducer, row);
		else if (outcome == PNM_GOOD)
			memcpy(pixels + y * samples, row, samples);
	}
	free(row);
	if (outcome == PNM_ENDS)
		return img_fail(result, TE_TRUNCATED, "the PNM ends too early");
	return outcome == PNM_GOOD || img_fail(result, TE_CORRUPT, "the PNM has something other than numbers");
}

VipsImage *
img_pnm_decode(const ImgFile *file, int width, int height, ImgResult *result)
{
	Pnm			pnm;
	ImgSide		across,
				down;
	ImgReducer *reducer = NULL;
	uint8_t    *pixels;
	bool		whole,
				good;

	if (!open_pnm(file, &pnm, result))
		return NULL;
	if (pnm.height / (uint32_t) height >= IMG_REDUCER_LIMIT)
	{
		img_fail(result, TE_UNSUPPORTED, "the image is too high for its width");
		return NULL;
	}
	across = img_side((int) pnm.width, width);
	down = img_side((int) pnm.height, height);
	whole = (uint32_t) width == pnm.width && (uint32_t) height == pnm.height;
	pixels = malloc((size_t) width * height * bands_of(&pnm));
	if (pixels && !whole)
		reducer = img_reducer_new(&across, &down, bands_of(&pnm), false, pixels);
	good = reducer || (pixels && whole) ? read_rows(&pnm, reducer, pixels, result) :
		img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
	if (reducer)
		img_reducer_free(reducer);
	if (!good)
	{
		free(pixels);
		return NULL;
	}
	return img_wrap(pixels, width, height, bands_of(&pnm), NULL, 0, file, result);
}
