/*
 * exif_find.c
 *		Where the EXIF is: JPEG segments, RIFF chunks, whole TIFF files, RAW.
 *
 * Goes by content: the format says which families to look at, the bytes decide.
 */
#include "image/exif_find.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "image/exif_tiff.h"

#define EXIF_HEADER		"Exif\0\0"
#define EXIF_HEADER_LEN	6

#define JPEG_SOS	0xDA
#define JPEG_EOI	0xD9
#define JPEG_APP1	0xE1

#define RAF_MAGIC	"FUJIFILMCCD-RAW"
#define PANASONIC_JPEG	0x002E	/* tag of the JPEG in an RW2 */

uint32_t
exif_be32(const uint8_t *at)
{
	return (uint32_t) at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static uint32_t
le32(const uint8_t *at)
{
	return (uint32_t) at[3] << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

/* Does a TIFF structure start here?  The number after the byte order is the walker's business. */
static bool
has_byte_order(const uint8_t *data, size_t length)
{
	return length >= 8 && (memcmp(data, "II", 2) == 0 || memcmp(data, "MM", 2) == 0);
}

/* The same, with the number that TIFF has there: chance does not write these four bytes. */
static bool
has_tiff_header(const uint8_t *data, size_t length)
{
	return length >= 8 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0);
}

void
exif_add_piece(ExifPieces *pieces, ExifDir dir,
			   const uint8_t *data, size_t length, uint8_t *owned)
{
	ExifPiece  *piece = &pieces->piece[pieces->count];

	if (length >= EXIF_HEADER_LEN && memcmp(data, EXIF_HEADER, EXIF_HEADER_LEN) == 0)
	{
		data += EXIF_HEADER_LEN;
		length -= EXIF_HEADER_LEN;
	}
	if (!has_byte_order(data, length) || pieces->count >= EXIF_MAX_PIECES)
	{
		if (pieces->count == 0)
			pieces->trouble = "EXIF block does not begin with a byte order";
		free(owned);
		return;
	}
	piece->dir = dir;
	piece->data = data;
	piece->length = length;
	piece->owned = owned;
	pieces->count++;
}

void
exif_pieces_free(ExifPieces *pieces)
{
	for (int i = 0; i < pieces->count; i++)
		free(pieces->piece[i].owned);
	pieces->count = 0;
}

/*
 * Append the continuation of an EXIF block that is larger than one segment.
 * False if memory or patience is at an end.
 */
static bool
append(ExifPiece *piece, const uint8_t *data, size_t length)
{
	uint8_t    *joined;

	if (length > EXIF_MAX_JOINED - piece->length)
		return false;
	joined = realloc(piece->owned, piece->length + length);
	if (joined == NULL)
		return false;
	if (piece->owned == NULL)
		memcpy(joined, piece->data, piece->length);
	memcpy(joined + piece->length, data, length);
	piece->owned = joined;
	piece->data = joined;
	piece->length += length;
	return true;
}

/*
 * One APP1 segment.  Some cameras write garbage of up to four bytes before
 * "Exif", other letters, or one NUL only behind it.  A segment that has the
 * header but no TIFF structure continues the one before.
 */
static void
jpeg_app1(const uint8_t *segment, size_t length, ExifPieces *pieces)
{
	for (size_t garbage = 0; garbage <= 4; garbage++)
	{
		const uint8_t *block;

		if (length < garbage + EXIF_HEADER_LEN)
			return;
		if (strncasecmp((const char *) segment + garbage, "Exif", 4) != 0 ||
			segment[garbage + 4] != '\0')
			continue;

		block = segment + garbage + EXIF_HEADER_LEN;
		length -= garbage + EXIF_HEADER_LEN;
		if (pieces->count > 0 && !has_tiff_header(block, length))
		{
			if (!append(&pieces->piece[pieces->count - 1], block, length))
				pieces->trouble = "EXIF block is too large";
		}
		else
			exif_add_piece(pieces, EXIF_DIR_IFD0, block, length, NULL);
		return;
	}
}

/*
 * The next segment of a JPEG, and where to go on behind it.  A marker without a length has a
 * segment of no bytes.  NULL at the end, and where the file ends within the segment.
 */
static const uint8_t *
jpeg_segment(const uint8_t *at, const uint8_t *end, uint8_t *marker, size_t *length)
{
	/* Anything may lie between segments; markers may be padded with more 0xFF. */
	at = at < end ? memchr(at, 0xFF, (size_t) (end - at)) : NULL;
	while (at != NULL && at < end && *at == 0xFF)
		at++;
	if (at == NULL || at >= end)
		return NULL;
	*marker = *at++;
	*length = 0;
	if (*marker == 0x00 || *marker == 0x01 || (*marker >= 0xD0 && *marker <= JPEG_EOI))
		return at;
	if (end - at < 2)
		return NULL;
	*length = (size_t) at[0] << 8 | at[1];
	if (*length < 2 || (size_t) (end - at) < *length)
		return NULL;
	*length -= 2;
	return at + 2;
}

/*
 * The EXIF segments before the picture.  What is last in the file, with not a whole segment
 * behind it, is what a broken transfer left, and not read.
 */
void
exif_find_jpeg(const uint8_t *data, size_t length, ExifPieces *pieces)
{
	const uint8_t *end = data + length;
	const uint8_t *last = NULL;		/* APP1 segment to be read if another follows */
	size_t		last_length = 0;
	const uint8_t *at;

	if (length < 4 || data[0] != 0xFF || data[1] != 0xD8)
		return;
	for (at = data + 2;;)
	{
		uint8_t		marker;
		size_t		segment;
		const uint8_t *next = jpeg_segment(at, end, &marker, &segment);

		if (next == NULL)
			break;
		if (last != NULL)
			jpeg_app1(last, last_length, pieces);
		if (marker == JPEG_SOS || marker == JPEG_EOI)
			return;
		last = marker == JPEG_APP1 ? next : NULL;
		last_length = segment;
		at = next + segment;
	}
	if (pieces->count == 0 &&
		(last != NULL || (end - at >= 2 && at[0] == 0xFF && at[1] == JPEG_APP1)))
		pieces->trouble = "file ends within its first segments";
}

/* WebP: the chunk counts, not the flag in VP8X that announces it. */
static void
find_webp(const uint8_t *data, size_t length, ExifPieces *pieces)
{
	size_t		at = 12;

	while (length >= 8 && at <= length - 8)
	{
		uint32_t	chunk = le32(data + at + 4);

		if (chunk > length - at - 8)
		{
			if (memcmp(data + at, "EXIF", 4) == 0)
				pieces->trouble = "file ends within the EXIF chunk";
			return;
		}
		if (memcmp(data + at, "EXIF", 4) == 0)
			exif_add_piece(pieces, EXIF_DIR_IFD0, data + at + 8, chunk, NULL);
		at += 8 + (size_t) chunk + (chunk & 1);
	}
}

/* Fujifilm's RAF names the place of a whole JPEG in its header. */
static void
find_raf(const uint8_t *data, size_t length, ExifPieces *pieces)
{
	uint32_t	offset,
				size;

	if (length < 0x5C)
		return;
	offset = exif_be32(data + 0x54);
	size = exif_be32(data + 0x58);
	if (offset > length)
	{
		pieces->trouble = "embedded JPEG lies outside the file";
		return;
	}
	if (size > length - offset)
		size = (uint32_t) (length - offset);
	exif_find_jpeg(data + offset, size, pieces);
}

/*
 * Panasonic's RW2 has a few tags of its own in its directories; the rest are
 * those of the JPEG inside.  The file's own come last: they count more.
 */
static void
find_panasonic(const uint8_t *data, size_t length, ExifPieces *pieces)
{
	Tiff		tiff;
	TiffDir		dir;
	TiffEntry	entry;

	if (tiff_open(&tiff, data, length) && tiff.magic == TIFF_MAGIC_PANASONIC &&
		tiff_dir(&tiff, tiff.first, &dir) && tiff_find(&tiff, &dir, PANASONIC_JPEG, &entry))
		exif_find_jpeg(entry.value, entry.bytes, pieces);
}

/* TIFF, and everything that calls itself RAW. */
static void
find_tiff_or_raw(const uint8_t *data, size_t length, ExifPieces *pieces)
{
	if (has_byte_order(data, length))
	{
		find_panasonic(data, length, pieces);
		exif_add_piece(pieces, EXIF_DIR_IFD0, data, length, NULL);
	}
	else if (length > sizeof(RAF_MAGIC) && memcmp(data, RAF_MAGIC, sizeof(RAF_MAGIC) - 1) == 0)
		find_raf(data, length, pieces);
	else if (length >= 12 && memcmp(data + 4, "ftyp", 4) == 0)
		exif_find_boxes(data, length, pieces);
}

void
exif_find(TeFormat format, const uint8_t *data, size_t length, ExifPieces *pieces)
{
	pieces->count = 0;
	pieces->trouble = NULL;
	switch (format)
	{
		case TE_FORMAT_JPEG:
			exif_find_jpeg(data, length, pieces);
			break;
		case TE_FORMAT_PNG:
			exif_find_png(data, length, pieces);
			break;
		case TE_FORMAT_WEBP:
			find_webp(data, length, pieces);
			break;
		case TE_FORMAT_HEIC:
		case TE_FORMAT_AVIF:
		case TE_FORMAT_JXL:
			exif_find_boxes(data, length, pieces);
			break;
		case TE_FORMAT_TIFF:
		case TE_FORMAT_RAW:
			find_tiff_or_raw(data, length, pieces);
			break;
		case TE_FORMAT_UNKNOWN:
		case TE_FORMAT_GIF:
		case TE_FORMAT_BMP:
			break;
	}
}
