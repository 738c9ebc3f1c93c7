/*
 * text.c
 *		Converts text of EXIF values to clean UTF-8.
 */
#include "exif/text.h"

#include <string.h>

#include "exif/jis.h"
#include "wire/utf8.h"

#define CODE_LENGTH 8			/* bytes that name the character code of a UserComment */

size_t
text_length(const uint8_t *bytes, size_t length)
{
	const uint8_t *nul = length > 0 ? memchr(bytes, '\0', length) : NULL;

	return nul != NULL ? (size_t) (nul - bytes) : length;
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t
text_trimmed(const uint8_t *bytes, size_t length)
{
	length = text_length(bytes, length);
	while (length > 0 && is_space(bytes[length - 1]))
		length--;
	return length;
}

static bool
is_utf8(const uint8_t *bytes, size_t length)
{
	uint32_t	c;

	for (size_t at = 0, count; at < length; at += count)
	{
		count = te_utf8_decode(bytes + at, length - at, &c);
		if (count == 0)
			return false;
	}
	return true;
}

bool
text_is_clean(const uint8_t *bytes, size_t length)
{
	uint32_t	c;

	while (length > 0 && bytes[length - 1] == '\0')
		length--;
	for (size_t at = 0, count; at < length; at += count)
	{
		count = te_utf8_decode(bytes + at, length - at, &c);
		if (count == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c < 0xA0))
			return false;
	}
	return length > 0;
}

/* If "stripped", without white space at its start. */
static void
convert(ExifOut *out, const uint8_t *bytes, size_t length, bool stripped)
{
	bool		utf8 = is_utf8(bytes, length);
	uint32_t	c;

	for (size_t at = 0; at < length && !out->full;)
	{
		if (utf8)
			at += te_utf8_decode(bytes + at, length - at, &c);
		else
			c = bytes[at++];	/* Latin-1 */
		if (stripped && out->text_end == out->text_start && c < 0x80 && is_space((uint8_t) c))
			continue;
		out_char(out, c);
	}
}

void
text_plain(ExifOut *out, const uint8_t *bytes, size_t length)
{
	convert(out, bytes, length, false);
}

bool
text_stripped(ExifOut *out, const uint8_t *bytes, size_t length)
{
	out_text_begin(out);
	convert(out, bytes, length, true);
	return out_text_end(out);
}

bool
text_is_blank(const uint8_t *bytes, size_t length)
{
	while (length > 0 && is_space(bytes[length - 1]))
		length--;
	return length == 0;
}

void
text_copyright(ExifOut *out, const uint8_t *bytes, size_t length)
{
	size_t		first = text_length(bytes, length);
	size_t		second = first < length ? text_trimmed(bytes + first + 1, length - first - 1) : 0;

	text_plain(out, bytes, text_trimmed(bytes, first));
	if (second > 0)
	{
		out_char(out, '\n');
		text_plain(out, bytes + first + 1, second);
	}
}

void
text_utf16(ExifOut *out, const uint8_t *bytes, size_t length, bool big_endian)
{
	uint32_t	high = 0;

	if (length >= 2 && ((bytes[0] == 0xFE && bytes[1] == 0xFF) ||
						(bytes[0] == 0xFF && bytes[1] == 0xFE)))
	{
		big_endian = bytes[0] == 0xFE;
		bytes += 2;
		length -= 2;
	}
	for (; length >= 2 && !out->full; bytes += 2, length -= 2)
	{
		uint32_t	c = big_endian ? (uint32_t) bytes[0] << 8 | bytes[1] : (uint32_t) bytes[1] << 8 | bytes[0];

		if (c == 0)
			return;
		if (c >= 0xD800 && c < 0xDC00)
		{
			high = c;
			continue;
		}
		if (c >= 0xDC00 && c < 0xE000 && high != 0)
			c = 0x10000 + ((high & 0x3FF) << 10) + (c & 0x3FF);
		high = 0;
		out_char(out, c);
	}
}

/*
 * Windows programs write little-endian UTF-16 into big-endian blocks.  The lower halves are the
 * bytes with more different values; on a tie, the half with fewer zero bytes.
 */
static bool
guess_big_endian(const uint8_t *bytes, size_t length, bool big_endian)
{
	bool		seen[2][256] = {{false}};
	int			different[2] = {0, 0};
	int			zeros[2] = {0, 0};
	int			high = big_endian ? 0 : 1;

	for (size_t i = 0; i + 1 < length; i += 2)
	{
		for (int half = 0; half < 2; half++)
		{
			uint8_t		byte = bytes[i + half];

			different[half] += !seen[half][byte];
			seen[half][byte] = true;
			zeros[half] += byte == 0;
		}
	}
	if (different[high] > different[!high] ||
		(different[high] == different[!high] && zeros[!high] > zeros[high]))
		return !big_endian;
	return big_endian;
}

/* Does the code begin with this name, followed by NULs or blanks only? */
static bool
has_code(const uint8_t *bytes, const char *name)
{
	size_t		length = strlen(name);

	if (memcmp(bytes, name, length) != 0)
		return false;
	for (size_t i = length; i < CODE_LENGTH; i++)
		if (bytes[i] != '\0' && bytes[i] != ' ')
			return false;
	return true;
}

/* Is it text if NULs are ignored?  An empty value is. */
static bool
is_clean_but_nuls(const uint8_t *bytes, size_t length)
{
	while (length > 0)
	{
		size_t		part = text_length(bytes, length);

		if (part > 0 && !text_is_clean(bytes, part))
			return false;
		if (part < length)
			part++;
		bytes += part;
		length -= part;
	}
	return true;
}

bool
text_coded(ExifOut *out, const uint8_t *bytes, size_t length, bool big_endian)
{
	const uint8_t *text = bytes + CODE_LENGTH;
	size_t		rest = length - CODE_LENGTH;

	if (length >= CODE_LENGTH && has_code(bytes, "UNICODE"))
		text_utf16(out, text, rest, guess_big_endian(text, rest, big_endian));
	else if (length >= CODE_LENGTH && has_code(bytes, "JIS"))
		text_jis(out, text, text_length(text, rest));
	else if (length >= CODE_LENGTH && (has_code(bytes, "ASCII") || has_code(bytes, "") ||
									   bytes[0] == '\0' || memcmp(bytes, "ASCII", 6) == 0))
		text_plain(out, text, text_length(text, rest));
	else if (is_clean_but_nuls(bytes, length))
		text_plain(out, bytes, length); /* some cameras write "Unicode" or their own name before ASCII */
	else
		return false;
	return true;
}
