/*
 * monitoring.c
 *		SQL functions behind the views thumbexif_status, thumbexif_progress and thumbexif_failures.
 *
 * No table may make a view fail or hang, so no code of a table's owner runs here: rows are
 * counted by a table scan, without a query and without policies.  If a lock on the table is not
 * available at once, the number of rows is estimated from the server's statistics.
 */
#include "postgres.h"

#include <math.h>

#include "access/relation.h"
#include "access/tableam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attachment.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_status_rows);
PG_FUNCTION_INFO_V1(thumbexif_progress_rows);
PG_FUNCTION_INFO_V1(thumbexif_failure_rows);

/* --- the rows of users' tables */

/* Estimate a table's rows from the server's statistics.  False if there is no such table.  Needs no lock. */
static bool
estimate_rows(Oid relation, int64 *rows)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	float4		reltuples;

	if (!HeapTupleIsValid(tuple))
		return false;
	reltuples = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
	ReleaseSysCache(tuple);
	*rows = DatumGetInt64(DirectFunctionCall1(pg_stat_get_live_tuples, ObjectIdGetDatum(relation)));
	if (*rows <= 0 && reltuples > 0)
		*rows = (int64) reltuples;
	return true;
}

/* Count the rows that the active snapshot sees.  Row security does not apply: the number is no secret. */
static int64
scan_rows(Relation relation)
{
	TableScanDesc scan = table_beginscan(relation, GetActiveSnapshot(), 0, NULL);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	int64		rows = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		rows++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return rows;
}

/*
 * Count the rows of an attached table, or estimate them, not below "known", if the table is locked.
 * False if there is no such table.
 */
static bool
count_rows(Oid oid, int64 known, int64 *rows)
{
	Relation	relation;

	if (ConditionalLockRelationOid(oid, AccessShareLock))
	{
		relation = try_relation_open(oid, NoLock);
		if (relation == NULL)
		{
			UnlockRelationOid(oid, AccessShareLock);
			return false;
		}
		if (relation->rd_rel->relkind == RELKIND_RELATION)
		{
			*rows = scan_rows(relation);
			relation_close(relation, AccessShareLock);
			return true;
		}
		relation_close(relation, AccessShareLock);	/* made a view by a rule */
	}
	if (!estimate_rows(oid, rows))
		return false;
	*rows = Max(*rows, known);
	return true;
}

/* --- our own state */

/* Execute a query with the extension's rights in the calling query's snapshot.  Inside SPI. */
static void
select_state(const char *sql)
{
	TeArgs		none = {0};

	te_sql_read(sql, &none);
}

/* A column of a row of SPI_tuptable. */
static Datum
column(uint64 row, int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, isnull);
}

/* The index of the row of SPI_tuptable whose first column is the number of this attachment, or -1. */
static int64
row_of(const TeAttachment *attachment)
{
	bool		isnull;

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		if (DatumGetInt32(column(i, 1, &isnull)) == attachment->number)
			return (int64) i;
	}
	return -1;
}

/* --- thumbexif_status */

static const char *const statuses[] = {"new", "queued", "running", "done", "failed", "missing", "unsupported"};

static void
put_status(ReturnSetInfo *result, const TeAttachment *attachment)
{
	int64		row = row_of(attachment);
	int64		assets[lengthof(statuses)] = {0};
	int64		known = 0;
	int64		rows;
	bool		isnull;

	for (size_t i = 0; row >= 0 && i < lengthof(statuses); i++)
	{
		assets[i] = DatumGetInt64(column(row, (int) i + 2, &isnull));
		known += assets[i];
	}
	if (!count_rows(attachment->relation, known, &rows))
		return;
	assets[0] += rows - known;	/* a row without state is new */
	for (size_t i = 0; i < lengthof(statuses); i++)
	{
		Datum		values[] = {
			ObjectIdGetDatum(attachment->relation), CStringGetTextDatum(statuses[i]), Int64GetDatum(assets[i])
		};
		bool		nulls[lengthof(values)] = {false};

		if (assets[i] > 0)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* thumbexif_status_rows() RETURNS TABLE (relation regclass, status text, assets bigint) */
Datum
thumbexif_status_rows(PG_FUNCTION_ARGS)
{
	StringInfoData sql;
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT s.attachment");
	for (size_t i = 0; i < lengthof(statuses); i++)
		appendStringInfo(&sql, ", pg_catalog.count(*) FILTER (WHERE s.status OPERATOR(pg_catalog.=) '%s'::%s)",
						 statuses[i], te_internal_name("thumbexif_asset_status"));
	appendStringInfo(&sql, " FROM %s AS s GROUP BY s.attachment", te_internal_name("thumbexif_asset"));

	SPI_connect();
	select_state(sql.data);
	foreach(cell, attachments)
		put_status((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell));
	SPI_finish();
	return (Datum) 0;
}

/* --- thumbexif_progress */

/*
 * The rate is that of the last two minutes: the assets finished after the first commit of that time, divided by the
 * time from the first to the last commit.  If more time than that has passed since the last commit, by the time from
 * the first commit until now.  Times that are not near now are ignored: a dump may contain "infinity", and the clock
 * may have been set back.
 */
static const char *
progress_query(void)
{
	return psprintf(
					"WITH finished AS MATERIALIZED"
					" (SELECT s.attachment, s.status, CASE WHEN s.finished_at OPERATOR(pg_catalog.>)"
					" (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) '2 minutes'::pg_catalog.interval)"
					" AND s.finished_at OPERATOR(pg_catalog.<)"
					" (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.+) '2 minutes'::pg_catalog.interval)"
					" THEN s.finished_at END AS at, pg_catalog.count(*) AS assets FROM %s AS s GROUP BY 1, 2, 3),"
					" known AS"
					" (SELECT f.attachment, pg_catalog.sum(f.assets)::pg_catalog.int8 AS known,"
					" pg_catalog.sum(f.assets) FILTER (WHERE f.status OPERATOR(pg_catalog.=) 'done')::pg_catalog.int8 AS done,"
					" pg_catalog.sum(f.assets) FILTER (WHERE f.status OPERATOR(pg_catalog.=)"
					" ANY ('{failed,missing,unsupported}'))::pg_catalog.int8 AS failed,"
					" pg_catalog.min(f.at) AS first_at, pg_catalog.max(f.at) AS last_at FROM finished AS f GROUP BY f.attachment)"
					" SELECT k.attachment, k.known, coalesce(k.done, 0), coalesce(k.failed, 0),"
					" (SELECT pg_catalog.sum(f.assets)::pg_catalog.float8 FROM finished AS f"
					" WHERE f.attachment OPERATOR(pg_catalog.=) k.attachment AND f.at OPERATOR(pg_catalog.>) k.first_at),"
					" pg_catalog.date_part('epoch', greatest(k.last_at OPERATOR(pg_catalog.-) k.first_at,"
					" CASE WHEN (pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) k.last_at) OPERATOR(pg_catalog.>)"
					" (k.last_at OPERATOR(pg_catalog.-) k.first_at)"
					" THEN pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) k.first_at END))"
					" FROM known AS k", te_internal_name("thumbexif_asset"));
}

static Datum
seconds_interval(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (int64) (ceil(Min(seconds, 1e12)) * USECS_PER_SEC);
	return IntervalPGetDatum(interval);
}

static void
put_progress(ReturnSetInfo *result, const TeAttachment *attachment)
{
	enum
	{
		RELATION, TOTAL, DONE, FAILED, REMAINING, RATE, TIME_LEFT, COLUMNS
	};
	int64		row = row_of(attachment);
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {false};
	bool		isnull = true;
	int64		known = row < 0 ? 0 : DatumGetInt64(column(row, 2, &isnull));
	int64		done = row < 0 ? 0 : DatumGetInt64(column(row, 3, &isnull));
	int64		failed = row < 0 ? 0 : DatumGetInt64(column(row, 4, &isnull));
	int64		total;
	int64		left;
	double		finished = row < 0 ? 0 : DatumGetFloat8(column(row, 5, &isnull));
	double		seconds;

	if (!count_rows(attachment->relation, known, &total))
		return;
	left = Max(total - done - failed, 0);
	values[RELATION] = ObjectIdGetDatum(attachment->relation);
	values[TOTAL] = Int64GetDatum(total);
	values[DONE] = Int64GetDatum(done);
	values[FAILED] = Int64GetDatum(failed);
	values[REMAINING] = Int64GetDatum(left);

	nulls[RATE] = nulls[TIME_LEFT] = isnull;
	if (!isnull)
	{
		seconds = Max(DatumGetFloat8(column(row, 6, &isnull)), 1e-6);
		values[RATE] = DirectFunctionCall2(numeric_round, DirectFunctionCall1(float8_numeric,
																			  Float8GetDatum(finished / seconds)),
										   Int32GetDatum(1));
		values[TIME_LEFT] = seconds_interval(left * seconds / finished);
	}
	if (left == 0)
	{
		values[TIME_LEFT] = seconds_interval(0);
		nulls[TIME_LEFT] = false;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * thumbexif_progress_rows() RETURNS TABLE (relation regclass, total bigint, done bigint, failed bigint,
 *		remaining bigint, rate numeric, time_left interval)
 */
Datum
thumbexif_progress_rows(PG_FUNCTION_ARGS)
{
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	SPI_connect();
	select_state(progress_query());
	foreach(cell, attachments)
		put_progress((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell));
	SPI_finish();
	return (Datum) 0;
}

/* --- thumbexif_failures */

/* May the current user see every row of a table?  Not one in a schema that is closed to the user. */
static bool
may_read(Oid relation)
{
	Oid			schema = get_rel_namespace(relation);
	bool		gone = false;

	return OidIsValid(schema) &&
		object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK &&
		pg_class_aclcheck_ext(relation, GetUserId(), ACL_SELECT, &gone) == ACLCHECK_OK && !gone &&
		check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED;
}

/* Send the failures of one table from the query into the result.  Inside SPI. */
static void
put_failures(ReturnSetInfo *result, MemoryContext context, const TeAttachment *attachment)
{
	SPIExecuteOptions options = {.read_only = true};
	TeRunAs		save;
	char	   *sql;

	sql = psprintf("SELECT %u::pg_catalog.regclass, s.id::pg_catalog.text, s.path, s.status::pg_catalog.text,"
				   " s.error, s.attempts, s.next_try FROM %s AS s"
				   " WHERE s.attachment OPERATOR(pg_catalog.=) %d AND (s.error IS NOT NULL OR"
				   " s.status OPERATOR(pg_catalog.=) ANY ('{failed,missing,unsupported}'))",
				   attachment->relation, attachment->state, attachment->number);
	options.dest = CreateTuplestoreDestReceiver();
	SetTuplestoreDestReceiverParams(options.dest, result->setResult, context, false, NULL, NULL);
	te_run_as_extension(&save);
	if (SPI_execute_extended(sql, &options) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", sql);
	te_run_as_end(&save);
	options.dest->rDestroy(options.dest);
}

/*
 * thumbexif_failure_rows() RETURNS TABLE (relation regclass, id text, path text, status text, error text,
 *		attempts smallint, next_try timestamptz): only of tables all of whose rows the current user may see
 */
Datum
thumbexif_failure_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = result->econtext->ecxt_per_query_memory;
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	SPI_connect();
	foreach(cell, attachments)
	{
		if (may_read(((TeAttachment *) lfirst(cell))->relation))
			put_failures(result, context, lfirst(cell));
	}
	SPI_finish();
	return (Datum) 0;
}
