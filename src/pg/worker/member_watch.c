/*
 * member_watch.c
 *		The background worker's watch over the members of attached tables: which came or left, and which have work.
 *
 * Commands wake the worker, and their event trigger has done most of the work (sql/event_trigger.c).  The watch finds what
 * that has missed: event triggers were off, a table was locked, has many states, or could not be a member at that time.
 */
#include "postgres.h"

#include "utils/inval.h"

#include "member_watch.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/dropped_table.h"
#include "pg/catalog/member_change.h"
#include "shard_watch.h"
#include "worker_table.h"
#include "worker_xact.h"

#define WATCH_MS	60000		/* between two times, if nothing tells of a change; no worker wakes for that alone */
#define AGAIN_MS	5000		/* after what was found could not be done; at least between two times for changes of relations */

static bool changed = true;		/* a relation, since the last time */
static TimestampTz last = 0;

static void
relation_changed(Datum arg, Oid relation)
{
	changed = true;
}

/* --- who came and left */

static void
update_members(void *arg)
{
	TeMemberChange *change = arg;

	te_worker_xact_begin();
	te_members_update_all(TE_MEMBERS_LATER, change);
	te_dropped_tables_forget();
	te_node_watch();
	te_worker_xact_end();
}

bool
te_member_watch(bool any_parent, bool woken, TimestampTz *due)
{
	static bool registered = false;
	static int	wait_ms = WATCH_MS;
	TimestampTz now = GetCurrentTimestamp();
	TeMemberChange change = {0};
	ErrorData  *error;

	if (!registered)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	registered = true;
	if (!any_parent)
		return false;
	if (!woken && !(changed && TimestampDifferenceExceeds(last, now, AGAIN_MS)) && !TimestampDifferenceExceeds(last, now, wait_ms))
	{
		if (changed || wait_ms == AGAIN_MS)
			te_sooner(due, TimestampTzPlusMilliseconds(last, AGAIN_MS));
		return false;
	}
	last = now;
	changed = false;
	error = te_worker_xact_guarded(update_members, &change);
	if (error != NULL)
		ereport(LOG,
				(errmsg("partitions of attached tables are not watched: %s", error->message)));
	/* our own changes have set it, too */
	changed = false;
	wait_ms = change.left || error != NULL ? AGAIN_MS : WATCH_MS;
	if (wait_ms == AGAIN_MS)
		te_sooner(due, TimestampTzPlusMilliseconds(now, wait_ms));
	return change.attached > 0 || change.released > 0;
}

/* --- who has work */

/* A member that would have a turn only because something was committed somewhere. */
static bool
is_asked(const TeAttachment *attachment, const TeWorkerTable *table)
{
	return attachment->parent != 0 && table->attached && !attachment->paused && !table->has_work && table->last_error == NULL &&
		!table->queue.progressed && !table->queue.stuck && (table->arrivals || !table->idle);
}

/* One row for each member of $1: its number, whether assets are fresh, claimed or of large statements, and when the next retry is due. */
static char *
work_sql(const char *state)
{
	return psprintf("SELECT m.attachment, EXISTS (SELECT FROM %s AS s WHERE s.attachment = m.attachment AND s.status = 'queued' AND s.attempts = 0)"
					" OR EXISTS (SELECT FROM %s AS s WHERE s.attachment = m.attachment AND s.status = 'running')"
					" OR EXISTS (SELECT FROM %s AS i WHERE i.attachment = m.attachment),"
					" (SELECT s.next_try FROM %s AS s WHERE s.attachment = m.attachment"
					" AND (s.status = 'missing' OR (s.status = 'queued' AND s.attempts > 0)) ORDER BY s.next_try LIMIT 1)"
					" FROM %s AS m WHERE m.parent = $1",
					state, state, te_internal_name("thumbexif_inserted_range"), state, te_internal_name("thumbexif_attachment"));
}

typedef struct Question
{
	const TeAttachment *member; /* any of them */
	List	   *tables;			/* of the members that are asked about: TeWorkerTable * */
} Question;

static void
ask(void *arg)
{
	const Question *question = arg;
	TimestampTz now = GetCurrentTimestamp();
	TeArgs		args = {0};
	uint64		rows;

	te_worker_xact_begin();
	te_arg_int4(&args, question->member->parent);
	rows = te_sql_by_index(work_sql(question->member->state), &args);
	for (uint64 row = 0; row < rows; row++)
	{
		int			number = (int) te_out_int((int) row, 1, 0);
		TimestampTz retry = te_out_int((int) row, 3, 0);
		ListCell   *cell;

		if (DatumGetBool(te_out((int) row, 2)) || (retry != 0 && retry <= now))
			continue;
		foreach(cell, question->tables)
		{
			TeWorkerTable *table = lfirst(cell);

			if (table->number != number)
				continue;
			table->arrivals = false;
			table->idle = true;
			table->due = retry;
		}
	}
	te_sql_free();
	te_worker_xact_end();
}

void
te_member_find_work(List *attachments)
{
	List	   *parents = NIL;
	ListCell   *cell;

	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);
		Question	question = {.member = attachment};
		ListCell   *other;
		ErrorData  *error;

		if (attachment->parent == 0 || list_member_int(parents, attachment->parent))
			continue;
		parents = lappend_int(parents, attachment->parent);
		foreach(other, attachments)
		{
			const TeAttachment *member = lfirst(other);
			TeWorkerTable *table = te_worker_table_find(member->number);

			if (member->parent == attachment->parent && is_asked(member, table))
				question.tables = lappend(question.tables, table);
		}
		if (list_length(question.tables) < 2)
			continue;
		error = te_worker_xact_guarded(ask, &question);
		if (error != NULL)
			ereport(LOG,
					(errmsg("it is not known which partitions have work: %s", error->message)));
	}
}
