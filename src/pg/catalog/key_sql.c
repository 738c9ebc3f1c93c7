/*
 * key_sql.c
 *		SQL about the key of a row of the user's table, of one or several columns.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "key.h"
#include "key_sql.h"

/* A column, with its alias. */
static char *
column_sql(const TeKeyColumns *key, const char *alias, int i)
{
	return psprintf("%s%s", alias, quote_identifier(key->name[i]));
}

/* A column in the order of its bytes, if it is a text. */
static char *
in_c(Oid type, char *column)
{
	return type == TEXTOID ? psprintf("CAST(%s AS pg_catalog.text) COLLATE pg_catalog.\"C\"", column) : column;
}

char *
te_key_list_sql(const TeKeyColumns *key, const char *alias, const char *suffix)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&list, "%s%s%s", i > 0 ? ", " : "", column_sql(key, alias, i), suffix);
	return list.data;
}

/* The text of several columns. */
static char *
composite_sql(const TeKeyColumns *key, const char *alias)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%sCAST(CAST(%s AS %s) AS pg_catalog.text)", i > 0 ? ", " : "CAST(ARRAY[",
						 column_sql(key, alias, i), format_type_be_qualified(key->type[i]));
	appendStringInfoString(&sql, "] AS pg_catalog.text)");
	return sql.data;
}

char *
te_key_sql(const TeKeyColumns *key, const char *alias)
{
	if (key->count > 1)
		return psprintf("%s COLLATE pg_catalog.\"C\"", composite_sql(key, alias));
	return in_c(key->type[0], column_sql(key, alias, 0));
}

char *
te_key_out_sql(const TeKeyColumns *key, const char *alias)
{
	if (key->count > 1)
		return composite_sql(key, alias);
	return psprintf("%s::%s", column_sql(key, alias, 0), format_type_be_qualified(key->type[0]));
}

bool
te_key_always_fits(const TeKeyColumns *key)
{
	int			length = key->count + 1;	/* braces and commas */

	for (int i = 0; i < key->count; i++)
	{
		if (key->type[i] == TEXTOID)
			return false;
		length += te_key_text_length(key->type[i]);
	}
	return length <= TE_KEY_MAX_TEXT;
}

/* Is the key short enough? */
static char *
length_fits_sql(const TeKeyColumns *key, const char *alias)
{
	return psprintf("pg_catalog.octet_length(%s) OPERATOR(pg_catalog.<=) %d", te_key_sql(key, alias), TE_KEY_MAX_TEXT);
}

char *
te_key_fits_sql(const TeKeyColumns *key, const char *alias)
{
	StringInfoData sql;

	if (key->count == 1 && key->type[0] == TEXTOID)
		return length_fits_sql(key, alias);
	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s IS NOT NULL", i > 0 ? " AND " : "", column_sql(key, alias, i));
	if (key->count == 1)
		return sql.data;
	if (!te_key_always_fits(key))
		appendStringInfo(&sql, " AND %s", length_fits_sql(key, alias));
	return psprintf("(%s)", sql.data);
}

char *
te_key_differs_sql(const TeKeyColumns *key, const char *alias, const char *other)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s IS DISTINCT FROM %s", i > 0 ? " OR " : "", in_c(key->type[i], column_sql(key, alias, i)),
						 in_c(key->type[i], column_sql(key, other, i)));
	return sql.data;
}

/* One value of a text.  Every integer is a bigint: a state may have one that is out of the range of the column. */
static char *
part_sql(const TeKeyColumns *key, const char *value, int i)
{
	return psprintf("CAST((CAST(%s AS pg_catalog.text[]))[%d] AS %s)", value, i + 1,
					format_type_be_qualified(te_key_state_type(key->type[i])));
}

char *
te_key_equals_sql(const TeKeyColumns *key, const char *alias, const char *value)
{
	StringInfoData sql;

	if (key->count == 1)
		return psprintf("%s OPERATOR(pg_catalog.=) %s", column_sql(key, alias, 0), value);
	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s OPERATOR(pg_catalog.=) %s", i > 0 ? " AND " : "", column_sql(key, alias, i), part_sql(key, value, i));
	return sql.data;
}

char *
te_key_equals_nth_sql(const TeKeyColumns *key, const char *alias, const char *parameter, const char *number)
{
	StringInfoData sql;

	if (key->count == 1)
		return te_key_equals_sql(key, alias, psprintf("(%s)[%s]", parameter, number));
	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s OPERATOR(pg_catalog.=) CAST((%s)[%s OPERATOR(pg_catalog.*) %d OPERATOR(pg_catalog.-) %d] AS %s)",
						 i > 0 ? " AND " : "", column_sql(key, alias, i), parameter, number, key->count, key->count - i - 1,
						 format_type_be_qualified(te_key_state_type(key->type[i])));
	return sql.data;
}

/* All values of a text, separated by commas. */
static char *
parts_sql(const TeKeyColumns *key, const char *value)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", part_sql(key, value, i));
	return sql.data;
}

char *
te_key_after_sql(const TeKeyColumns *key, const char *alias, const char *value)
{
	if (key->count == 1)
		return psprintf("%s OPERATOR(pg_catalog.>) %s", column_sql(key, alias, 0), value);
	return psprintf("ROW(%s) OPERATOR(pg_catalog.>) ROW(%s)", te_key_list_sql(key, alias, ""), parts_sql(key, value));
}

char *
te_key_any_sql(const TeKeyColumns *key, const char *alias, const char *array)
{
	if (key->count == 1)
		return psprintf("%s OPERATOR(pg_catalog.=) ANY (%s)", column_sql(key, alias, 0), array);
	return psprintf("ROW(%s) OPERATOR(pg_catalog.=) ANY (SELECT %s FROM pg_catalog.unnest(%s) AS k (id))",
					te_key_list_sql(key, alias, ""), parts_sql(key, "k.id"), array);
}
