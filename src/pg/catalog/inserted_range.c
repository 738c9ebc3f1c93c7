/*
 * inserted_range.c
 *		Ranges of integer keys whose rows a large statement has inserted, and whose assets are not queued yet.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "inserted_range.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"

static char *
table_name(void)
{
	return te_internal_name("thumbexif_inserted_range");
}

void
te_inserted_ranges_add(int attachment, const int64 *lowest, const int64 *highest, int count)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_arg_int8_array(&args, lowest, count);
	te_arg_int8_array(&args, highest, count);
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, lowest, highest)"
								 " SELECT $1, r.lowest, r.highest FROM unnest($2, $3) AS r (lowest, highest)",
								 table_name()), &args);
}

void
te_inserted_range_put_off(int attachment, const TeInsertedRange *part, TimestampTz until)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_arg_int8(&args, part->lowest);
	te_arg_int8(&args, part->highest);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(until));
	te_arg_int4(&args, part->tries);
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, lowest, highest, next_try, tries)"
								 " VALUES ($1, $2, $3, $4, $5)", table_name()), &args);
}

bool
te_inserted_range_next(int attachment, TimestampTz now, int64 from, TeInsertedRange *range)
{
	TeArgs		args = {0};
	bool		found;

	te_arg_int4(&args, attachment);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(now));
	te_arg_int8(&args, from == TE_INSERTED_NEWEST ? PG_INT64_MAX : from);
	found = te_sql_by_index(psprintf("SELECT number, lowest, highest, tries FROM %s"
									 " WHERE attachment = $1 AND next_try <= $2 AND number <= $3"
									 " ORDER BY number DESC LIMIT 1", table_name()), &args) > 0;
	if (found)
	{
		range->number = te_out_int(0, 1, 0);
		range->lowest = te_out_int(0, 2, 0);
		range->highest = te_out_int(0, 3, 0);
		range->tries = (int) te_out_int(0, 4, 0);
	}
	te_sql_free();
	return found;
}

bool
te_inserted_range_take(int attachment, const TeInsertedRange *range, int64 from)
{
	const char *rest = "WHERE attachment = $1 AND number = $2 AND highest = $3";
	TeArgs		args = {0};
	bool		locked;

	te_arg_int4(&args, attachment);
	te_arg_int8(&args, range->number);
	te_arg_int8(&args, range->highest);
	locked = te_sql_by_index(psprintf("SELECT FROM %s %s FOR UPDATE SKIP LOCKED", table_name(), rest), &args) > 0;
	te_sql_free();
	if (!locked)
		return false;
	if (from <= range->lowest)
	{
		te_sql_by_index(psprintf("DELETE FROM %s %s", table_name(), rest), &args);
		return true;
	}
	te_arg_int8(&args, from - 1);
	te_sql_by_index(psprintf("UPDATE %s SET highest = $4 %s", table_name(), rest), &args);
	return true;
}

TimestampTz
te_inserted_ranges_due(int attachment, TimestampTz now)
{
	TeArgs		args = {0};
	TimestampTz due;

	te_arg_int4(&args, attachment);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(now));
	te_sql_by_index(psprintf("SELECT min(next_try) FROM %s WHERE attachment = $1 AND next_try > $2", table_name()), &args);
	due = te_out_int(0, 1, 0);
	te_sql_free();
	return due;
}

bool
te_inserted_ranges_exist(int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	return te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment = $1 LIMIT 1", table_name()), &args) > 0;
}

void
te_inserted_ranges_forget(int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE attachment = $1", table_name()), &args);
}

char *
te_inserted_ranges_have_sql(const char *key)
{
	return psprintf("EXISTS (SELECT FROM %s AS r WHERE r.attachment = $1 AND r.lowest <= %s AND r.highest >= %s)",
					table_name(), key, key);
}
