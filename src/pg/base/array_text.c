/*
 * array_text.c
 *		Several texts as one, as PostgreSQL writes an array of texts: {7,"a b"}.
 *
 * SQL writes the same by a cast of an array to text, so both must agree in every byte.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "array_text.h"

#define SPACES " \t\n\r\v\f"

static bool
needs_quotes(const char *value)
{
	return value[0] == '\0' || pg_strcasecmp(value, "NULL") == 0 || strpbrk(value, "\"\\{}," SPACES) != NULL;
}

char *
te_array_text(const char *const *values, int count)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	for (int i = 0; i < count; i++)
	{
		bool		quotes = needs_quotes(values[i]);

		if (i > 0)
			appendStringInfoChar(&text, ',');
		if (quotes)
			appendStringInfoChar(&text, '"');
		for (const char *c = values[i]; *c != '\0'; c++)
		{
			if (*c == '"' || *c == '\\')
				appendStringInfoChar(&text, '\\');
			appendStringInfoChar(&text, *c);
		}
		if (quotes)
			appendStringInfoChar(&text, '"');
	}
	appendStringInfoChar(&text, '}');
	return text.data;
}

/* Read a value in quotes, of which *at is the first.  NULL if the last is missing. */
static char *
parse_quoted(const char **at)
{
	StringInfoData value;
	const char *c;

	initStringInfo(&value);
	for (c = *at + 1; *c != '"'; c++)
	{
		if (*c == '\\')
			c++;
		if (*c == '\0')
			return NULL;
		appendStringInfoChar(&value, *c);
	}
	*at = c + 1;
	return value.data;
}

/* Read a value without quotes.  NULL if it is empty or NULL, or malformed. */
static char *
parse_plain(const char **at)
{
	StringInfoData value;
	int			length = 0;		/* without spaces behind it */
	bool		escaped = false;
	const char *c;

	initStringInfo(&value);
	for (c = *at; *c != ',' && *c != '}'; c++)
	{
		bool		escape = *c == '\\';

		if (escape)
			c++;
		if (*c == '\0' || (!escape && (*c == '"' || *c == '{')))
			return NULL;
		appendStringInfoChar(&value, *c);
		escaped |= escape;
		if (escape || strchr(SPACES, *c) == NULL)
			length = value.len;
	}
	*at = c;
	value.data[length] = '\0';
	return length == 0 || (!escaped && pg_strcasecmp(value.data, "NULL") == 0) ? NULL : value.data;
}

int
te_array_text_parse(const char *text, char **values, int most)
{
	const char *at = text + strspn(text, SPACES);
	int			count = 0;

	if (*at != '{')
		return -1;
	do
	{
		at++;
		at += strspn(at, SPACES);
		if (count == most)
			return -1;
		values[count] = *at == '"' ? parse_quoted(&at) : parse_plain(&at);
		if (values[count++] == NULL)
			return -1;
		at += strspn(at, SPACES);
	} while (*at == ',');
	if (*at != '}')
		return -1;
	at++;
	return at[strspn(at, SPACES)] == '\0' ? count : -1;
}
