/*
 * json.c
 *		Writes clean text, plain or as JSON, into a buffer of fixed size.
 */
#include "exif/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

#define TRUNCATED_FLAG	"\"_truncated\":true"
#define RESERVE			(sizeof(TRUNCATED_FLAG) + 3)	/* with comma, brace and NUL */
#define MAX_VALUE		(64 * 1024) /* bytes of one value */

void
out_bytes(ExifOut *out, const char *bytes, size_t length)
{
	if (out->full || length >= out->size - out->length)
	{
		out->full = true;
		return;
	}
	memcpy(out->text + out->length, bytes, length);
	out->length += length;
}

void
out_string(ExifOut *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void
out_text_begin(ExifOut *out)
{
	out->text_start = out->text_end = out->length;
}

bool
out_text_end(ExifOut *out)
{
	out->length = out->text_end;
	return out->text_end > out->text_start;
}

void
out_char(ExifOut *out, uint32_t c)
{
	char		utf8[4];

	if (out->json)
	{
		const char *escaped = c == '"' ? "\\\"" : c == '\\' ? "\\\\" :
		c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;

		if (escaped != NULL)
		{
			out_bytes(out, escaped, 2);
			if ((c == '"' || c == '\\') && !out->full)
				out->text_end = out->length;
			return;
		}
	}
	else if (out->lines && (c == '\n' || c == '\r' || c == '\t'))
	{
		utf8[0] = (char) c;
		out_bytes(out, utf8, 1);
		return;
	}
	if (c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF)
		return;
	if (c < 0x80)
	{
		utf8[0] = (char) c;
		out_bytes(out, utf8, 1);
	}
	else if (c < 0x800)
	{
		utf8[0] = (char) (0xC0 | c >> 6);
		utf8[1] = (char) (0x80 | (c & 0x3F));
		out_bytes(out, utf8, 2);
	}
	else if (c < 0x10000)
	{
		utf8[0] = (char) (0xE0 | c >> 12);
		utf8[1] = (char) (0x80 | (c >> 6 & 0x3F));
		utf8[2] = (char) (0x80 | (c & 0x3F));
		out_bytes(out, utf8, 3);
	}
	else
	{
		utf8[0] = (char) (0xF0 | c >> 18);
		utf8[1] = (char) (0x80 | (c >> 12 & 0x3F));
		utf8[2] = (char) (0x80 | (c >> 6 & 0x3F));
		utf8[3] = (char) (0x80 | (c & 0x3F));
		out_bytes(out, utf8, 4);
	}
	if (c != ' ' && !out->full)
		out->text_end = out->length;
}

void
out_unsigned(ExifOut *out, uint64_t value)
{
	char		digits[20];
	size_t		at = sizeof(digits);

	do
	{
		digits[--at] = (char) ('0' + value % 10);
		value /= 10;
	} while (value > 0);
	out_bytes(out, digits + at, sizeof(digits) - at);
}

void
out_signed(ExifOut *out, int64_t value)
{
	if (value < 0)
		out_bytes(out, "-", 1);
	out_unsigned(out, value < 0 ? 0 - (uint64_t) value : (uint64_t) value);
}

void
out_number(ExifOut *out, double value, int digits)
{
	char		buffer[64];
	size_t		length = 0;
	const char *exponent;

	if (!isfinite(value))
	{
		out_bytes(out, "null", 4);
		return;
	}
	snprintf(buffer, sizeof(buffer), "%.*g", digits, value);
	exponent = strchr(buffer, 'e');
	if (exponent != NULL)
		out->more_digits += abs(atoi(exponent + 1));
	if (out->more_digits > TE_JSON_DIGITS)
		out->full = true;

	/* The decimal point may be anything, even several bytes, in some locales. */
	for (const char *at = buffer; *at != '\0'; at++)
	{
		if (strchr("0123456789+-e", *at) != NULL)
			buffer[length++] = *at;
		else if (length == 0 || buffer[length - 1] != '.')
			buffer[length++] = '.';
	}
	out_bytes(out, buffer, length);
}

void
out_end(ExifOut *out)
{
	out->text[out->length] = '\0';
}

void
json_begin(ExifJson *json, char *buffer, size_t size)
{
	memset(json, 0, sizeof(*json));
	json->size = size - RESERVE;
	json->out.text = buffer;
	json->out.size = json->size;
	json->out.json = true;
	out_bytes(&json->out, "{", 1);
}

void
json_member(ExifJson *json, const char *name)
{
	ExifOut    *out = &json->out;

	json->mark = out->length;
	json->mark_digits = out->more_digits;
	out->size = json->size;
	if (json->size - out->length > MAX_VALUE)
		out->size = out->length + MAX_VALUE;
	if (!json_is_empty(json))
		out_bytes(out, ",", 1);
	out_bytes(out, "\"", 1);
	out_string(out, name);
	out_bytes(out, "\":", 2);
}

void
json_member_end(ExifJson *json)
{
	if (!json->out.full)
		return;
	json->out.full = false;
	json_member_drop(json);
	json->truncated = true;
}

void
json_member_drop(ExifJson *json)
{
	json->out.length = json->mark;
	json->out.more_digits = json->mark_digits;
}

bool
json_is_empty(const ExifJson *json)
{
	return json->out.length == 1;
}

void
json_end(ExifJson *json)
{
	/* json_begin reserved the room for both. */
	json->out.size = json->size + RESERVE;
	if (json->truncated)
	{
		if (!json_is_empty(json))
			out_bytes(&json->out, ",", 1);
		out_string(&json->out, TRUNCATED_FLAG);
	}
	out_bytes(&json->out, "}", 1);
	out_end(&json->out);
}
