/*
 * text.c
 *		Checks text and JSON from a decoder.  Allocates nothing.
 */
#include "wire/text.h"

#include <stdint.h>
#include <string.h>

#include "wire/utf8.h"

size_t
te_text_character(const char *text, size_t length)
{
	uint32_t	character;
	size_t		bytes = te_utf8_decode((const uint8_t *) text, length, &character);

	if (bytes == 0 || character < 0x20 || (character >= 0x7f && character < 0xa0))
		return 0;
	return bytes;
}

bool
te_text_clean(const char *text, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		size_t		bytes = te_text_character(text + at, length - at);

		if (bytes == 0)
			return false;
		at += bytes;
	}
	return true;
}

bool
te_text_lines_clean(const char *text, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		bool		is_blank = text[at] == '\t' || text[at] == '\n' || text[at] == '\r';
		size_t		bytes = is_blank ? 1 : te_text_character(text + at, length - at);

		if (bytes == 0)
			return false;
		at += bytes;
	}
	return true;
}

/* The input that is left.  A take_ function consumes what it accepts, and nothing else. */
typedef struct Json
{
	const char *at,
			   *end;
	int			more_digits;	/* of the numbers so far, with their exponents written out */
} Json;

static bool
take(Json *json, char wanted)
{
	if (json->at == json->end || *json->at != wanted)
		return false;
	json->at++;
	return true;
}

static void
take_spaces(Json *json)
{
	while (take(json, ' '))
		;
}

static bool
take_word(Json *json, const char *word)
{
	size_t		length = strlen(word);

	if ((size_t) (json->end - json->at) < length || memcmp(json->at, word, length) != 0)
		return false;
	json->at += length;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The rest of an escape, after the backslash. */
static bool
take_escape(Json *json)
{
	int			high,
				low;

	if (json->at == json->end)
		return false;
	if (*json->at != 'u')
		return memchr("\"\\/bfnrt", *json->at++, 8) != NULL;

	if (json->end - json->at < 5 || json->at[1] != '0' || json->at[2] != '0')
		return false;
	high = hex_digit(json->at[3]);
	low = hex_digit(json->at[4]);
	if (high < 0 || high > 7 || low < 0 || high + low == 0)
		return false;
	json->at += 5;
	return true;
}

static bool
take_string(Json *json)
{
	if (!take(json, '"'))
		return false;
	while (!take(json, '"'))
	{
		if (take(json, '\\'))
		{
			if (!take_escape(json))
				return false;
		}
		else
		{
			size_t		bytes = 0;

			if (json->at < json->end)
				bytes = te_text_character(json->at, json->end - json->at);
			if (bytes == 0)
				return false;
			json->at += bytes;
		}
	}
	return true;
}

/* At least one digit; returns how many. */
static int
take_digits(Json *json)
{
	const char *start = json->at;

	while (json->at < json->end && *json->at >= '0' && *json->at <= '9')
		json->at++;
	return (int) (json->at - start);
}

/* The exponent of a number, after the "e". */
static bool
take_exponent(Json *json)
{
	int			value = 0;
	const char *start;

	if (!take(json, '-'))
		take(json, '+');
	start = json->at;
	if (take_digits(json) == 0 || json->at - start > 3)
		return false;
	for (; start < json->at; start++)
		value = value * 10 + (*start - '0');
	json->more_digits += value;
	return value <= TE_JSON_EXPONENT && json->more_digits <= TE_JSON_DIGITS;
}

static bool
take_number(Json *json)
{
	const char *start = json->at;

	take(json, '-');
	if (!take(json, '0') && take_digits(json) == 0)
		return false;
	if (take(json, '.') && take_digits(json) == 0)
		return false;
	if ((take(json, 'e') || take(json, 'E')) && !take_exponent(json))
		return false;
	return json->at - start <= TE_JSON_NUMBER;
}

static bool take_members(Json *json, char close, int depth);

static bool
take_value(Json *json, int depth)
{
	if (take(json, '{'))
		return take_members(json, '}', depth + 1);
	if (take(json, '['))
		return take_members(json, ']', depth + 1);
	if (json->at < json->end && *json->at == '"')
		return take_string(json);
	return take_word(json, "null") || take_word(json, "true") || take_word(json, "false") ||
		take_number(json);
}

/* The members of an object or array, and its closing bracket. */
static bool
take_members(Json *json, char close, int depth)
{
	if (depth > TE_JSON_DEPTH)
		return false;
	take_spaces(json);
	if (take(json, close))
		return true;
	do
	{
		take_spaces(json);
		if (close == '}')
		{
			if (!take_string(json))
				return false;
			take_spaces(json);
			if (!take(json, ':'))
				return false;
			take_spaces(json);
		}
		if (!take_value(json, depth))
			return false;
		take_spaces(json);
	} while (take(json, ','));
	return take(json, close);
}

bool
te_json_clean(const char *text, size_t length)
{
	Json		json = {text, text + length, 0};

	return take(&json, '{') && take_members(&json, '}', 1) && json.at == json.end;
}
