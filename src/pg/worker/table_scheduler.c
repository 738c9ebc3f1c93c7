/*
 * table_scheduler.c
 *		A turn of the background worker: chooses an attached table and processes some of its assets.
 *
 * te_pipeline_run does the processing, as in a backfill.  An ERROR suspends the table (table_health.c) and does not end the
 * worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/lock.h"
#include "utils/snapmgr.h"

#include "file_removal.h"
#include "member_watch.h"
#include "pg/base/extension.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/statement.h"
#include "pg/base/time_limit.h"
#include "pg/catalog/asset_count.h"
#include "pg/files/root_check.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/table_access.h"
#include "pg/shared/activity.h"
#include "pg/shared/shmem.h"
#include "table_health.h"
#include "shard_watch.h"
#include "table_scheduler.h"
#include "table_sweep.h"
#include "worker_xact.h"

#define LOAD_RETRY_MS	1000	/* after the attachments could not be read */
#define FOLD_MS			60000	/* between two times that the counts are folded */
#define RESUME_MS		1000	/* between checks of a paused table, while the worker is awake */

typedef struct Turn				/* of one table */
{
	TeWorkerTable *table;
	const TeAttachment *attachment;
	TimestampTz started;
	TeKey		first[TE_CLAIM_SIZE];	/* read before the pipeline runs */
	int			num_first;
} Turn;

static int64 num_done;			/* assets, since the worker started */
static int64 num_failed;

/* --- the pipeline's callbacks */

static void
commit_batch(void *arg)
{
	SetCurrentStatementStartTimestamp();	/* now() advances with it */
	SPI_commit();
}

/* Has the table been paused or detached since the turn began? */
static bool
is_paused_or_detached(const TeAttachment *attachment)
{
	TeArgs		args = {0};
	bool		stopped;

	te_arg_int4(&args, attachment->number);
	stopped = te_sql_as_extension(psprintf("SELECT FROM %s AS m JOIN %s AS a ON a.attachment = COALESCE(m.parent, m.attachment)"
										   " WHERE m.attachment = $1 AND NOT m.paused AND NOT a.paused",
										   te_internal_name("thumbexif_attachment"), te_internal_name("thumbexif_attachment")), &args) == 0;
	te_sql_free();
	return stopped;
}

/* Read the queue from its beginning, since assets that were read from it are not processed. */
static void
read_queue_again(TeWorkerTable *table)
{
	memset(&table->queue, 0, sizeof(table->queue));
}

static int
next_keys(void *arg, TeKey *keys, int max_keys)
{
	Turn	   *turn = arg;
	TeWorkerTable *table = turn->table;
	TimestampTz now = GetCurrentTimestamp();
	TeDatabaseSlot *slot = te_shmem_database(MyDatabaseId);
	int			count;

	if (turn->num_first > 0)
	{
		count = Min(turn->num_first, max_keys);
		memcpy(keys, turn->first, sizeof(TeKey) * count);
		turn->num_first = 0;
		return count;
	}
	if (slot != NULL && pg_atomic_exchange_u32(&slot->wake, 0) != 0)
		te_worker_table_note_arrivals();
	if (ConfigReloadPending || te_write_budget_spent() ||
		TimestampDifferenceExceeds(turn->started, now, te_worker_table_turn_ms(table)))
		return -1;
	te_write_budget_refill();
	if (table->arrivals)
		te_queue_arrivals(&table->queue, now);
	table->arrivals = false;
	count = te_queue_next(&table->queue, turn->attachment, now, keys, max_keys);
	/* after the queue was read, lest it has what came after the pause */
	if (is_paused_or_detached(turn->attachment))
	{
		read_queue_again(table);
		return -1;
	}
	return count > 0 || table->queue.unread ? count : -1;
}

static void
written(void *arg, const TeJob *job)
{
	Turn	   *turn = arg;

	te_queue_progressed(&turn->table->queue);
	num_done++;
	num_failed += job->outcome == TE_OUTCOME_FAILED;
	te_activity_count(num_done, num_failed);
}

static void
run_pipeline(Turn *turn)
{
	TePipelineOptions options = {
		.attachment = turn->attachment,
		.parts = TE_PART_ALL,
		.check_files = true,	/* a missing file may be back */
		.batch_size = turn->table->batch,
		.claim_size = turn->table->batch,
		.max_assets = turn->table->queue.single ? 1 : PG_INT64_MAX,
		.keep_removals = true,
		.next = next_keys,
		.written = written,
		.commit = commit_batch,
		.arg = turn
	};

	te_activity_state(TE_ACTIVITY_WORKING);
	te_activity_relation(turn->attachment->named);
	pgstat_report_activity(STATE_RUNNING, turn->attachment->name);
	PopActiveSnapshot();		/* no snapshot is held while decoders work */
	te_pipeline_run(&options);

	/* adapt the batch to what can be written within the time budget */
	if (te_write_budget_spent())
		turn->table->batch = Max(turn->table->batch / 2, 1);
	else
		turn->table->batch = Min(turn->table->batch * 2, TE_CLAIM_SIZE);
}

/* The same, unless the table has been paused since it was chosen: the assets that were read may have come after that. */
static void
run_pipeline_unless_paused(Turn *turn, TimestampTz *due)
{
	turn->attachment = te_table_access(turn->attachment->relation, TE_PART_ALL, false);
	if (!turn->attachment->paused)
	{
		run_pipeline(turn);
		return;
	}
	read_queue_again(turn->table);
	turn->table->has_work = false;
	*due = turn->started;		/* at once: then the pause is found */
}

/*
 * Process assets of the table until there are none or its turn is over.  False, and *due is set, if there was none.
 * *checked is set once the attachment has been found valid.
 */
static bool
process_queue(TeWorkerTable *table, Oid relation, TimestampTz *due, volatile bool *checked)
{
	TimestampTz now = GetCurrentTimestamp();
	Turn		turn = {.table = table, .started = now};

	te_worker_xact_begin();
	turn.attachment = te_attachment_get(relation);
	*checked = true;
	if (table->arrivals)
		te_queue_arrivals(&table->queue, now);
	table->arrivals = false;
	turn.num_first = te_queue_next_between_runs(&table->queue, turn.attachment, now, turn.first, table->batch);
	table->has_work = turn.num_first > 0 || table->queue.unread;
	if (turn.num_first > 0)
		run_pipeline_unless_paused(&turn, due);
	else if (!table->has_work)
		*due = te_queue_due(&table->queue, turn.attachment, now);
	te_worker_xact_end();
	return table->has_work;
}

/* --- a turn of a table */

typedef struct TurnCall			/* arguments of te_worker_xact_guarded() */
{
	TeWorkerTable *table;
	const TeAttachment *attachment;
	TimestampTz due;
	volatile bool checked;
	bool		worked;
	const ErrorData *error;
	bool		lasting;
} TurnCall;

static void
guarded_turn(void *arg)
{
	TurnCall   *call = arg;

	call->worked = process_queue(call->table, call->attachment->relation, &call->due,
								 &call->checked);
}

static void
guarded_failure(void *arg)
{
	TurnCall   *call = arg;

	te_table_health_failed(call->table, call->attachment->name, call->error, call->lasting);
}

/* Suspend the table after an ERROR.  Returns when to try again. */
static TimestampTz
handle_error(TurnCall *call, ErrorData *error)
{
	TeWorkerTable *table = call->table;

	/* released assets are above the current position */
	read_queue_again(table);
	if (te_time_limit_hit() && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		error->message = pstrdup("functions that the table's policies or indexes call took too long");
	call->error = error;
	call->lasting = !call->checked && (error->sqlerrcode == ERRCODE_UNDEFINED_COLUMN ||
									   error->sqlerrcode == ERRCODE_DATATYPE_MISMATCH ||
									   error->sqlerrcode == ERRCODE_WRONG_OBJECT_TYPE);
	if (te_worker_xact_guarded(guarded_failure, call) != NULL)
	{
		/* the pause could not be written, since a lock is in the way: only suspend it */
		call->lasting = false;
		(void) te_worker_xact_guarded(guarded_failure, call);
	}
	return table->not_before;
}

/* Run the turn of a table, and handle its ERROR. */
static bool
run_turn(TeWorkerTable *table, const TeAttachment *attachment, TimestampTz *due)
{
	TurnCall	call = {.table = table, .attachment = attachment};
	int64		position = te_worker_table_position(table);
	ErrorData  *error;

	te_worker_table_turn_begin();
	te_write_budget_refill();
	te_table_health_set_at_work(table->number);
	error = te_worker_xact_guarded(guarded_turn, &call);
	te_table_health_set_at_work(0);
	LockReleaseSession(USER_LOCKMETHOD);	/* advisory locks that a trigger has left */
	te_activity_drop_all();
	te_worker_table_turn_end(table, position);

	if (error == NULL)
	{
		te_table_health_recovered(table, attachment->name);
		*due = table->due = call.due;
		table->idle = !call.worked;
	}
	else
	{
		*due = handle_error(&call, error);
		table->idle = false;
	}
	return call.worked;
}

/* --- choosing a table */

typedef struct ReadyTable
{
	TeWorkerTable *table;
	const TeAttachment *attachment;
	int64		position;
} ReadyTable;

static int
compare_ready(const void *a, const void *b)
{
	const ReadyTable *left = a;
	const ReadyTable *right = b;

	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	if (left->table->share == right->table->share && left->table->last_turn != right->table->last_turn)
		return left->table->last_turn < right->table->last_turn ? -1 : 1;
	return left->table->share != right->table->share ? left->table->share - right->table->share :
		left->table->number - right->table->number;
}

/* Resume a table that the worker has paused, if the cause is gone.  Then *due is now. */
static void
check_paused(TeWorkerTable *table, const TeAttachment *attachment, TimestampTz *due)
{
	TimestampTz now = GetCurrentTimestamp();

	if (attachment->paused_by_us && (table->arrivals || now >= table->resume_at))
	{
		table->resume_at = TimestampTzPlusMilliseconds(now, RESUME_MS);
		if (te_table_health_resume(table, attachment))
			*due = now;
	}
	table->has_work = table->arrivals = false;
	table->idle = false;		/* once resumed, it may have work */
}

/* The tables that may have work now, in the order of their turns.  *due is set for the others. */
static ReadyTable *
ready_tables(List *attachments, int *count, TimestampTz *due)
{
	ReadyTable *ready = palloc(sizeof(ReadyTable) * Max(list_length(attachments), 1));
	TimestampTz now = GetCurrentTimestamp();
	ListCell   *cell;

	*count = 0;
	foreach(cell, attachments)
	{
		TeAttachment *attachment = lfirst(cell);
		TeWorkerTable *table = te_worker_table_find(attachment->number);

		if (attachment->paused)
			check_paused(table, attachment, due);
		else if (attachment->arrived)
			table->idle = false;	/* nobody knows which of its assets are done */
		else if (table->not_before > now)
			te_sooner(due, table->not_before);
		else if (table->idle && !table->arrivals && (table->due == 0 || table->due > now))
			te_sooner(due, table->due);
		else
		{
			ready[*count].table = table;
			ready[*count].attachment = attachment;
			ready[(*count)++].position = te_worker_table_position(table);
		}
	}
	qsort(ready, *count, sizeof(ReadyTable), compare_ready);
	return ready;
}

/* Run the turn of the first table that has work.  False if none has; *due is when one will. */
static bool
run_first_turn(List *attachments, TimestampTz *due)
{
	int			count;
	ReadyTable *ready = ready_tables(attachments, &count, due);

	for (int i = 0; i < count; i++)
	{
		TimestampTz table_due = 0;

		te_exit_if_postmaster_died();
		if (run_turn(ready[i].table, ready[i].attachment, &table_due))
			return true;
		te_sooner(due, table_due);
	}
	return false;
}

static void
fold_counts(void *arg)
{
	te_worker_xact_begin();
	te_count_fold_all();
	te_worker_xact_end();
}

/* Replace the rows of the counts by their sums now and then, since serializable transactions never do. */
static void
fold_counts_if_due(void)
{
	static TimestampTz last = 0;
	TimestampTz now = GetCurrentTimestamp();
	ErrorData  *error;

	if (!TimestampDifferenceExceeds(last, now, FOLD_MS))
		return;
	last = now;
	error = te_worker_xact_guarded(fold_counts, NULL);
	if (error != NULL)
		ereport(LOG,
				(errmsg("the numbers of assets are not summed up: %s", error->message)));
}

TeTurnResult
te_scheduler_turn(bool woken, TimestampTz *due)
{
	TeAttachedTables attached = {NIL};
	ErrorData  *error;
	TeTurnResult result;

	te_worker_xact_reset();
	*due = 0;
	error = te_worker_xact_guarded(te_worker_table_load, &attached);
	if (error != NULL)
	{
		te_activity_trouble(error->message);
		*due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOAD_RETRY_MS);
		if (woken)
			te_worker_table_note_arrivals();
		return TE_TURN_WAITING;
	}
	if (!attached.extension)
		return TE_TURN_NO_EXTENSION;
	if (te_member_watch(attached.parents, woken, due))
		(void) te_worker_xact_guarded(te_worker_table_load, &attached);
	te_worker_table_refresh(attached.attachments);
	if (woken)
		te_worker_table_note_arrivals();
	te_member_find_work(attached.attachments);
	if (te_root_retry_due())
		te_worker_table_restart_queues();	/* assets skipped while the root was held off are above the current positions */

	if (run_first_turn(attached.attachments, due))
		result = TE_TURN_WORKED;
	else
		result = te_table_health_any_failing() || te_root_any_held() ? TE_TURN_WAITING : TE_TURN_IDLE;
	if (te_shard_watch_turn(attached.attachments, due))
		result = TE_TURN_WORKED;
	te_sooner(due, te_root_next_try());
	if (te_table_sweep_turn(attached.attachments, due) && result == TE_TURN_IDLE)
		result = TE_TURN_RESTING;
	te_file_removal_process(due);
	fold_counts_if_due();
	return result;
}
