/*
 * table_scheduler.c
 *		One turn of the background worker: some of the work of one attached table.
 *
 * The work itself is te_pipeline_run's, as in a backfill.  Here it is decided which table
 * is next and for how long.  An ERROR means trouble with that table (table_health.c), not the
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

#include "file_removal.h"
#include "pg/base/extension.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/statement.h"
#include "pg/base/time_limit.h"
#include "pg/files/root_check.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/table_access.h"
#include "pg/shared/activity.h"
#include "pg/shared/shmem.h"
#include "table_health.h"
#include "table_scheduler.h"
#include "worker_xact.h"

#define LOAD_MS			1000	/* after the attachments could not be read */
#define RESUME_MS		1000	/* between looks at a paused table, as long as the worker is awake */

typedef struct Turn				/* of one table */
{
	TeTable    *table;
	const TeAttachment *attachment;
	TimestampTz started;
	TeKey		first[TE_CLAIM_SIZE];	/* looked up before the run */
	int			nfirst;
} Turn;

static int64 done;
static int64 failed;

/* --- a run */

static void
commit_between(void *arg)
{
	SetCurrentStatementStartTimestamp();	/* now() goes on with it */
	SPI_commit();
}

/* Has the table been paused, or detached, since the run began? */
static bool
is_stopped(const TeAttachment *attachment)
{
	TeArgs		args = {0};
	bool		stopped;

	te_arg_int4(&args, attachment->number);
	stopped = te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment = $1 AND NOT paused",
										   te_internal_name("thumbexif_attachment")), &args) == 0;
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
	if (ConfigReloadPending || te_time_limit_spent() || is_stopped(turn->attachment) ||
		TimestampDifferenceExceeds(turn->started, now, te_table_turn_ms(table)))
		return -1;
	te_time_limit_refill();
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

	te_queue_progressed(&turn->table->queue);
	done++;
	failed += job->outcome == TE_OUTCOME_FAILED;
	te_activity_count(done, failed);
}

static void
start_run(Turn *turn)
{
	TePipelineOptions		r = {
		.attachment = turn->attachment,
		.parts = TE_PART_ALL,
		.look = true,			/* at missing ones again */
		.batch_size = turn->table->batch,
		.claim_size = turn->table->batch,
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
	te_pipeline_run(&r);

	/* no more are decoded than can be written within the budget */
	if (te_time_limit_spent())
		turn->table->batch = Max(turn->table->batch / 2, 1);
	else
		turn->table->batch = Min(turn->table->batch * 2, TE_CLAIM_SIZE);
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

	te_worker_xact_begin();
	turn.attachment = te_attachment_get(relation);
	*checked = true;
	if (table->arrivals)
		te_queue_arrivals(&table->queue, now);
	table->arrivals = false;
	turn.nfirst = te_queue_next_between_runs(&table->queue, turn.attachment, now, turn.first, table->batch);
	table->has_work = turn.nfirst > 0;
	if (table->has_work)
	{
		turn.attachment = te_table_access(relation, TE_PART_ALL, false);
		start_run(&turn);
	}
	else
		*due = te_queue_due(&table->queue, turn.attachment, now);
	te_worker_xact_end();
	return table->has_work;
}

/* --- turns */

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

/* A run has ended with an ERROR.  When to come again. */
static TimestampTz
deal_with_trouble(Attending *attending, ErrorData *error)
{
	TeTable    *table = attending->table;

	/* the queue begins anew: what was given back lies above where we were */
	memset(&table->queue, 0, sizeof(table->queue));
	if (te_time_limit_hit() && error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		error->message = pstrdup("functions that the table's policies or indexes call took too long");
	attending->error = error;
	attending->lasting = !attending->checked && (error->sqlerrcode == ERRCODE_UNDEFINED_COLUMN ||
												 error->sqlerrcode == ERRCODE_DATATYPE_MISMATCH ||
												 error->sqlerrcode == ERRCODE_WRONG_OBJECT_TYPE);
	if (te_worker_xact_guarded(attend_to_trouble, attending) != NULL)
	{
		/* somebody holds what we would write it down in: then it only waits */
		attending->lasting = false;
		(void) te_worker_xact_guarded(attend_to_trouble, attending);
	}
	return table->not_before;
}

/* The same as work_on; what it throws is dealt with. */
static bool
attend(TeTable *table, const TeAttachment *attachment, TimestampTz *due)
{
	Attending	attending = {.table = table, .attachment = attachment};
	int64		position = te_table_position(table);
	ErrorData  *error;

	te_table_begin();
	te_time_limit_refill();
	te_table_at_work(table->number);
	error = te_worker_xact_guarded(attend_to_work, &attending);
	te_table_at_work(0);
	LockReleaseSession(USER_LOCKMETHOD);	/* what a trigger has left */
	te_activity_drop_all();
	te_table_took(table, position);

	if (error == NULL)
	{
		te_table_no_trouble(table, attachment->name);
		*due = table->due = attending.due;
		table->idle = !attending.worked;
	}
	else
	{
		*due = deal_with_trouble(&attending, error);
		table->idle = false;
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

	te_worker_xact_begin();
	state = te_extension_look(&extension);
	loaded->extension = state == TE_EXTENSION_READY;
	loaded->attachments = loaded->extension ? te_attachment_all() : NIL;
	te_worker_xact_end();
	log_unusable(state);
}

/* --- which table is next */

typedef struct Ready
{
	TeTable    *table;
	const TeAttachment *attachment;
	int64		position;
} Ready;

static int
compare_ready(const void *a, const void *b)
{
	const Ready *left = a;
	const Ready *right = b;

	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	return left->table->number - right->table->number;
}

/* A paused table: if the pause is ours, is what was wrong over?  Then *due is now. */
static void
look_at_paused(TeTable *table, const TeAttachment *attachment, TimestampTz *due)
{
	TimestampTz now = GetCurrentTimestamp();

	if (attachment->paused_by_us && (table->arrivals || now >= table->resume_at))
	{
		table->resume_at = TimestampTzPlusMilliseconds(now, RESUME_MS);
		if (te_table_resume(table, attachment))
			*due = now;
	}
	table->has_work = table->arrivals = false;
	table->idle = false;		/* when it goes on, there will be work */
}

/* The tables that may have work now, in the order in which they have their turn; for the others *due is set. */
static Ready *
ready_tables(List *attachments, int *count, TimestampTz *due)
{
	Ready	   *ready = palloc(sizeof(Ready) * Max(list_length(attachments), 1));
	TimestampTz now = GetCurrentTimestamp();
	ListCell   *cell;

	*count = 0;
	foreach(cell, attachments)
	{
		TeAttachment *attachment = lfirst(cell);
		TeTable    *table = te_table_find(attachment->number);

		if (attachment->paused)
			look_at_paused(table, attachment, due);
		else if (table->not_before > now)
			te_sooner(due, table->not_before);
		else if (table->idle && !table->arrivals && (table->due == 0 || table->due > now))
			te_sooner(due, table->due);
		else
		{
			ready[*count].table = table;
			ready[*count].attachment = attachment;
			ready[(*count)++].position = te_table_position(table);
		}
	}
	qsort(ready, *count, sizeof(Ready), compare_ready);
	return ready;
}

/* The first of them that has something to do does some of it.  *due: when another one will. */
static bool
serve_one(List *attachments, TimestampTz *due)
{
	int			count;
	Ready	   *ready = ready_tables(attachments, &count, due);

	for (int i = 0; i < count; i++)
	{
		TimestampTz table_due = 0;

		te_exit_if_postmaster_died();
		if (attend(ready[i].table, ready[i].attachment, &table_due))
			return true;
		te_sooner(due, table_due);
	}
	return false;
}

TeTurnResult
te_scheduler_turn(bool woken, TimestampTz *due)
{
	Loaded		loaded = {NIL, false};
	ErrorData  *error;
	TeTurnResult		result;

	te_worker_xact_reset();
	*due = 0;
	error = te_worker_xact_guarded(load, &loaded);
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
	te_table_keep(loaded.attachments);
	if (woken)
		te_table_arrivals();
	if (te_root_try_again())
		te_table_begin_anew();	/* what was passed over for a root's sake lies above where the queues are */

	if (serve_one(loaded.attachments, due))
		result = TE_TURN_WORKED;
	else
		result = te_table_any_trouble() || te_root_any_held() ? TE_TURN_WAITING : TE_TURN_IDLE;
	te_sooner(due, te_root_next_try());
	te_file_removal_empty(due);
	return result;
}
