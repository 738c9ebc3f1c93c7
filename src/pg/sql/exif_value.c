/*
 * exif_value.c
 *		One value of an EXIF object, and the SQL functions thumbexif_number() and thumbexif_text().
 *
 * An index expression that fails makes a row unwritable, so nothing here raises an ERROR: what is not as expected is NULL.
 * The work and the result are bounded, since a jsonb of some kilobytes may hold numbers of a hundred thousand digits.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "exif_value.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_number);
PG_FUNCTION_INFO_V1(thumbexif_text);

#define MAX_NUMBER_TEXT	64		/* bytes of a text that may stand for a number */
#define MAX_LIST_TEXT	65536	/* bytes of the texts of an array, those of its last element aside */

bool
te_exif_value_get(const Jsonb *exif, const char *key, int key_length, JsonbValue *value)
{
	Jsonb	   *json = unconstify(Jsonb *, exif);

	return JB_ROOT_IS_OBJECT(json) &&
		getKeyJsonValueFromContainer(&json->root, key, key_length, value) != NULL;
}

static bool
is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
}

/* --- numbers */

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Parse a decimal number without a sign; *at moves behind it. */
static bool
parse_decimal(const char **at, double *number)
{
	size_t		before = strspn(*at, "0123456789");
	size_t		after = (*at)[before] == '.' ? strspn(*at + before + 1, "0123456789") : 0;
	char	   *end;

	if (before + after == 0)
		return false;			/* strtod() would also take words and hexadecimal numbers */
	if ((*at)[0] == '0' && before == 1 && ((*at)[1] == 'x' || (*at)[1] == 'X'))
		return false;
	*number = strtod(*at, &end);
	*at = end;
	return true;
}

/* Parse "12", "-0.5", "1/60", with blanks around it. */
static bool
parse_number(const char *text, int length, double *number)
{
	char		buffer[MAX_NUMBER_TEXT + 1];
	const char *at = buffer;
	double		divisor;
	bool		negative;

	while (length > 0 && is_blank(text[length - 1]))
		length--;
	for (; length > 0 && is_blank(*text); text++)
		length--;
	if (length == 0 || length > MAX_NUMBER_TEXT)
		return false;
	memcpy(buffer, text, length);
	buffer[length] = '\0';
	negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if (!parse_decimal(&at, number))
		return false;
	if (*at == '/')
	{
		at++;
		if (!parse_decimal(&at, &divisor) || divisor == 0)
			return false;
		*number /= divisor;
	}
	if (negative)
		*number = -*number;
	return at == buffer + length;
}

static bool
scalar_number(const JsonbValue *value, double *number)
{
	if (value->type == jbvNumeric)
		*number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	else if (value->type != jbvString || !parse_number(value->val.string.val, value->val.string.len, number))
		return false;
	return isfinite(*number);
}

bool
te_exif_value_number(const JsonbValue *value, double *number)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	element;

	if (!is_array(value))
		return scalar_number(value, number);
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
		if (token == WJB_ELEM && scalar_number(&element, number))
			return true;
	return false;
}

bool
te_exif_value_numbers(const JsonbValue *value, double *numbers, int count)
{
	if (!is_array(value) || JsonContainerSize(value->val.binary.data) != (uint32) count)
		return false;
	for (int i = 0; i < count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(value->val.binary.data, (uint32) i);

		if (element == NULL || !scalar_number(element, &numbers[i]))
			return false;
	}
	return true;
}

/* thumbexif_number(exif jsonb, key text) RETURNS double precision */
Datum
thumbexif_number(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);
	JsonbValue	value;
	double		number;

	if (!te_exif_value_get(PG_GETARG_JSONB_P(0), VARDATA_ANY(key), (int) VARSIZE_ANY_EXHDR(key), &value) ||
		!te_exif_value_number(&value, &number))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(number);
}

/* --- texts */

/* Append a value that is neither an array nor an object, unless it is null or blank. */
static void
append_scalar(StringInfo list, const JsonbValue *value)
{
	const char *text;
	int			length;

	switch (value->type)
	{
		case jbvString:
			text = value->val.string.val;
			length = value->val.string.len;
			break;
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
			length = (int) strlen(text);
			break;
		case jbvBool:
			text = value->val.boolean ? "true" : "false";
			length = (int) strlen(text);
			break;
		default:
			return;
	}
	while (length > 0 && is_blank(text[length - 1]))
		length--;
	if (length == 0)
		return;
	if (list->len > 0)
		appendStringInfoString(list, ", ");
	appendBinaryStringInfo(list, text, length);
}

char *
te_exif_value_text(const JsonbValue *value)
{
	StringInfoData list;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	element;

	initStringInfo(&list);
	if (!is_array(value))
		append_scalar(&list, value);
	else
	{
		iterator = JsonbIteratorInit(value->val.binary.data);
		while (list.len < MAX_LIST_TEXT && (token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
			if (token == WJB_ELEM)
				append_scalar(&list, &element);
	}
	return list.len > 0 ? list.data : NULL;
}

/* thumbexif_text(exif jsonb, key text) RETURNS text */
Datum
thumbexif_text(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);
	JsonbValue	value;
	char	   *result;

	if (!te_exif_value_get(PG_GETARG_JSONB_P(0), VARDATA_ANY(key), (int) VARSIZE_ANY_EXHDR(key), &value))
		PG_RETURN_NULL();
	result = te_exif_value_text(&value);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(result));
}
