/*
 * worker_table.c
 *		The background worker's list of attached tables, and how they share its time.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/catalog/attachment.h"
#include "worker_table.h"
#include "worker_xact.h"

#define ALONE_MS		10000	/* a turn, if no other table has work */
#define SHARE_MS		1000	/* a turn, if another table that has used as much time has, or may have, work */

static List *tables = NIL;		/* of TeWorkerTable *, in TopMemoryContext */
static int64 counts_from_ms;	/* time of this turn counts from here; no other table had work before */
static int64 reached_ms = 0;	/* position of the table that had the last turn */
static int64 turns = 0;

TeWorkerTable *
te_worker_table_find(int number)
{
	ListCell   *cell;
	MemoryContext caller;
	TeWorkerTable *table;

	foreach(cell, tables)
	{
		table = lfirst(cell);
		if (table->number == number)
			return table;
	}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	table = palloc0(sizeof(TeWorkerTable));
	table->number = number;
	table->batch = TE_CLAIM_SIZE;
	tables = lappend(tables, table);
	MemoryContextSwitchTo(caller);
	return table;
}

List *
te_worker_tables(void)
{
	return tables;
}

void
te_worker_table_note_arrivals(void)
{
	ListCell   *cell;

	foreach(cell, tables)
		((TeWorkerTable *) lfirst(cell))->arrivals = true;
}

void
te_worker_table_restart_queues(void)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		TeWorkerTable *table = lfirst(cell);

		memset(&table->queue, 0, sizeof(table->queue));
		table->idle = false;
	}
}

/* The time that the tables of a share have used so far. */
static int64
share_used_ms(int share)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		if (((TeWorkerTable *) lfirst(cell))->share == share)
			return ((TeWorkerTable *) lfirst(cell))->used_ms;
	}
	return 0;
}

void
te_worker_table_refresh(List *attachments)
{
	ListCell   *cell;

	foreach(cell, tables)
		((TeWorkerTable *) lfirst(cell))->attached = false;
	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);
		TeWorkerTable *table = te_worker_table_find(attachment->number);

		table->attached = true;
		table->paused = attachment->paused;
		if (table->share == 0)
			table->used_ms = share_used_ms(attachment->folder);
		table->share = attachment->folder;
	}
	foreach(cell, tables)
	{
		TeWorkerTable *table = lfirst(cell);

		if (table->attached)
			continue;
		tables = foreach_delete_current(tables, cell);
		if (table->last_error != NULL)
			pfree(table->last_error);
		pfree(table);
	}
}

/* If the extension exists and cannot be used, log why, before the worker exits. */
static void
log_unusable(TeExtensionState state)
{
	if (state == TE_EXTENSION_OTHER)
		ereport(LOG,
				(errmsg("thumbexif does nothing in this database: version of the extension is not %s, that of the library", TE_VERSION),
				 errhint("Run ALTER EXTENSION thumbexif UPDATE in it. If it is up to date, restart the server to load the newer library.")));
	else if (state == TE_EXTENSION_FOREIGN)
		ereport(LOG,
				(errmsg("thumbexif does nothing in this database: schema \"%s\" does not belong to the extension and its owner", TE_SCHEMA),
				 errhint("Let a superuser give the schema to the owner of extension \"thumbexif\", by ALTER SCHEMA %s OWNER TO.", TE_SCHEMA)));
}

/* Is there a table that has members, or may have some? */
static bool
any_parent(void)
{
	ListCell   *cell;

	foreach(cell, te_attachment_all())
	{
		if (((TeAttachment *) lfirst(cell))->has_members)
			return true;
	}
	return false;
}

void
te_worker_table_load(void *arg)
{
	TeAttachedTables *attached = arg;
	TeExtension extension;
	TeExtensionState state;

	te_worker_xact_begin();
	state = te_extension_lookup(&extension);
	attached->extension = state == TE_EXTENSION_READY;
	attached->attachments = attached->extension ? te_attachment_with_rows() : NIL;
	attached->parents = attached->extension && any_parent();
	te_worker_xact_end();
	log_unusable(state);
}

/* --- fair sharing */

static bool
share_has_work(int share)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		const TeWorkerTable *table = lfirst(cell);

		if (table->share == share && table->has_work)
			return true;
	}
	return false;
}

int64
te_worker_table_position(const TeWorkerTable *table)
{
	return share_has_work(table->share) ? table->used_ms : Max(table->used_ms, reached_ms);
}

void
te_worker_table_turn_begin(void)
{
	counts_from_ms = te_now_ms();
}

void
te_worker_table_turn_end(TeWorkerTable *table, int64 position)
{
	int64		used_ms = position + (te_now_ms() - counts_from_ms);
	ListCell   *cell;

	foreach(cell, tables)
	{
		if (((TeWorkerTable *) lfirst(cell))->share == table->share)
			((TeWorkerTable *) lfirst(cell))->used_ms = used_ms;
	}
	table->last_turn = ++turns;
	if (table->has_work)
		reached_ms = Max(reached_ms, position);
}

int
te_worker_table_turn_ms(const TeWorkerTable *table)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		turn_ms = ALONE_MS;
	bool		alone = true;
	ListCell   *cell;

	foreach(cell, tables)
	{
		const TeWorkerTable *other = lfirst(cell);
		int64		ahead_ms;

		if (other == table || !(other->has_work || other->arrivals) || other->not_before > now)
			continue;
		if (other->share == table->share)
		{
			turn_ms = Min(turn_ms, SHARE_MS);
			continue;
		}
		alone = false;
		ahead_ms = te_worker_table_position(other) - te_worker_table_position(table);
		turn_ms = Min(turn_ms, SHARE_MS + Max(ahead_ms, 0));
	}
	if (alone)
		counts_from_ms = te_now_ms();
	return (int) turn_ms;
}
