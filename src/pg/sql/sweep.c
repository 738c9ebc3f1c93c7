/*
 * sweep.c
 *		SQL procedure thumbexif_sweep(), which looks for changes of a table that no trigger has told of.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/catalog/attached_rows.h"
#include "pg/catalog/member.h"
#include "pg/catalog/member_change.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/staleness.h"
#include "pg/pipeline/sweep.h"
#include "pg/pipeline/table_access.h"
#include "procedure.h"

PG_FUNCTION_INFO_V1(thumbexif_sweep);

/* Sweep a whole table, with a commit after each step.  The worker's own sweep of it, which may be under way, knows nothing of that. */
static void
sweep_table(Oid relation, TeSwept *swept, TeSweepCounts *counts)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext step = AllocSetContextCreate(caller, "thumbexif step", ALLOCSET_DEFAULT_SIZES);

	swept->phase = TE_SWEEP_ROWS;
	while (swept->phase != TE_SWEEP_NONE)
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
	}
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
sweep(Oid relation, TeSwept *swept, TeSweepCounts *counts)
{
	List	   *tables = tables_of(relation);
	ListCell   *cell;

	foreach(cell, tables)
	{
		TeSwept		one = {0};

		if (list_length(tables) > 1 && te_attachment_find(lfirst_oid(cell)) == NULL)
			continue;
		sweep_table(lfirst_oid(cell), &one, counts);
		swept->rows_read += one.rows_read;
		swept->rows_left += one.rows_left;
	}
}

/* thumbexif_sweep(relation regclass, INOUT rows_read bigint, INOUT queued bigint, INOUT adopted bigint, INOUT removed bigint) */
Datum
thumbexif_sweep(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	TeSwept		swept = {0};
	TeSweepCounts counts = {0};
	Datum		values[4];
	bool		nulls[4] = {false};
	TupleDesc	desc;

	te_procedure_check(fcinfo, "thumbexif_sweep()");
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	sweep(relation, &swept, &counts);
	SPI_finish();
	if (swept.rows_left > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " row was locked by others", INT64_FORMAT " rows were locked by others",
							   (unsigned long) swept.rows_left, swept.rows_left),
				 errhint("Call thumbexif_sweep() again later.")));
	values[0] = Int64GetDatum(swept.rows_read);
	values[1] = Int64GetDatum(counts.queued);
	values[2] = Int64GetDatum(counts.adopted);
	values[3] = Int64GetDatum(counts.removed);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
