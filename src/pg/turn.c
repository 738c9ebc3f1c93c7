/*
 * turn.c
 *		One turn of the background worker: a batch of each attached table.
 *
 * The work itself is te_run's, as in a backfill.  Here it is decided which table
 * is next and for how long.  An ERROR means trouble with that table (table.c), not the
 * end of the worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "backoff.h"
#include "extension.h"
#include "pool.h"
#include "procedure.h"
#include "run.h"
#include "shmem.h"
#include "statement.h"
#include "store.h"
#include "table.h"
#include "turn.h"
#include "work.h"

#define CLAIM_SIZE		16		/* assets claimed, and written, at a time: what has just come need not wait for many */
#define ALONE_MS		10000	/* a run, while no other table has work */
#define SHARE_MS		200		/* a run, while one has or may have */
#define REMOVE_MOST		1000	/* files to unlink in a turn */
#define REMOVE_MS		60000	/* after files could not be unlinked */
#define REMOVE_MAX_MS	3600000

typedef struct Turn				/* of one table */
{
	TeTable    *table;
	const TeAttachment *attachment;
	TimestampTz started;
	TeKey		first[CLAIM_SIZE];	/* looked up before the run */
	int			nfirst;
	TeKey		gone[CLAIM_SIZE];	/* states without a row: triggers were off when it was deleted */
	int			ngone;
} Turn;

static MemoryContext turn_context;
static int	last_number;		/* whose turn it was */
static int64 done;
static int64 failed;

void
te_turn_begin(void)
{
	turn_context = AllocSetContextCreate(TopMemoryContext, "thumbexif turn", ALLOCSET_DEFAULT_SIZES);
}

/* --- transactions */

void
te_work_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(turn_context);
}

void
te_work_end(void)
{
	if (ActiveSnapshotSet())
		PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
	MemoryContextSwitchTo(turn_context);
}

static void
commit_between(void *arg)
{
	SetCurrentStatementStartTimestamp();	/* now() goes on with it */
	SPI_commit();
}

/* --- a run */

/* Has the table been paused, or detached, since the run began? */
static bool
is_stopped(const TeAttachment *attachment)
{
	TeArgs		args = {0};
	bool		stopped;

	te_arg_int4(&args, attachment->number);
	stopped = te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment = $1 AND NOT paused",
										   te_our("thumbexif_attachment")), &args) == 0;
	te_sql_free();
	return stopped;
}

static void
passed(void *arg, const TeAsset *asset, TeTaken why)
{
	Turn	   *turn = arg;

	if (why == TE_TAKEN_GONE && asset->state.exists && turn->ngone < CLAIM_SIZE)
		turn->gone[turn->ngone++] = asset->key;
}

/* Nobody will ever do those.  Should the row come back, it is new. */
static void
forget_gone(Turn *turn)
{
	const TeAttachment *attachment = turn->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	if (turn->ngone == 0)
		return;
	te_arg_int4(&args, attachment->number);
	te_arg(&args, te_key_array_type(type), te_key_array(type, turn->gone, turn->ngone));
	te_sql_as_extension(psprintf("WITH gone AS (DELETE FROM %s WHERE attachment = $1 AND id = ANY ($2)"
								 " AND status IN ('queued', 'missing') RETURNING file)"
								 " INSERT INTO %s (attachment, file) SELECT $1, file FROM gone"
								 " WHERE file IS NOT NULL", attachment->state,
								 te_our("thumbexif_removal")), &args);
	turn->ngone = 0;
}

static int
next_keys(void *arg, TeKey *keys, int most)
{
	Turn	   *turn = arg;
	TeTable    *table = turn->table;
	TimestampTz now = GetCurrentTimestamp();
	TeDatabaseSlot *slot = te_shmem_database(MyDatabaseId);
	int			count;

	if (turn->nfirst > 0)
	{
		count = Min(turn->nfirst, most);
		memcpy(keys, turn->first, sizeof(TeKey) * count);
		turn->nfirst = 0;
		return count;
	}
	forget_gone(turn);
	if (slot != NULL && pg_atomic_exchange_u32(&slot->wake, 0) != 0)
		te_table_arrivals();
	if (ConfigReloadPending || is_stopped(turn->attachment) ||
		TimestampDifferenceExceeds(turn->started, now,
								   te_table_others_have_work(table) ? SHARE_MS : ALONE_MS))
		return -1;
	if (table->arrivals)
		te_queue_arrivals(&table->queue, now);
	table->arrivals = false;
	count = te_queue_next(&table->queue, turn->attachment, now, keys, most);
	return count > 0 ? count : -1;
}

static void
written(void *arg, const TeJob *job)
{
	Turn	   *turn = arg;

	te_queue_took(&turn->table->queue);
	done++;
	failed += job->outcome == TE_OUTCOME_FAILED;
	te_activity_count(done, failed);
}

static void
start_run(Turn *turn)
{
	TeRun		r = {
		.attachment = turn->attachment,
		.parts = TE_PART_ALL,
		.look = true,			/* at missing ones again */
		.batch_size = CLAIM_SIZE,
		.claim_size = CLAIM_SIZE,
		.most = turn->table->queue.single ? 1 : PG_INT64_MAX,
		.next = next_keys,
		.passed = passed,
		.written = written,
		.commit = commit_between,
		.arg = turn
	};

	te_activity_state(TE_ACTIVITY_WORKING);
	te_activity_relation(turn->attachment->relation);
	pgstat_report_activity(STATE_RUNNING, turn->attachment->name);
	PopActiveSnapshot();		/* none is held while decoders work */
	te_run(&r);
}

/*
 * One asset after the other until there are none, or others should have their
 * turn.  True if there was one, or else *due is set.  *checked: the attachment is found to be in order.
 */
static bool
work_on(TeTable *table, Oid relation, TimestampTz *due, volatile bool *checked)
{
	TimestampTz now = GetCurrentTimestamp();
	Turn		turn = {.table = table, .started = now};

	te_work_begin();
	turn.attachment = te_attachment_get(relation);
	*checked = true;
	if (table->arrivals)
		te_queue_arrivals(&table->queue, now);
	table->arrivals = false;
	turn.nfirst = te_queue_settle(&table->queue, turn.attachment, now, turn.first, CLAIM_SIZE);
	table->has_work = turn.nfirst > 0;
	if (table->has_work)
	{
		turn.attachment = te_procedure_attachment(relation, TE_PART_ALL, false);
		start_run(&turn);
	}
	else
		*due = te_queue_due(&table->queue, turn.attachment, now);
	te_work_end();
	return table->has_work;
}

/* --- turns */

/* The same as work_on; what it throws is dealt with. */
static bool
attend(TeTable *table, const TeAttachment *attachment, TimestampTz *due)
{
	volatile bool checked = false;
	volatile bool worked = false;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		worked = work_on(table, attachment->relation, due, &checked);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(turn_context);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		te_pool_reset();
		MemoryContextSwitchTo(turn_context);
	}
	PG_END_TRY();
	te_activity_drop_all();

	if (error == NULL)
		te_table_no_trouble(table, attachment->name);
	else
	{
		/* the queue begins anew: what was given back lies above where we were */
		memset(&table->queue, 0, sizeof(table->queue));
		te_table_trouble(table, attachment->name, error,
						 !checked && (error->sqlerrcode == ERRCODE_UNDEFINED_COLUMN ||
									  error->sqlerrcode == ERRCODE_DATATYPE_MISMATCH ||
									  error->sqlerrcode == ERRCODE_WRONG_OBJECT_TYPE));
		*due = table->not_before;
	}
	return worked;
}

/* The attached tables, palloc'd.  False if the extension has gone. */
static bool
load(List **attachments)
{
	TeExtension extension;
	bool		found;

	te_work_begin();
	found = te_extension_find(&extension);
	*attachments = found ? te_attachment_all() : NIL;
	te_work_end();
	return found;
}

static void
sooner(TimestampTz *due, TimestampTz other)
{
	if (other != 0 && (*due == 0 || other < *due))
		*due = other;
}

/*
 * Unlink what is no longer wanted.  Where that fails te_store_empty_removals warns;
 * it is then tried again only after a wait, and so the WARNING comes seldom.
 */
static void
empty_removals(TimestampTz *due)
{
	static int	failures = 0;
	static TimestampTz not_before = 0;
	TimestampTz now = GetCurrentTimestamp();
	TeArgs		none = {0};
	int64		removed;
	bool		left;

	if (now < not_before)
	{
		sooner(due, not_before);
		return;
	}
	te_work_begin();
	removed = te_store_empty_removals(REMOVE_MOST);
	left = te_sql_as_extension(psprintf("SELECT FROM %s LIMIT 1", te_our("thumbexif_removal")), &none) > 0;
	te_sql_free();
	te_work_end();

	if (removed > 0 || !left)
		failures = 0;
	else
		failures++;
	not_before = failures == 0 ? 0 :
		TimestampTzPlusMilliseconds(now, te_backoff_ms(failures, REMOVE_MS, REMOVE_MAX_MS, 0));
	if (left)
		sooner(due, Max(now, not_before));
}

/* The tables from the one after the last that had a turn. */
static List *
in_turn(List *attachments)
{
	List	   *ahead = NIL;
	List	   *behind = NIL;
	ListCell   *cell;

	foreach(cell, attachments)
	{
		TeAttachment *attachment = lfirst(cell);

		if (attachment->number > last_number)
			ahead = lappend(ahead, attachment);
		else
			behind = lappend(behind, attachment);
	}
	return list_concat(ahead, behind);
}

TeTurn
te_turn(bool woken, TimestampTz *due)
{
	List	   *attachments;
	ListCell   *cell;
	TeTurn		result = TE_TURN_IDLE;

	MemoryContextSwitchTo(turn_context);
	MemoryContextReset(turn_context);
	*due = 0;
	if (!load(&attachments))
		return TE_TURN_NO_EXTENSION;
	foreach(cell, attachments)
		(void) te_table_find(((TeAttachment *) lfirst(cell))->number);
	if (woken)
		te_table_arrivals();

	foreach(cell, in_turn(attachments))
	{
		TeAttachment *attachment = lfirst(cell);
		TeTable    *table = te_table_find(attachment->number);
		TimestampTz table_due = 0;

		if (attachment->paused)
		{
			table->has_work = table->arrivals = false;
			if (attachment->paused_by_us && te_table_resume(table, attachment))
				*due = GetCurrentTimestamp();
			continue;
		}
		if (table->not_before > GetCurrentTimestamp())
			table_due = table->not_before;
		else if (attend(table, attachment, &table_due))
		{
			last_number = attachment->number;
			result = TE_TURN_WORKED;
		}
		if (result != TE_TURN_WORKED && table->trouble != NULL)
			result = TE_TURN_WAITING;
		sooner(due, table_due);
	}
	empty_removals(due);
	return result;
}
