/*
 * key_time.c
 *		Dates and times as values of a key of several columns.
 *
 * C and SQL both have the text from PostgreSQL's JSON, so that they agree in every byte.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "key_time.h"

bool
te_key_is_time(Oid type)
{
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

char *
te_key_time_text(Oid type, Datum value)
{
	static const int utc = 0;
	char		text[MAXDATELEN + 1];

	Assert(te_key_is_time(type));
	return pstrdup(JsonEncodeDateTime(text, value, type, type == TIMESTAMPTZOID ? &utc : NULL));
}

int
te_key_time_length(Oid type)
{
	if (type == DATEOID)
		return (int) sizeof("\"4714-11-24 BC\"") - 1;
	if (type == TIMESTAMPOID)
		return (int) sizeof("\"4714-11-24T00:00:00.000001 BC\"") - 1;
	return (int) sizeof("\"4714-11-24T00:00:00.000001+00:00 BC\"") - 1;
}

char *
te_key_time_sql(Oid type, const char *value)
{
	const char *text = "(pg_catalog.to_jsonb(%s) OPERATOR(pg_catalog.#>>) '{}'::pg_catalog.text[])";

	if (type != TIMESTAMPTZOID)
		return psprintf(text, value);

	/* the text of a timestamptz would be in the time zone of the session: that in UTC, and its offset */
	return psprintf("pg_catalog.replace(%s OPERATOR(pg_catalog.||)"
					" CASE WHEN pg_catalog.isfinite(%s) THEN '+00:00'::pg_catalog.text ELSE ''::pg_catalog.text END,"
					" ' BC+00:00'::pg_catalog.text, '+00:00 BC'::pg_catalog.text)",
					psprintf(text, psprintf("pg_catalog.timezone('UTC'::pg_catalog.text, %s)", value)), value);
}

PGFunction
te_key_time_input(Oid type)
{
	return type == DATEOID ? date_in : type == TIMESTAMPOID ? timestamp_in : timestamptz_in;
}
