/*
 * turn.c
 *		One turn of the background worker: a batch of each attached table.
 *
 * The work itself is te_run's, as in a backfill.  Here it is decided which table
 * is next and for how long, and what an ERROR means: te_run has given back
 * what it had, so the table is left alone for a while that grows up to a minute, with one
 * WARNING, and tried again.  A table that cannot be worked on before somebody changes it is paused.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "backoff.h"
#include "extension.h"
#include "finish.h"
#include "pool.h"
#include "procedure.h"
#include "queue.h"
#include "root_watch.h"
#include "run.h"
#include "shmem.h"
#include "statement.h"
#include "store.h"
#include "turn.h"

#define CLAIM_SIZE		16		/* assets claimed, and written, at a time: what has just come need not wait for many */
#define ALONE_MS		10000	/* a run, while no other table has work */
#define SHARE_MS		2000	/* a run, while one has */
#define TROUBLE_MS		1000	/* after the first ERROR */
#define TROUBLE_MAX_MS	60000
#define REMOVE_MOST		1000	/* files to unlink in a turn */
#define REMOVE_MS		60000	/* after files could not be unlinked */
#define REMOVE_MAX_MS	3600000

typedef struct Table			/* an attached table, as long as this worker lives */
{
	int			number;			/* of the attachment */
	TeQueue		queue;
	bool		arrivals;		/* somebody has committed new work since its queue was looked at */
	bool		has_work;		/* going by its last turn */
	int			failures;		/* runs in a row that ended with an ERROR */
	TimestampTz not_before;		/* after an ERROR */
	char	   *trouble;		/* what was warned of last, or NULL; in worker_context */
} Table;

typedef struct Turn				/* of one table */
{
	Table	   *table;
	const TeAttachment *attachment;
	TimestampTz until;
	TeKey		first[CLAIM_SIZE];	/* looked up before the run */
	int			nfirst;
} Turn;

static MemoryContext worker_context;
static MemoryContext turn_context;
static List *tables = NIL;		/* of Table *, in worker_context */
static int	last_number;		/* whose turn it was */
static int64 done;
static int64 failed;

void
te_turn_begin(void)
{
	worker_context = AllocSetContextCreate(TopMemoryContext, "thumbexif worker", ALLOCSET_DEFAULT_SIZES);
	turn_context = AllocSetContextCreate(worker_context, "thumbexif turn", ALLOCSET_DEFAULT_SIZES);
}

/* --- transactions */

static void
begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(turn_context);
}

static void
end(void)
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

/* --- tables */

static Table *
find_table(int number)
{
	ListCell   *cell;
	MemoryContext caller;
	Table	   *table;

	foreach(cell, tables)
	{
		table = lfirst(cell);
		if (table->number == number)
			return table;
	}
	caller = MemoryContextSwitchTo(worker_context);
	table = palloc0(sizeof(Table));
	table->number = number;
	tables = lappend(tables, table);
	MemoryContextSwitchTo(caller);
	return table;
}

static void
note_arrivals(void)
{
	ListCell   *cell;

	foreach(cell, tables)
		((Table *) lfirst(cell))->arrivals = true;
}

static bool
others_have_work(const Table *table)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const Table *other = lfirst(cell);

		if (other != table && (other->has_work || other->arrivals))
			return true;
	}
	return false;
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

static int
next_keys(void *arg, TeKey *keys, int most)
{
	Turn	   *turn = arg;
	Table	   *table = turn->table;
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
	te_root_save();
	if (slot != NULL && pg_atomic_exchange_u32(&slot->wake, 0) != 0)
		note_arrivals();
	if (ConfigReloadPending || now >= turn->until || is_stopped(turn->attachment))
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
start_run(Turn *turn, TimestampTz now)
{
	TeRun		r = {
		.attachment = turn->attachment,
		.parts = TE_PART_ALL,
		.look = true,			/* at missing ones again */
		.batch_size = CLAIM_SIZE,
		.claim_size = CLAIM_SIZE,
		.most = PG_INT64_MAX,
		.next = next_keys,
		.written = written,
		.commit = commit_between,
		.arg = turn
	};

	turn->until = TimestampTzPlusMilliseconds(now, others_have_work(turn->table) ? SHARE_MS : ALONE_MS);
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
work_on(Table *table, Oid relation, TimestampTz *due, volatile bool *checked)
{
	TimestampTz now = GetCurrentTimestamp();
	Turn		turn = {.table = table};

	begin();
	turn.attachment = te_attachment_get(relation);
	*checked = true;
	if (table->arrivals)
		te_queue_arrivals(&table->queue, now);
	table->arrivals = false;
	turn.nfirst = te_queue_next(&table->queue, turn.attachment, now, turn.first, CLAIM_SIZE);
	table->has_work = turn.nfirst > 0;
	if (table->has_work)
	{
		turn.attachment = te_procedure_attachment(relation, TE_PART_ALL, false);
		start_run(&turn, now);
	}
	else
		*due = te_queue_due(&table->queue, turn.attachment, now);
	end();
	return table->has_work;
}

/* --- trouble */

/* Pause a table until its owner has changed something.  Returns false if there is no such attachment any more. */
static bool
pause_table(const Table *table, const char *reason)
{
	TeArgs		args = {0};
	bool		found;

	begin();
	te_arg_int4(&args, table->number);
	te_arg_text(&args, reason);
	found = te_sql_as_extension(psprintf("UPDATE %s SET paused = true, pause_reason = $2 WHERE attachment = $1",
										 te_our("thumbexif_attachment")), &args) > 0;
	end();
	return found;
}

/* Is it still there?  Neither a dropped table nor a dropped extension is worth a WARNING. */
static bool
is_attached(const Table *table)
{
	TeExtension extension;
	bool		found = false;

	begin();
	if (te_extension_find(&extension))
	{
		ListCell   *cell;

		foreach(cell, te_attachment_all())
			found |= ((TeAttachment *) lfirst(cell))->number == table->number;
	}
	end();
	return found;
}

/* Has this been said already, of this table or another?  What a hint names is one trouble, whatever the file. */
static bool
was_said(const char *trouble)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const Table *table = lfirst(cell);

		if (table->trouble != NULL && strcmp(table->trouble, trouble) == 0)
			return true;
	}
	return false;
}

static void
meet_trouble(Table *table, const char *name, const ErrorData *error, bool checked)
{
	bool		lasting = !checked && (error->sqlerrcode == ERRCODE_UNDEFINED_COLUMN ||
									   error->sqlerrcode == ERRCODE_DATATYPE_MISMATCH);
	const char *trouble = error->hint ? error->hint : error->message;
	bool		said = was_said(trouble);
	int64		wait_ms;

	if (lasting ? !pause_table(table, error->message) : !is_attached(table))
		return;

	wait_ms = te_backoff_ms(++table->failures, TROUBLE_MS, TROUBLE_MAX_MS,
							pg_prng_uint32(&pg_global_prng_state));
	table->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms);
	if (table->trouble == NULL || strcmp(table->trouble, trouble) != 0)
	{
		if (table->trouble != NULL)
			pfree(table->trouble);
		table->trouble = MemoryContextStrdup(worker_context, trouble);
	}
	te_activity_trouble(error->message);
	if (!said)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 lasting ?
				 errmsg("thumbexif has paused table %s: %s", name, error->message) :
				 errmsg("thumbexif waits with table %s: %s", name, error->message),
				 error->detail ? errdetail_internal("%s", error->detail) : 0,
				 error->hint ? errhint("%s", error->hint) : 0));
}

static void
end_trouble(Table *table, const char *name)
{
	if (table->trouble == NULL)
		return;
	pfree(table->trouble);
	table->trouble = NULL;
	table->failures = 0;
	table->not_before = 0;
	te_activity_trouble(NULL);
	ereport(LOG,
			(errmsg("thumbexif goes on with table %s", name)));
}

/* --- turns */

/* The same as work_on; what it throws is dealt with. */
static bool
attend(Table *table, const TeAttachment *attachment, TimestampTz *due)
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
		end_trouble(table, attachment->name);
	else
	{
		/* the queue begins anew: what was given back lies above where we were */
		memset(&table->queue, 0, sizeof(table->queue));
		meet_trouble(table, attachment->name, error, checked);
		*due = table->not_before;
	}
	return worked;
}

/* The attached tables, palloc'd.  False if the extension has gone or is of another version than we. */
static bool
load(List **attachments)
{
	TeExtension extension;
	bool		found;

	begin();
	found = te_extension_find(&extension);
	*attachments = found ? te_attachment_all() : NIL;
	end();
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
	begin();
	removed = te_store_empty_removals(REMOVE_MOST);
	left = te_sql_as_extension(psprintf("SELECT FROM %s LIMIT 1", te_our("thumbexif_removal")), &none) > 0;
	te_sql_free();
	end();

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
		(void) find_table(((TeAttachment *) lfirst(cell))->number);
	if (woken)
		note_arrivals();

	foreach(cell, in_turn(attachments))
	{
		TeAttachment *attachment = lfirst(cell);
		Table	   *table = find_table(attachment->number);
		TimestampTz table_due = 0;

		if (attachment->paused)
		{
			table->has_work = table->arrivals = false;
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
