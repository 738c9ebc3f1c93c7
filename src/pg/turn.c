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
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "alive.h"
#include "backoff.h"
#include "extension.h"
#include "pool.h"
#include "procedure.h"
#include "root_watch.h"
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
#define REMOVE_LOCKED_MS	1000	/* after their table could not be read */
#define REMOVE_MAX_MS	3600000
#define LOAD_MS			1000	/* after the attachments could not be read */

typedef struct Turn				/* of one table */
{
	TeTable    *table;
	const TeAttachment *attachment;
	TimestampTz started;
	TeKey		first[CLAIM_SIZE];	/* looked up before the run */
	int			nfirst;
} Turn;

static MemoryContext turn_context;
static int	last_number;		/* whose turn it was */
static int64 done;
static int64 failed;

void
te_turn_begin(void)
{
	turn_context = AllocSetContextCreate(TopMemoryContext, "thumbexif turn", ALLOCSET_DEFAULT_SIZES);
	last_number = te_table_killers();
}

/* --- transactions */

void
te_work_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PortalContext = turn_context;	/* where SPI puts its own, which an ERROR leaves there */
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

/* Call a function; what it throws is returned, palloc'd, and rolled back.  NULL = nothing. */
static ErrorData *
guarded(void (*function) (void *arg), void *arg)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		function(arg);
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
	return error;
}

typedef struct Attending
{
	TeTable    *table;
	const TeAttachment *attachment;
	TimestampTz due;
	volatile bool checked;
	bool		worked;
	const ErrorData *error;
	bool		lasting;
} Attending;

static void
attend_to_work(void *arg)
{
	Attending  *attending = arg;

	attending->worked = work_on(attending->table, attending->attachment->relation, &attending->due,
								&attending->checked);
}

static void
attend_to_trouble(void *arg)
{
	Attending  *attending = arg;

	te_table_trouble(attending->table, attending->attachment->name, attending->error, attending->lasting);
}

/* The same as work_on; what it throws is dealt with. */
static bool
attend(TeTable *table, const TeAttachment *attachment, TimestampTz *due)
{
	Attending	attending = {.table = table, .attachment = attachment};
	TimestampTz began = GetCurrentTimestamp();
	ErrorData  *error;

	te_table_at_work(table->number);
	error = guarded(attend_to_work, &attending);
	te_table_at_work(0);
	LockReleaseSession(USER_LOCKMETHOD);	/* what a trigger has left */
	te_activity_drop_all();
	te_table_took(table, began);
	*due = attending.due;

	if (error == NULL)
		te_table_no_trouble(table, attachment->name);
	else
	{
		/* the queue begins anew: what was given back lies above where we were */
		memset(&table->queue, 0, sizeof(table->queue));
		attending.error = error;
		attending.lasting = !attending.checked && (error->sqlerrcode == ERRCODE_UNDEFINED_COLUMN ||
												   error->sqlerrcode == ERRCODE_DATATYPE_MISMATCH ||
												   error->sqlerrcode == ERRCODE_WRONG_OBJECT_TYPE);
		if (guarded(attend_to_trouble, &attending) != NULL)
		{
			/* somebody holds what we would write it down in: then it only waits */
			attending.lasting = false;
			(void) guarded(attend_to_trouble, &attending);
		}
		*due = table->not_before;
	}
	return attending.worked;
}

/* The extension is there and cannot be used: say so before the worker leaves, for nobody else will. */
static void
log_unusable(TeExtensionState state)
{
	if (state == TE_EXTENSION_OTHER)
		ereport(LOG,
				(errmsg("thumbexif does nothing in this database: the extension there is not of version %s, as the library is", TE_VERSION),
				 errhint("Run ALTER EXTENSION thumbexif UPDATE in it. If it is up to date, restart the server to load the newer library.")));
	else if (state == TE_EXTENSION_FOREIGN)
		ereport(LOG,
				(errmsg("thumbexif does nothing in this database: schema \"%s\" does not belong to the extension and its owner", TE_SCHEMA),
				 errhint("Let a superuser give the schema back to the owner of extension \"thumbexif\".")));
}

typedef struct Loaded
{
	List	   *attachments;
	bool		extension;		/* it is there */
} Loaded;

/* The attached tables, palloc'd. */
static void
load(void *arg)
{
	Loaded	   *loaded = arg;
	TeExtension extension;
	TeExtensionState state;

	te_work_begin();
	state = te_extension_look(&extension);
	loaded->extension = state == TE_EXTENSION_READY;
	loaded->attachments = loaded->extension ? te_attachment_all() : NIL;
	te_work_end();
	log_unusable(state);
}

static void
sooner(TimestampTz *due, TimestampTz other)
{
	if (other != 0 && (*due == 0 || other < *due))
		*due = other;
}

typedef struct Removed
{
	int64		count;
	bool		left;			/* there are more */
} Removed;

static void
remove_some(void *arg)
{
	Removed    *removed = arg;
	TeArgs		none = {0};

	te_work_begin();
	removed->count = te_store_empty_removals(REMOVE_MOST);
	removed->left = te_sql_as_extension(psprintf("SELECT FROM %s LIMIT 1", te_our("thumbexif_removal")), &none) > 0;
	te_sql_free();
	te_work_end();
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
	Removed		removed = {0};
	ErrorData  *error;
	bool		left;

	if (now < not_before)
	{
		sooner(due, not_before);
		return;
	}
	error = guarded(remove_some, &removed);
	if (error != NULL)
		ereport(LOG,
				(errmsg("thumbexif waits with the removal of files: %s", error->message)));
	left = removed.left || error != NULL;

	if (error == NULL && (removed.count > 0 || !left))
		failures = 0;
	else
		failures++;
	not_before = failures == 0 ? 0 :
		TimestampTzPlusMilliseconds(now, te_backoff_ms(failures, error != NULL ? REMOVE_LOCKED_MS : REMOVE_MS, REMOVE_MAX_MS, 0));
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
	Loaded		loaded = {NIL, false};
	ListCell   *cell;
	ErrorData  *error;
	TeAttachment *slow = NULL;	/* of those that let others go first, the one whose time comes next */
	TeTurn		result = TE_TURN_IDLE;
	bool		anew;

	MemoryContextSwitchTo(turn_context);
	MemoryContextReset(turn_context);
	*due = 0;
	error = guarded(load, &loaded);
	if (error != NULL)
	{
		te_activity_trouble(error->message);
		*due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOAD_MS);
		if (woken)
			te_table_arrivals();
		return TE_TURN_WAITING;
	}
	if (!loaded.extension)
		return TE_TURN_NO_EXTENSION;
	anew = te_root_try_again();	/* what was passed over for a root's sake lies above where the queues are */
	foreach(cell, loaded.attachments)
	{
		TeTable    *table = te_table_find(((TeAttachment *) lfirst(cell))->number);

		if (anew)
			memset(&table->queue, 0, sizeof(table->queue));
	}
	if (woken)
		te_table_arrivals();

	foreach(cell, in_turn(loaded.attachments))
	{
		TeAttachment *attachment = lfirst(cell);
		TeTable    *table = te_table_find(attachment->number);
		TimestampTz table_due = 0;

		te_exit_without_postmaster();
		if (attachment->paused)
		{
			table->has_work = table->arrivals = false;
			if (attachment->paused_by_us && te_table_resume(table, attachment))
				*due = GetCurrentTimestamp();
			continue;
		}
		if (table->not_before > GetCurrentTimestamp())
			table_due = table->not_before;
		else if (table->slow_until > GetCurrentTimestamp() && te_table_others_have_work(table))
		{
			table_due = table->slow_until;
			if (slow == NULL || table->slow_until < te_table_find(slow->number)->slow_until)
				slow = attachment;
		}
		else if (attend(table, attachment, &table_due))
		{
			last_number = attachment->number;
			result = TE_TURN_WORKED;
		}
		if (result != TE_TURN_WORKED && table->trouble != NULL)
			result = TE_TURN_WAITING;
		sooner(due, table_due);
	}
	if (slow != NULL && result == TE_TURN_IDLE)
	{
		/* nobody else is at it after all */
		TimestampTz table_due = 0;

		if (attend(te_table_find(slow->number), slow, &table_due))
			result = TE_TURN_WORKED;
		sooner(due, table_due);
	}
	sooner(due, te_root_next_try());
	if (result == TE_TURN_IDLE && te_root_any_held())
		result = TE_TURN_WAITING;
	empty_removals(due);
	return result;
}
