/*
 * asset_key.c
 *		SQL function thumbexif_key(): the id of an asset whose key has several columns.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/base/array_text.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_key);

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
