/*
 * swept.c
 *		Reads and writes the table of sweeps.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "swept.h"

#define COLUMNS "phase, place, begun, ended, changes, difference, rows_read, rows_known, rows_files, rows_left, seen, seen_at"

void
te_swept_read(const TeAttachment *attachment, TeSwept *swept)
{
	TeArgs		args = {0};
	char	   *place = NULL;

	memset(swept, 0, sizeof(*swept));
	te_arg_int4(&args, attachment->number);
	if (te_sql_as_extension(psprintf("SELECT " COLUMNS " FROM %s WHERE attachment = $1", te_internal_name("thumbexif_swept")), &args) > 0)
	{
		swept->exists = true;
		swept->phase = (TeSweepPhase) te_out_int(0, 1, TE_SWEEP_NONE);
		place = te_out_text(0, 2);
		swept->begun = te_out_int(0, 3, 0);
		swept->ended = te_out_int(0, 4, 0);
		swept->has_changes = !te_out_null(0, 5);
		swept->changes = te_out_int(0, 5, 0);
		swept->has_difference = !te_out_null(0, 6);
		swept->difference = te_out_int(0, 6, 0);
		swept->rows_read = te_out_int(0, 7, 0);
		swept->rows_known = te_out_int(0, 8, 0);
		swept->rows_files = te_out_int(0, 9, 0);
		swept->rows_left = te_out_int(0, 10, 0);
		swept->seen = te_out_int(0, 11, 0);
		swept->seen_at = te_out_int(0, 12, 0);
	}
	te_sql_free();
	if (place != NULL)
		swept->has_place = te_key_from_argument(attachment, TEXTOID, CStringGetTextDatum(place), &swept->place);
}

/* A time, or NULL. */
static void
arg_time(TeArgs *args, TimestampTz time)
{
	if (time == 0)
		te_arg_null(args, TIMESTAMPTZOID);
	else
		te_arg(args, TIMESTAMPTZOID, TimestampTzGetDatum(time));
}

static void
arg_number(TeArgs *args, bool exists, int64 number)
{
	if (exists)
		te_arg_int8(args, number);
	else
		te_arg_null(args, INT8OID);
}

void
te_swept_write(const TeAttachment *attachment, const TeSwept *swept)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, swept->phase);
	te_arg_text(&args, swept->has_place ? te_key_text(attachment->key_type, &swept->place) : NULL);
	arg_time(&args, swept->begun);
	arg_time(&args, swept->ended);
	arg_number(&args, swept->has_changes, swept->changes);
	arg_number(&args, swept->has_difference, swept->difference);
	te_arg_int8(&args, swept->rows_read);
	te_arg_int8(&args, swept->rows_known);
	te_arg_int8(&args, swept->rows_files);
	te_arg_int8(&args, swept->rows_left);
	arg_number(&args, swept->seen_at != 0, swept->seen);
	arg_time(&args, swept->seen_at);
	te_sql_as_extension(psprintf("INSERT INTO %s AS s (attachment, " COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
								 " ON CONFLICT (attachment) DO UPDATE SET (" COLUMNS ") = ($2, $3, $4, $5,"
								 " CASE WHEN s.begun = $4 AND s.changes IS NULL THEN NULL ELSE $6 END,"
								 " CASE WHEN s.begun = $4 AND s.difference IS NULL THEN NULL ELSE $7 END, $8, $9, $10, $11, $12, $13)",
								 te_internal_name("thumbexif_swept")), &args);
}

void
te_swept_request(int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment) VALUES ($1)"
								 " ON CONFLICT (attachment) DO UPDATE SET changes = NULL, difference = NULL, seen = NULL, seen_at = NULL",
								 te_internal_name("thumbexif_swept")), &args);
}

void
te_swept_forget(int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_swept")), &args);
}
