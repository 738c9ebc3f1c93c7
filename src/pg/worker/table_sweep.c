/*
 * table_sweep.c
 *		When the background worker sweeps the attached tables.
 *
 * How far a sweep has got is kept in memory and written now and then, so that the next worker goes on there.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/snapmgr.h"

#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/base/time_limit.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/key_sql.h"
#include "pg/pipeline/staleness.h"
#include "pg/pipeline/sweep.h"
#include "pg/pipeline/table_access.h"
#include "table_health.h"
#include "table_sweep.h"
#include "worker_table.h"
#include "worker_xact.h"

#define REST			19		/* times as long as a step took */
#define SAVE_MS			5000	/* between two times that the place is written */
#define TRACKED_EVERY	60		/* intervals from one sweep of a table with triggers to the next */

typedef struct SweepCall		/* arguments of te_worker_xact_guarded() */
{
	TeTableSweep *sweep;
	const TeAttachment *attachment;
} SweepCall;

static TimestampTz
after_intervals(TimestampTz time, int intervals)
{
	return TimestampTzPlusMilliseconds(time, (int64) te_sweep_interval * 1000 * intervals);
}

/* --- is there anything to look for? */

/* The rows that the triggers have counted. */
static int64
rows_counted(const TeAttachment *attachment)
{
	int64		rows;

	PushActiveSnapshot(GetTransactionSnapshot());
	rows = te_attached_counts(te_counts_read(GetActiveSnapshot()), attachment).rows;
	PopActiveSnapshot();
	return rows;
}

/*
 * Read the server's statistics.  *changes differs from what it was before if rows were written or the table was emptied; *difference,
 * of live rows and those that the triggers have counted, if rows came or went without triggers.  Statistics are reported a moment after the commit.
 */
static void
read_statistics(const TeAttachment *attachment, int64 *changes, int64 *difference)
{
	TeArgs		args = {0};

	te_arg(&args, OIDOID, ObjectIdGetDatum(attachment->relation));
	te_sql_as_extension("SELECT pg_stat_get_tuples_inserted($1) + pg_stat_get_tuples_updated($1) + pg_stat_get_tuples_deleted($1),"
						" pg_stat_get_live_tuples($1), pg_relation_filenode($1)::bigint", &args);
	*changes = te_out_int(0, 1, 0) ^ (te_out_int(0, 3, 0) << 32);
	*difference = te_out_int(0, 2, 0);
	te_sql_free();
	*difference -= rows_counted(attachment);
}

static void
begin(TeTableSweep *sweep, int64 changes, int64 difference)
{
	TeSwept    *swept = &sweep->swept;
	TimestampTz ended = swept->ended;

	memset(swept, 0, sizeof(*swept));
	swept->exists = true;
	swept->phase = TE_SWEEP_ROWS;
	swept->begun = GetCurrentTimestamp();
	swept->ended = ended;
	swept->changes = changes;
	swept->difference = difference;
	swept->has_changes = swept->has_difference = true;
	sweep->under_way = true;
}

/* Note a difference that may be due to statistics that lag behind: it has to be seen once more. */
static void
note_difference(TeTableSweep *sweep, const TeAttachment *attachment, bool exists, int64 difference)
{
	sweep->swept.seen = difference;
	sweep->swept.seen_at = exists ? GetCurrentTimestamp() : 0;
	te_swept_write(attachment, &sweep->swept);
	sweep->watched = exists;
}

/*
 * Have rows come or gone without triggers, since another difference has been there for a while?  The first difference that stays is what
 * later ones are compared with.
 */
static bool
is_suspect(TeTableSweep *sweep, const TeAttachment *attachment, int64 difference)
{
	TeSwept    *swept = &sweep->swept;
	TimestampTz allowed = after_intervals(swept->begun, TRACKED_EVERY);

	if (swept->exists && !swept->has_difference && swept->seen_at == 0)
		return true;			/* requested */
	if (swept->seen_at == 0 && swept->has_difference && difference == swept->difference)
		return false;
	if (swept->seen_at == 0 || difference != swept->seen)
		note_difference(sweep, attachment, true, difference);
	else if (after_intervals(swept->seen_at, 1) > sweep->looked)
	{
		sweep->next = after_intervals(swept->seen_at, 1);
		sweep->watched = true;
	}
	else if (!swept->has_difference || difference == swept->difference)
	{
		swept->difference = difference;
		swept->has_difference = true;
		note_difference(sweep, attachment, false, 0);
	}
	else if (allowed <= sweep->looked)
		return true;
	else
	{
		sweep->next = allowed;
		sweep->watched = true;
	}
	return false;
}

/* Begin a sweep if there is anything to look for, or go on with that of an earlier worker. */
static void
look(TeTableSweep *sweep, const TeAttachment *attachment)
{
	TeSwept    *swept = &sweep->swept;
	int64		changes;
	int64		difference;

	te_swept_read(attachment, swept);
	read_statistics(attachment, &changes, &difference);
	sweep->looked = GetCurrentTimestamp();
	sweep->next = after_intervals(sweep->looked, 1);
	sweep->watched = attachment->tracking == TE_TRACKED_BY_SWEEP;
	if (swept->phase != TE_SWEEP_NONE)
		sweep->under_way = true;
	else if (attachment->tracking == TE_TRACKED_BY_SWEEP ?
			 !swept->exists || !swept->has_changes || swept->changes != changes :
			 is_suspect(sweep, attachment, difference))
		begin(sweep, changes, difference);
}

/* --- sweeping */

/* The sweep has read the whole table: correct the number of its rows. */
static void
end(TeTableSweep *sweep, const TeAttachment *attachment)
{
	TeSwept    *swept = &sweep->swept;
	int64		counted = rows_counted(attachment);

	if (counted != swept->rows_read)
	{
		te_recount(attachment, false);
		swept->difference += counted - rows_counted(attachment);
	}
	swept->ended = GetCurrentTimestamp();
	swept->has_changes = swept->has_difference = swept->rows_left == 0;
	sweep->under_way = false;
	sweep->saved = 0;
	sweep->next = after_intervals(swept->ended, 1);
}

/*
 * ERROR if there is no index on the key: each step would read the whole table.  A restore creates indexes when all data is there, and may
 * load states before their rows, which a sweep would take for gone.
 */
static void
check_index(const TeAttachment *attachment)
{
	Relation	relation = table_open(attachment->relation, NoLock);
	bool		found = te_key_has_index(relation, &attachment->key, false);

	table_close(relation, NoLock);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("there is no index on its key \"%s\"", te_key_list_sql(&attachment->key, "", "")),
				 errhint("Create a unique index on the key.")));
}

static void
sweep_turn(void *arg)
{
	SweepCall  *call = arg;
	TeTableSweep *sweep = call->sweep;
	TeSweepCounts counts = {0};
	int64		started = te_now_ms();
	TeAttachment *attachment;

	te_worker_xact_begin();
	if (!ConditionalLockRelationOid(call->attachment->relation, AccessShareLock))
	{
		sweep->next = after_intervals(GetCurrentTimestamp(), 1);
		te_worker_xact_end();
		return;
	}
	attachment = te_table_access(call->attachment->relation, TE_PART_EXIF, false);
	check_index(attachment);
	PopActiveSnapshot();		/* each statement has its own */
	if (!sweep->under_way)
		look(sweep, attachment);
	if (sweep->under_way)
	{
		te_sweep_step(attachment, &sweep->swept, &counts);
		sweep->next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), REST * Max(te_now_ms() - started, 1));
		sweep->watched = true;
		if (sweep->swept.phase == TE_SWEEP_NONE)
			end(sweep, attachment);
		if (!sweep->under_way || TimestampDifferenceExceeds(sweep->saved, GetCurrentTimestamp(), SAVE_MS))
		{
			te_swept_write(attachment, &sweep->swept);
			sweep->saved = sweep->under_way ? GetCurrentTimestamp() : 0;
		}
	}
	te_worker_xact_end();
}

/* Run the step, and handle its ERROR: the sweep goes on later, from where its place was written. */
static void
run(TeWorkerTable *table, const TeAttachment *attachment)
{
	TeTableSweep *sweep = &table->sweep;
	SweepCall	call = {sweep, attachment};
	int64		position = te_worker_table_position(table);
	ErrorData  *error;

	te_worker_table_turn_begin();
	te_write_budget_refill();
	te_table_health_set_at_work(table->number);
	error = te_worker_xact_guarded(sweep_turn, &call);
	te_table_health_set_at_work(0);
	LockReleaseSession(USER_LOCKMETHOD);	/* advisory locks that functions of the table have left */
	te_worker_table_turn_end(table, position);
	if (error == NULL)
	{
		sweep->last_error[0] = '\0';
		return;
	}
	sweep->under_way = false;
	sweep->next = after_intervals(GetCurrentTimestamp(), 1);
	sweep->watched = attachment->tracking == TE_TRACKED_BY_SWEEP;
	if (strncmp(sweep->last_error, error->message, sizeof(sweep->last_error) - 1) == 0)
		return;
	strlcpy(sweep->last_error, error->message, sizeof(sweep->last_error));
	ereport(LOG,
			(errmsg("table %s is not looked through for changes: %s", attachment->name, error->message),
			 errhint("It is tried again every \"thumbexif.sweep_interval\".")));
}

bool
te_table_sweep_turn(List *attachments, TimestampTz *due)
{
	TimestampTz now = GetCurrentTimestamp();
	const TeAttachment *first = NULL;
	TeTableSweep *chosen = NULL;
	bool		under_way = false;
	ListCell   *cell;

	if (te_sweep_interval == 0)
		return false;
	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);
		TeWorkerTable *table = te_worker_table_find(attachment->number);
		TeTableSweep *sweep = &table->sweep;

		if (!sweep->known || sweep->tracking != attachment->tracking)
			*sweep = (TeTableSweep) {.known = true, .tracking = attachment->tracking};
		if (attachment->paused || attachment->arrived || table->not_before > now || sweep->next > now || (chosen != NULL && chosen->next <= sweep->next))
			continue;
		first = attachment;
		chosen = sweep;
	}
	if (first != NULL)
		run(te_worker_table_find(first->number), first);
	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);
		TeWorkerTable *table = te_worker_table_find(attachment->number);
		TeTableSweep *sweep = &table->sweep;

		if (attachment->paused || attachment->arrived)
			continue;
		under_way |= sweep->under_way;
		if (sweep->watched || sweep->next <= now)
			te_sooner(due, Max(Max(sweep->next, table->not_before), now + 1));
	}
	return under_way;
}
