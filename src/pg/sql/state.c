/*
 * state.c
 *		SQL function thumbexif_state(): where one asset stands.
 *
 * Who may read the row's key, path and thumbnail_path may ask.  It takes a look into the index of the user's table, one into
 * that of the state table, and no more: it is made for pages that show one asset.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "asset_reading.h"
#include "cluster.h"
#include "pg/compat.h"
#include "pg/pipeline/staleness.h"
#include "wire/status.h"

enum							/* the columns of the result */
{
	OUT_STATUS, OUT_ERROR, OUT_SQLSTATE, OUT_EXIF_ERROR, OUT_ATTEMPTS, OUT_NEXT_TRY, OUT_FINISHED_AT, OUT_STALE, OUT_DAMAGE,
	OUT_COLUMNS
};

static void
set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	values[column] = text != NULL ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
set_time(Datum *values, bool *nulls, int column, TimestampTz time)
{
	nulls[column] = time == 0;
	values[column] = TimestampTzGetDatum(time);
}

/* The names of parts, as text[]. */
static Datum
part_names(int parts)
{
	Datum		names[2];
	int			count = 0;

	if (parts & TE_PART_THUMBNAIL)
		names[count++] = CStringGetTextDatum("thumbnail");
	if (parts & TE_PART_EXIF)
		names[count++] = CStringGetTextDatum("exif");
	return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static HeapTuple
form_result(const TeAsset *asset, TupleDesc desc)
{
	const TeState *state = &asset->state;
	TeSettings	settings;
	Datum		values[OUT_COLUMNS] = {0};
	bool		nulls[OUT_COLUMNS] = {false};

	te_settings_now(asset->attachment, &settings);
	set_text(values, nulls, OUT_STATUS, te_asset_status_name(state->exists ? state->status : TE_ASSET_NEW));
	set_text(values, nulls, OUT_ERROR, state->error);
	set_text(values, nulls, OUT_SQLSTATE, state->error != NULL ? te_status_sqlstate(state->verdict) : NULL);
	set_text(values, nulls, OUT_EXIF_ERROR, state->exif_error);
	values[OUT_ATTEMPTS] = Int32GetDatum(state->attempts);
	set_time(values, nulls, OUT_NEXT_TRY, state->next_try);
	set_time(values, nulls, OUT_FINISHED_AT, state->finished_at);
	values[OUT_STALE] = part_names(te_missing_parts(asset, &settings, NULL));
	set_text(values, nulls, OUT_DAMAGE, state->damage);
	return heap_form_tuple(desc, values, nulls);
}

/* The same, if the row is on another node of a Citus cluster; otherwise false. */
static bool
read_on_node(const TeAttachment *attachment, const TeKey *key, TupleDesc desc, MemoryContext context, HeapTuple *tuple)
{
	NullableDatum none = {0, true};
	Datum		values[OUT_COLUMNS];
	bool		nulls[OUT_COLUMNS];
	uint64		rows;

	if (!te_cluster_read_row(attachment, key, "thumbexif_state", InvalidOid, none, &rows))
		return false;
	for (int i = 0; i < OUT_COLUMNS && rows > 0; i++)
	{
		values[i] = te_out(0, i + 1);
		nulls[i] = te_out_null(0, i + 1);
	}
	MemoryContextSwitchTo(context);
	*tuple = rows > 0 ? heap_form_tuple(desc, values, nulls) : NULL;
	te_sql_free();
	return true;
}

/* thumbexif_state(id, relation regclass) RETURNS one row */
static Datum
state(FunctionCallInfo fcinfo, Oid type)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	TupleDesc	desc;
	HeapTuple	tuple = NULL;
	TeAsset		asset;
	TeKey		key;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	BlessTupleDesc(desc);
	if (!te_asset_arguments(fcinfo, type, &attachment, &key))
		PG_RETURN_NULL();
	SPI_connect();
	if (!read_on_node(attachment, &key, desc, caller, &tuple) && te_asset_read(attachment, &key, true, TE_STATE_SEE, &asset))
	{
		MemoryContextSwitchTo(caller);
		tuple = form_result(&asset, desc);
	}
	SPI_finish();
	if (tuple == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(HeapTupleGetDatum(tuple));
}

/* One function for each type of key: see queue.c. */
PG_FUNCTION_INFO_V1(thumbexif_state_bigint);
PG_FUNCTION_INFO_V1(thumbexif_state_uuid);
PG_FUNCTION_INFO_V1(thumbexif_state_text);

Datum
thumbexif_state_bigint(PG_FUNCTION_ARGS)
{
	return state(fcinfo, INT8OID);
}

Datum
thumbexif_state_uuid(PG_FUNCTION_ARGS)
{
	return state(fcinfo, UUIDOID);
}

Datum
thumbexif_state_text(PG_FUNCTION_ARGS)
{
	return state(fcinfo, TEXTOID);
}
