/*
 * table_health.c
 *		An attached table as the background worker sees it, as long as that lives.
 *
 * Trouble is the server's, or the table's as a whole, never an asset's: a full disk, a
 * lost mount, a table that is locked, a mapped column that has gone.  te_pipeline_run has given back what
 * it had claimed, no attempt was counted, and trying again later does no harm.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/base/backoff.h"
#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/attachment.h"
#include "pg/pool/process.h"
#include "pg/shared/activity.h"
#include "pg/shared/shmem.h"
#include "table_health.h"
#include "worker_xact.h"

#define TROUBLE_MS		1000	/* after the first ERROR */
#define TROUBLE_MAX_MS	60000
#define KILLED_MS		10000	/* after the first death of a worker */
#define KILLED_MAX_MS	(60 * 60 * 1000)
#define FORGIVEN_MS		(2 * 60 * 60 * 1000)	/* without another death */
#define ALONE_MS		10000	/* a turn, while no other table has work */
#define SHARE_MS		1000	/* a turn, while one has or may have that has had as much time */

static List *tables = NIL;		/* of TeTable *, in TopMemoryContext */
static int64 counts_from_ms;	/* in this turn: until then no other table had work */
static int64 reached_ms = 0;	/* position of the table that had the last turn */

TeTable *
te_table_find(int number)
{
	ListCell   *cell;
	MemoryContext caller;
	TeTable    *table;

	foreach(cell, tables)
	{
		table = lfirst(cell);
		if (table->number == number)
			return table;
	}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	table = palloc0(sizeof(TeTable));
	table->number = number;
	table->batch = TE_CLAIM_SIZE;
	tables = lappend(tables, table);
	MemoryContextSwitchTo(caller);
	return table;
}

void
te_table_arrivals(void)
{
	ListCell   *cell;

	foreach(cell, tables)
		((TeTable *) lfirst(cell))->arrivals = true;
}

void
te_table_begin_anew(void)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		TeTable    *table = lfirst(cell);

		memset(&table->queue, 0, sizeof(table->queue));
		table->idle = false;
	}
}

void
te_table_keep(List *attachments)
{
	ListCell   *cell;

	foreach(cell, tables)
		((TeTable *) lfirst(cell))->attached = false;
	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);
		TeTable    *table = te_table_find(attachment->number);

		table->attached = true;
		table->paused = attachment->paused;
	}
	foreach(cell, tables)
	{
		TeTable    *table = lfirst(cell);

		if (table->attached)
			continue;
		tables = foreach_delete_current(tables, cell);
		if (table->trouble != NULL)
			pfree(table->trouble);
		pfree(table);
	}
}

/* --- whose turn it is */

int64
te_table_position(const TeTable *table)
{
	return table->has_work ? table->used_ms : Max(table->used_ms, reached_ms);
}

void
te_table_begin(void)
{
	counts_from_ms = te_now_ms();
}

void
te_table_took(TeTable *table, int64 position)
{
	table->used_ms = position + (te_now_ms() - counts_from_ms);
	if (table->has_work)
		reached_ms = Max(reached_ms, position);
}

int
te_table_turn_ms(const TeTable *table)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		turn_ms = ALONE_MS;
	bool		alone = true;
	ListCell   *cell;

	foreach(cell, tables)
	{
		const TeTable *other = lfirst(cell);
		int64		ahead_ms;

		if (other == table || !(other->has_work || other->arrivals) || other->not_before > now)
			continue;
		alone = false;
		ahead_ms = te_table_position(other) - te_table_position(table);
		turn_ms = Min(turn_ms, SHARE_MS + Max(ahead_ms, 0));
	}
	if (alone)
		counts_from_ms = te_now_ms();
	return (int) turn_ms;
}

/* --- tables of which workers have died */

/* The place of a table among those that have killed; a new one takes that of the one who has waited longest. */
static TeFatalTable *
find_fatal_table(TeDatabaseSlot *slot, int number)
{
	TeFatalTable *found = &slot->fatal_table[0];

	for (int i = 0; i < TE_FATAL_TABLES; i++)
	{
		if (slot->fatal_table[i].attachment == number)
			return &slot->fatal_table[i];
		if (slot->fatal_table[i].until < found->until)
			found = &slot->fatal_table[i];
	}
	memset(found, 0, sizeof(*found));
	found	  ->attachment = number;
	return found;
}

void
te_table_killers(void)
{
	TeDatabaseSlot *slot = te_shmem_database(MyDatabaseId);
	int			number = slot ? (int) pg_atomic_exchange_u32(&slot->at_work, 0) : 0;
	TimestampTz now = GetCurrentTimestamp();

	if (number != 0)
	{
		TeFatalTable *fatal = find_fatal_table(slot, number);
		int64		wait_ms;

		if (TimestampDifferenceExceeds(fatal->until, now, FORGIVEN_MS))
			fatal->deaths = 0;
		wait_ms = te_backoff_ms(++fatal->deaths, KILLED_MS, KILLED_MAX_MS, 0);
		/* not less than it cost: others have as much time as it had */
		wait_ms = Max(wait_ms, te_now_ms() - slot->at_work_since_ms);
		fatal->until = TimestampTzPlusMilliseconds(now, wait_ms);
	}
	for (int i = 0; slot != NULL && i < TE_FATAL_TABLES; i++)
	{
		TeFatalTable *fatal = &slot->fatal_table[i];

		if (fatal->attachment == 0)
			continue;
		/* later only if the clock was set back */
		fatal->until = Min(fatal->until, TimestampTzPlusMilliseconds(now, KILLED_MAX_MS));
		te_table_find(fatal->attachment)->not_before = fatal->until;
	}
}

void
te_table_at_work(int number)
{
	TeDatabaseSlot *slot = te_shmem_database(MyDatabaseId);

	if (slot == NULL)
		return;
	slot->at_work_since_ms = te_now_ms();
	pg_atomic_write_u32(&slot->at_work, number);
}

/* Pause a table until its owner has changed something.  Returns false if there is no such attachment any more. */
static bool
pause_table(const TeTable *table, const char *reason)
{
	TeArgs		args = {0};
	bool found;

	te_worker_xact_begin();
	te_arg_int4(&args, table->number);
	te_arg_text(&args, reason);
	found = te_sql_as_extension(psprintf("UPDATE %s SET paused = true, pause_reason = $2 WHERE attachment = $1",
										 te_internal_name("thumbexif_attachment")), &args) > 0;

	te_worker_xact_end();
	return found;
}

/* Is it still there?  Neither a dropped table nor a dropped extension is worth a WARNING. */
static bool
is_attached(const TeTable *table)
{
	TeExtension extension;
	bool found = false;

	te_worker_xact_begin();
	if (te_extension_find(&extension))
	{
		ListCell   *cell;

		foreach(cell, te_attachment_all())
			found	  |=((TeAttachment *) lfirst(cell))->number == table->number;
	}
	te_worker_xact_end();
	return found;
}

/* Has this been said already, of this table or another?  What a hint names is one trouble, whatever the file. */
static bool
was_said(const char *trouble)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const TeTable *table = lfirst(cell);

		if (table->trouble != NULL && strcmp(table->trouble, trouble) == 0)
			return true;
	}
	return false;
}

void
te_table_trouble(TeTable *table, const char *name, const ErrorData *error, bool lasting)
{
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
		table->trouble = MemoryContextStrdup(TopMemoryContext, trouble);
	}
	te_activity_trouble(error->message);
	if (!said)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 lasting ?
				 errmsg("processing of table %s is paused: %s", name, error->message) :
				 errmsg("processing of table %s is suspended: %s", name, error->message),
				 error->detail ? errdetail_internal("%s", error->detail) : 0,
				 error->hint ? errhint("%s", error->hint) : 0));
}

bool
te_table_any_trouble(void)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const TeTable *table = lfirst(cell);

		if (table->trouble != NULL && !table->paused)
			return true;
	}
	return false;
}

void
te_table_no_trouble(TeTable *table, const char *name)
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

/* An ERROR says that the trouble is not over, and needs no other word. */
bool
te_table_resume(TeTable *table, const TeAttachment *attachment)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool over = false;
	TeArgs		args = {0};

	te_arg_int4(&args, table->number);
	PG_TRY();
	{
		te_worker_xact_begin();
		(void) te_attachment_get(attachment->relation);
		over = te_sql_as_extension(psprintf("UPDATE %s SET paused = false, pause_reason = NULL WHERE attachment"
											" OPERATOR(pg_catalog.=) $1 AND pause_reason IS NOT NULL",
											te_internal_name("thumbexif_attachment")), &args) > 0;
		te_worker_xact_end();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		AbortCurrentTransaction();
		over = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	if (over)
		te_table_no_trouble(table, attachment->name);
	return over;
}
