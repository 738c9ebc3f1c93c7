/*
 * asset_key.c
 *		SQL functions thumbexif_key() and thumbexif_key_value(): the id of an asset whose key has several columns, and a date or time in it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/base/array_text.h"
#include "pg/catalog/key_time.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_key);
PG_FUNCTION_INFO_V1(thumbexif_key_date);
PG_FUNCTION_INFO_V1(thumbexif_key_timestamp);
PG_FUNCTION_INFO_V1(thumbexif_key_timestamptz);

/* thumbexif_key(VARIADIC values text[]) RETURNS text */
Datum
thumbexif_key(PG_FUNCTION_ARGS)
{
	Datum	   *values;
	bool	   *nulls;
	int			count;
	const char **texts;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	texts = palloc(sizeof(char *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			PG_RETURN_NULL();
		texts[i] = TextDatumGetCString(values[i]);
	}
	PG_RETURN_TEXT_P(cstring_to_text(te_array_text(texts, count)));
}

/* thumbexif_key_value(value date) RETURNS text */
Datum
thumbexif_key_date(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(te_key_time_text(DATEOID, PG_GETARG_DATUM(0))));
}

/* thumbexif_key_value(value timestamp) RETURNS text */
Datum
thumbexif_key_timestamp(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(te_key_time_text(TIMESTAMPOID, PG_GETARG_DATUM(0))));
}

/* thumbexif_key_value(value timestamptz) RETURNS text */
Datum
thumbexif_key_timestamptz(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(te_key_time_text(TIMESTAMPTZOID, PG_GETARG_DATUM(0))));
}
