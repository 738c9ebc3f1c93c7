/*
 * sweep.c
 *		SQL procedures thumbexif_sweep(), which looks for changes of a table that no trigger has told of, and thumbexif_sweep_node().
 *
 * The coordinator of a Citus cluster has all nodes sweep their shards (sweep_cluster.c), in portions of some seconds: each call of thumbexif_sweep_node() goes on
 * where the one before has stopped.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "cluster.h"
#include "pg/base/clock.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/key.h"
#include "pg/catalog/member.h"
#include "pg/catalog/member_change.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/staleness.h"
#include "pg/pipeline/sweep.h"
#include "pg/pipeline/table_access.h"
#include "portion.h"
#include "procedure.h"
#include "sweep_cluster.h"

PG_FUNCTION_INFO_V1(thumbexif_sweep);
PG_FUNCTION_INFO_V1(thumbexif_sweep_node);

/*
 * Sweep a table from where "swept" is, with a commit after each step, until it has ended (TE_SWEEP_NONE) or the time has come; 0 = no limit.  The worker's own sweep
 * of it, which may be under way, knows nothing of that.
 */
static void
sweep_table(Oid relation, int64 until_ms, TeSwept *swept, TeSweepCounts *counts)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext step = AllocSetContextCreate(caller, "thumbexif step", ALLOCSET_DEFAULT_SIZES);

	do
	{
		TeAttachment *attachment;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(step);
		attachment = te_table_access(relation, TE_PART_EXIF, false);
		relation = attachment->relation;
		te_sweep_step(attachment, swept, counts);
		if (swept->phase == TE_SWEEP_NONE)
			te_recount(attachment, false);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(step);
		te_pipeline_spi_commit(NULL);
	} while (swept->phase != TE_SWEEP_NONE && (until_ms == 0 || te_now_ms() < until_ms));
	MemoryContextDelete(step);
}

/* The tables (List of OIDs) that have the rows of an attached table. */
static List *
tables_of(Oid relation)
{
	TeAttachment *attachment = te_table_access(relation, TE_PART_EXIF, false);
	TeMemberChange change = {0};
	List	   *tables = NIL;
	ListCell   *cell;

	if (attachment->has_members)
		te_members_update_all(TE_MEMBERS_LATER, &change);
	foreach(cell, te_member_tables(attachment))
		tables = lappend_oid(tables, ((TeAttachment *) lfirst(cell))->relation);
	if (attachment->has_members)
		te_pipeline_spi_commit(NULL);
	return tables;
}

/* Sweep an attached table.  A partition that is dropped meanwhile is passed over. */
static void
sweep_here(Oid relation, TeSweepTotals *totals)
{
	List	   *tables = tables_of(relation);
	ListCell   *cell;

	foreach(cell, tables)
	{
		TeSwept		swept = {.phase = TE_SWEEP_ROWS};

		if (list_length(tables) > 1 && te_attachment_find(lfirst_oid(cell)) == NULL)
			continue;
		sweep_table(lfirst_oid(cell), 0, &swept, &totals->counts);
		totals->rows_read += swept.rows_read;
		totals->rows_left += swept.rows_left;
	}
}

/* thumbexif_sweep(relation regclass, INOUT rows_read bigint, INOUT queued bigint, INOUT adopted bigint, INOUT removed bigint) */
Datum
thumbexif_sweep(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	TeSweepTotals totals = {0};
	Datum		values[4];
	bool		nulls[4] = {false};
	TupleDesc	desc;

	te_procedure_check(fcinfo, "thumbexif_sweep()");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	if (!te_sweep_cluster(te_table_access(relation, TE_PART_EXIF, false), &totals))
		sweep_here(relation, &totals);
	SPI_finish();
	if (totals.rows_left > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " row was locked by others", INT64_FORMAT " rows were locked by others",
							   (unsigned long) totals.rows_left, totals.rows_left),
				 errhint("Call thumbexif_sweep() again later.")));
	values[0] = Int64GetDatum(totals.rows_read);
	values[1] = Int64GetDatum(totals.counts.queued);
	values[2] = Int64GetDatum(totals.counts.adopted);
	values[3] = Int64GetDatum(totals.counts.removed);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* --- a portion on one node of a cluster */

/* Where the last portion has stopped in this shard; the beginning if it was in another one. */
static TeSwept
place_in(const TeAttachment *shard, const char *place)
{
	TeSwept		swept = {.phase = TE_SWEEP_ROWS};
	const char *key = te_cluster_value(place, "key");

	if (te_cluster_number(place, "shard") != shard->shard)
		return swept;
	swept.phase = (TeSweepPhase) te_cluster_number(place, "phase");
	swept.rows_known = te_cluster_number(place, "known");
	swept.rows_files = te_cluster_number(place, "files");
	swept.has_place = key != NULL && te_key_from_argument(shard, TEXTOID, CStringGetTextDatum(key), &swept.place);
	return swept;
}

static void
append_place(StringInfo json, const TeAttachment *shard, const TeSwept *swept)
{
	appendStringInfo(json, ", \"shard\": " INT64_FORMAT ", \"phase\": %d, \"known\": " INT64_FORMAT ", \"files\": " INT64_FORMAT,
					 shard->shard, (int) swept->phase, swept->rows_known, swept->rows_files);
	if (swept->has_place)
	{
		appendStringInfoString(json, ", \"key\": ");
		escape_json(json, te_key_text(shard->key_type, &swept->place));
	}
}

/* Sweep shards, from a place on, until the time has come, but one step at least.  Returns the answer. */
static char *
sweep_portion(Oid relation, int64 until_ms, const char *place)
{
	int64		first = te_cluster_number(place, "shard");
	bool		begun = false;
	TeSweepTotals totals = {0};
	StringInfoData stopped;
	ListCell   *cell;

	initStringInfo(&stopped);
	foreach(cell, te_portion_shards(te_table_access(relation, TE_PART_EXIF, false), false))
	{
		const TeAttachment *shard = lfirst(cell);
		TeSwept		swept;

		if (shard->shard < first || te_attachment_find(shard->relation) == NULL)
			continue;
		swept = place_in(shard, place);
		if (!begun || te_now_ms() < until_ms)
			sweep_table(shard->relation, until_ms, &swept, &totals.counts);
		begun = true;
		totals.rows_read += swept.rows_read;
		totals.rows_left += swept.rows_left;
		if (swept.phase == TE_SWEEP_NONE)
			continue;
		append_place(&stopped, shard, &swept);
		break;
	}
	return psprintf("{\"ended\": %d, \"rows_read\": " INT64_FORMAT ", \"rows_left\": " INT64_FORMAT ", \"queued\": " INT64_FORMAT
					", \"adopted\": " INT64_FORMAT ", \"removed\": " INT64_FORMAT "%s}", stopped.len == 0, totals.rows_read, totals.rows_left,
					totals.counts.queued, totals.counts.adopted, totals.counts.removed, stopped.data);
}

/* thumbexif_sweep_node(relation regclass, milliseconds integer, INOUT place text) */
Datum
thumbexif_sweep_node(PG_FUNCTION_ARGS)
{
	te_procedure_check(fcinfo, "thumbexif_sweep_node()");
	te_procedure_not_null(fcinfo, 0, "relation");
	te_procedure_not_null(fcinfo, 1, "milliseconds");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	return te_portion_result(fcinfo, sweep_portion(PG_GETARG_OID(0), te_now_ms() + PG_GETARG_INT32(1),
												   PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2))));
}
