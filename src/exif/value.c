/*
 * value.c
 *		Writes a tag's value as JSON: a number, an array of numbers, a text, or a length.
 *
 * Values are not translated into text, scaled or rounded: an APEX value stays one.
 */
#include "exif/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libexif/exif-utils.h>

#include "exif/text.h"

#define RATIONAL_DIGITS 10		/* as many as a 32-bit numerator has */
#define MAX_TEXT (256 * 1024)	/* bytes of a text that are read: more than the JSON can hold */

/* A rational as one number; null if its denominator is zero. */
static void
out_rational(ExifOut *out, int64_t numerator, int64_t denominator)
{
	if (denominator == 0)
		out_string(out, "null");
	else if (numerator % denominator == 0)
		out_signed(out, numerator / denominator);
	else
		out_number(out, (double) numerator / (double) denominator, RATIONAL_DIGITS);
}

/* The shortest form that reads back as the same number. */
static void
out_float(ExifOut *out, double value, bool single)
{
	static const int digits[2][4] = {{15, 16, 17, 17}, {6, 7, 8, 9}};
	char		buffer[64];
	int			i;

	for (i = 0; i < 3; i++)
	{
		/* Both functions use the same locale. */
		snprintf(buffer, sizeof(buffer), "%.*g", digits[single][i], value);
		if (single ? strtof(buffer, NULL) == (float) value : strtod(buffer, NULL) == value)
			break;
	}
	out_number(out, value, digits[single][i]);
}

/* One value of the entry's type. */
static void
out_one(ExifOut *out, const ExifFound *found, uint64_t index, TagKind kind)
{
	const Tiff *tiff = found->tiff;
	const TiffEntry *entry = &found->entry;
	const uint8_t *at = entry->value + (size_t) index * tiff_type_size(entry->type);
	uint64_t	whole;
	double		number;

	if (entry->type == TIFF_SRATIONAL || (entry->type == TIFF_RATIONAL && kind == TAG_SIGNED))
		out_rational(out, exif_get_slong(at, tiff->order), exif_get_slong(at + 4, tiff->order));
	else if (entry->type == TIFF_RATIONAL)
		out_rational(out, exif_get_long(at, tiff->order), exif_get_long(at + 4, tiff->order));
	else if (entry->type == TIFF_SLONG8)
		out_signed(out, (int64_t) tiff_long8(tiff, at));
	else if (!tiff_number(tiff, entry, index, &number))
		out_string(out, "null");
	else if (entry->type == TIFF_FLOAT || entry->type == TIFF_DOUBLE)
		out_float(out, number, entry->type == TIFF_FLOAT);
	else if (kind == TAG_FIXED8)
		out_number(out, number / 256, RATIONAL_DIGITS);
	else if (tiff_uint(tiff, entry, index, &whole))
		out_unsigned(out, whole);
	else
		out_signed(out, (int64_t) number);
}

/* All values: one is a number, several are an array, too many are a length. */
static void
out_numbers(ExifOut *out, const ExifFound *found, TagKind kind)
{
	uint64_t	count = found->entry.count;
	uint64_t	limit = tiff_type_size(found->entry.type) == 1 ? EXIF_MAX_BYTES : EXIF_MAX_ARRAY;

	if (count == 0)
		out_string(out, "null");
	else if (count == 1)
		out_one(out, found, 0, kind);
	else if (count > limit)
		out_unsigned(out, found->entry.bytes);
	else
	{
		for (uint64_t i = 0; i < count && !out->full; i++)
		{
			out_string(out, i == 0 ? "[" : ",");
			out_one(out, found, i, kind);
		}
		out_string(out, "]");
	}
}

/*
 * Two 16-bit sizes, then a byte for each cell, as an array.  The byte order of the
 * sizes is often not the block's.  False if the value has another form.
 */
static bool
out_cfa(ExifOut *out, const ExifFound *found)
{
	const uint8_t *at = found->entry.value;
	size_t		cells = found->entry.bytes;
	uint8_t		copy[EXIF_MAX_BYTES + 1] = {0};
	ExifByteOrder order = found->tiff->order;

	if (cells < 4 || cells > EXIF_MAX_BYTES)
		return false;
	if (strspn((const char *) memcpy(copy, at, cells), "0123456") == cells)
	{
		/* Some of Panasonic's cameras write digits. */
		for (size_t i = 0; i < cells; i++)
			copy[i] -= '0';
		at = copy;
	}
	cells -= 4;
	for (int attempt = 0; attempt < 2; attempt++)
	{
		uint32_t	across = exif_get_short(at, order);
		uint32_t	down = exif_get_short(at + 2, order);

		if ((size_t) across * down <= cells)
		{
			out_string(out, "[");
			out_unsigned(out, across);
			out_string(out, ",");
			out_unsigned(out, down);
			for (size_t i = 0; i < cells; i++)
			{
				out_string(out, ",");
				out_unsigned(out, at[4 + i]);
			}
			out_string(out, "]");
			return true;
		}
		order = order == EXIF_BYTE_ORDER_INTEL ? EXIF_BYTE_ORDER_MOTOROLA : EXIF_BYTE_ORDER_INTEL;
	}
	return false;
}

static void
out_hex(ExifOut *out, const uint8_t *bytes, size_t length)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < length; i++)
	{
		out_char(out, (uint8_t) digits[bytes[i] >> 4]);
		out_char(out, (uint8_t) digits[bytes[i] & 15]);
	}
}

/* The text after the last ": ", or all of it. */
static void
out_labelled(ExifOut *out, const uint8_t *bytes, size_t length)
{
	size_t		start;

	length = text_length(bytes, length);
	for (start = length; start > 0; start--)
		if (start >= 2 && bytes[start - 2] == ':' && bytes[start - 1] == ' ')
			break;
	text_plain(out, bytes + start, length - start);
}

/* A value that is text by its kind or type.  False if its bytes are not text. */
static bool
out_text(ExifOut *out, const ExifFound *found, TagKind kind)
{
	const uint8_t *bytes = found->entry.value;
	size_t		length = found->entry.bytes < MAX_TEXT ? found->entry.bytes : MAX_TEXT;
	bool		big_endian = found->tiff->order == EXIF_BYTE_ORDER_MOTOROLA;

	switch (kind)
	{
		case TAG_COPYRIGHT:
			text_copyright(out, bytes, length);
			return true;
		case TAG_LABELLED:
			out_labelled(out, bytes, length);
			return true;
		case TAG_UTF16:
			text_utf16(out, bytes, length, false);
			return true;
		case TAG_CODED:
			return text_coded(out, bytes, length, big_endian);
		case TAG_HEX:
			if (length > EXIF_MAX_BYTES)
				return false;
			out_hex(out, bytes, length);
			return true;
		default:
			text_plain(out, bytes, text_length(bytes, length));
			return true;
	}
}

/* Are the bytes text, whatever the type? */
static bool
is_clean(const TiffEntry *entry)
{
	return entry->bytes <= MAX_TEXT && text_is_clean(entry->value, entry->bytes);
}

/* Is this value to be read as text? */
static bool
is_text(const TiffEntry *entry, TagKind kind)
{
	if (entry->type == TIFF_ASCII || entry->type == TIFF_UTF8 || kind == TAG_UTF16)
		return true;
	if (tiff_type_size(entry->type) != 1)
		return false;
	switch (kind)
	{
		case TAG_PLAIN:
			return entry->type == TIFF_UNDEFINED && entry->count > 1 && is_clean(entry);
		case TAG_CLEAN:
			return entry->type == TIFF_UNDEFINED && is_clean(entry);
		case TAG_OPAQUE:
		case TAG_TEXT:
		case TAG_COPYRIGHT:
		case TAG_CODED:
		case TAG_HEX:
			return true;
		default:
			return false;
	}
}

/* A text; null if nothing but blanks is in it; a length if it is none. */
static void
out_text_value(ExifOut *out, const ExifFound *found, TagKind kind)
{
	size_t		start = out->length;

	out_bytes(out, "\"", 1);
	out_text_begin(out);
	if (!out_text(out, found, kind))
	{
		out->length = start;
		out_unsigned(out, found->entry.bytes);
	}
	else if (out_text_end(out))
		out_bytes(out, "\"", 1);
	else
	{
		out->length = start;
		out_string(out, "null");
	}
}

void
exif_value(ExifOut *out, const ExifFound *found, TagKind kind)
{
	if (kind == TAG_BINARY || (kind == TAG_OPAQUE && !is_clean(&found->entry)))
	{
		out_unsigned(out, found->entry.bytes);
		return;
	}
	if (kind == TAG_CFA && found->entry.type == TIFF_UNDEFINED && out_cfa(out, found))
		return;
	if (is_text(&found->entry, kind))
		out_text_value(out, found, kind);
	else
		out_numbers(out, found, kind);
}
