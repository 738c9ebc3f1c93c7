/*
 * words.c
 *		SQL functions thumbexif_keywords() and thumbexif_document(): keywords of exif_metadata, and the words by which a photo is
 *		found.  They never fail, so that they can be used in indexes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "exif_value.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_keywords);
PG_FUNCTION_INFO_V1(thumbexif_keywords_array);
PG_FUNCTION_INFO_V1(thumbexif_document);

#define MAX_KEYWORDS	1000	/* of a photo */
#define MAX_KEYWORD		200		/* bytes: an index takes no item of 3 kB */
#define MAX_DOCUMENT	100000	/* bytes */

/* --- keywords */

typedef struct Keywords
{
	Datum		values[MAX_KEYWORDS];
	int			count;
} Keywords;

static void
add_keyword(Keywords *keywords, const char *data, int length)
{
	length = pg_mbcliplen(data, length, MAX_KEYWORD);
	while (length > 0 && data[length - 1] == ' ')
		length--;
	if (length == 0 || keywords->count == MAX_KEYWORDS)
		return;
	for (int i = 0; i < keywords->count; i++)
	{
		const text *other = (const text *) DatumGetPointer(keywords->values[i]);

		if ((int) VARSIZE_ANY_EXHDR(other) == length && memcmp(VARDATA_ANY(other), data, length) == 0)
			return;
	}
	keywords->values[keywords->count++] = PointerGetDatum(cstring_to_text_with_len(data, length));
}

/* Add the texts of a value, a text or an array. */
static void
add_keywords(Keywords *keywords, const Jsonb *exif, const char *key)
{
	JsonbValue	value;
	JsonbIterator *iterator;
	JsonbIteratorToken token;

	if (!te_exif_value_get(exif, key, (int) strlen(key), &value))
		return;
	if (value.type == jbvString)
		add_keyword(keywords, value.val.string.val, value.val.string.len);
	if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
		return;
	iterator = JsonbIteratorInit(value.val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
		if (token == WJB_ELEM && value.type == jbvString)
			add_keyword(keywords, value.val.string.val, value.val.string.len);
}

static Datum
return_keywords(FunctionCallInfo fcinfo, Keywords *keywords)
{
	if (keywords->count == 0)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(construct_array(keywords->values, keywords->count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* thumbexif_keywords(exif jsonb) RETURNS text[]; NULL if there are none */
Datum
thumbexif_keywords(PG_FUNCTION_ARGS)
{
	const Jsonb *exif = PG_GETARG_JSONB_P(0);
	Keywords   *keywords = palloc(sizeof(Keywords));

	keywords->count = 0;
	add_keywords(keywords, exif, "XMP:Subject");
	add_keywords(keywords, exif, "IPTC:Keywords");
	return return_keywords(fcinfo, keywords);
}

/* thumbexif_keywords(keywords text[]) RETURNS text[]: what of a column of keywords fits into an index */
Datum
thumbexif_keywords_array(PG_FUNCTION_ARGS)
{
	Keywords   *keywords = palloc(sizeof(Keywords));
	Datum	   *values;
	bool	   *nulls;
	int			count;

	keywords->count = 0;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
		{
			const text *keyword = DatumGetTextPP(values[i]);

			add_keyword(keywords, VARDATA_ANY(keyword), (int) VARSIZE_ANY_EXHDR(keyword));
		}
	return return_keywords(fcinfo, keywords);
}

/* --- document */

static void
append_text(StringInfo document, const char *data, int length)
{
	length = pg_mbcliplen(data, length, Max(0, MAX_DOCUMENT - document->len));
	if (document->len > 0)
		appendStringInfoChar(document, ' ');
	appendBinaryStringInfo(document, data, length);
}

static void
append_argument(StringInfo document, FunctionCallInfo fcinfo, int number)
{
	if (!PG_ARGISNULL(number))
	{
		const text *value = PG_GETARG_TEXT_PP(number);

		append_text(document, VARDATA_ANY(value), (int) VARSIZE_ANY_EXHDR(value));
	}
}

/* The words of a path: whatever separates them is a blank. */
static void
append_path(StringInfo document, FunctionCallInfo fcinfo, int number)
{
	int			start = document->len;

	append_argument(document, fcinfo, number);
	for (int i = start; i < document->len; i++)
		if (strchr("/._-", document->data[i]) != NULL)
			document->data[i] = ' ';
}

/* thumbexif_document(title, description text, keywords text[], path text) RETURNS text */
Datum
thumbexif_document(PG_FUNCTION_ARGS)
{
	StringInfoData document;

	initStringInfo(&document);
	append_argument(&document, fcinfo, 0);
	append_argument(&document, fcinfo, 1);
	if (!PG_ARGISNULL(2))
	{
		Datum	   *values;
		bool	   *nulls;
		int			count;

		deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
		for (int i = 0; i < count; i++)
			if (!nulls[i])
			{
				const text *keyword = DatumGetTextPP(values[i]);

				append_text(&document, VARDATA_ANY(keyword), (int) VARSIZE_ANY_EXHDR(keyword));
			}
	}
	append_path(&document, fcinfo, 3);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(document.data, document.len));
}
