/*
 * table_health.c
 *		Failures of whole tables in the background worker: waits, pauses and their end.
 *
 * An ERROR that reaches this file is the fault of the server or of the table as a whole, not of an asset: a full disk, a lost
 * mount, a lock on the table, a mapped column that was dropped.  te_pipeline_run has released its claims and no attempt was
 * counted, so the table can be tried again later.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/base/backoff.h"
#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/attachment.h"
#include "pg/shared/activity.h"
#include "pg/shared/shmem.h"
#include "table_health.h"
#include "worker_xact.h"

#define SUSPEND_MS		1000	/* after the first ERROR */
#define SUSPEND_MAX_MS	60000
#define CRASH_MS		10000	/* after the first crash of a worker */
#define CRASH_MAX_MS	(60 * 60 * 1000)
#define CRASH_RESET_MS		(2 * 60 * 60 * 1000)	/* without another crash, the count starts over */

/* --- crashes of workers */

/* The entry of a table in shared memory; if there is none, the one whose wait ended first is reused. */
static TeCrashEntry *
find_crash_entry(TeDatabaseSlot *slot, int number)
{
	TeCrashEntry *found = &slot->crash_entry[0];

	for (int i = 0; i < TE_CRASH_ENTRIES; i++)
	{
		if (slot->crash_entry[i].attachment == number)
			return &slot->crash_entry[i];
		if (slot->crash_entry[i].until < found->until)
			found = &slot->crash_entry[i];
	}
	memset(found, 0, sizeof(*found));
	found->attachment = number;
	return found;
}

void
te_table_health_load_crashes(void)
{
	TeDatabaseSlot *slot = te_shmem_database(MyDatabaseId);
	int			number = slot ? (int) pg_atomic_exchange_u32(&slot->at_work, 0) : 0;
	TimestampTz now = GetCurrentTimestamp();

	if (number != 0)
	{
		TeCrashEntry *entry = find_crash_entry(slot, number);
		int64		wait_ms;

		if (TimestampDifferenceExceeds(entry->until, now, CRASH_RESET_MS))
			entry->crashes = 0;
		wait_ms = te_backoff_ms(++entry->crashes, CRASH_MS, CRASH_MAX_MS, 0);
		/* at least as long as that turn lasted, so that other tables get as much time */
		wait_ms = Max(wait_ms, te_now_ms() - slot->at_work_since_ms);
		entry->until = TimestampTzPlusMilliseconds(now, wait_ms);
	}
	for (int i = 0; slot != NULL && i < TE_CRASH_ENTRIES; i++)
	{
		TeCrashEntry *entry = &slot->crash_entry[i];

		if (entry->attachment == 0)
			continue;
		/* it is later only if the clock was set back */
		entry->until = Min(entry->until, TimestampTzPlusMilliseconds(now, CRASH_MAX_MS));
		te_worker_table_find(entry->attachment)->not_before = entry->until;
	}
}

void
te_table_health_set_at_work(int number)
{
	TeDatabaseSlot *slot = te_shmem_database(MyDatabaseId);

	if (slot == NULL)
		return;
	slot->at_work_since_ms = te_now_ms();
	pg_atomic_write_u32(&slot->at_work, number);
}

/* --- suspended and paused tables */

/* Pause a table until its owner changes it.  False if the attachment no longer exists. */
static bool
pause_table(const TeWorkerTable *table, const char *reason)
{
	TeArgs		args = {0};
	bool		found;

	te_worker_xact_begin();
	te_arg_int4(&args, table->number);
	te_arg_text(&args, reason);
	found = te_sql_as_extension(psprintf("UPDATE %s SET paused = true, pause_reason = $2 WHERE attachment = $1",
										 te_internal_name("thumbexif_attachment")), &args) > 0;

	te_worker_xact_end();
	return found;
}

/* Is the table still attached?  A dropped table or extension causes no WARNING. */
static bool
is_attached(const TeWorkerTable *table)
{
	TeExtension extension;
	bool		found = false;

	te_worker_xact_begin();
	if (te_extension_find(&extension))
	{
		ListCell   *cell;

		foreach(cell, te_attachment_with_rows())
			found |= ((TeAttachment *) lfirst(cell))->number == table->number;
	}
	te_worker_xact_end();
	return found;
}

/* Was a WARNING given for this error, for this table or another?  Errors with the same hint count as one. */
static bool
was_warned(const char *error)
{
	ListCell   *cell;

	foreach(cell, te_worker_tables())
	{
		const TeWorkerTable *table = lfirst(cell);

		if (table->last_error != NULL && strcmp(table->last_error, error) == 0)
			return true;
	}
	return false;
}

void
te_table_health_failed(TeWorkerTable *table, const char *name, const ErrorData *error, bool lasting)
{
	const char *key = error->hint ? error->hint : error->message;
	bool		warned = was_warned(key);
	int64		wait_ms;

	if (lasting ? !pause_table(table, error->message) : !is_attached(table))
		return;

	wait_ms = te_backoff_ms(++table->failures, SUSPEND_MS, SUSPEND_MAX_MS,
							pg_prng_uint32(&pg_global_prng_state));
	table->not_before = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms);

	if (table->last_error == NULL || strcmp(table->last_error, key) != 0)
	{
		if (table->last_error != NULL)
			pfree(table->last_error);
		table->last_error = MemoryContextStrdup(TopMemoryContext, key);
	}
	te_activity_trouble(error->message);
	if (!warned)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 lasting ?
				 errmsg("processing of table %s is paused: %s", name, error->message) :
				 errmsg("processing of table %s is suspended: %s", name, error->message),
				 error->detail ? errdetail_internal("%s", error->detail) : 0,
				 error->hint ? errhint("%s", error->hint) : 0));
}

bool
te_table_health_any_failing(void)
{
	ListCell   *cell;

	foreach(cell, te_worker_tables())
	{
		const TeWorkerTable *table = lfirst(cell);

		if (table->last_error != NULL && !table->paused)
			return true;
	}
	return false;
}

void
te_table_health_recovered(TeWorkerTable *table, const char *name)
{
	if (table->last_error == NULL)
		return;
	pfree(table->last_error);
	table->last_error = NULL;
	table->failures = 0;
	table->not_before = 0;

	te_activity_trouble(NULL);
	ereport(LOG,
			(errmsg("processing of table %s is resumed", name)));
}

/* An ERROR means that the cause persists; it is not reported again. */
bool
te_table_health_resume(TeWorkerTable *table, const TeAttachment *attachment)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool resumed = false;
	TeArgs		args = {0};

	te_arg_int4(&args, table->number);
	PG_TRY();
	{
		te_worker_xact_begin();
		(void) te_attachment_get(attachment->relation);
		resumed = te_sql_as_extension(psprintf("UPDATE %s SET paused = false, pause_reason = NULL WHERE attachment"
											   " OPERATOR(pg_catalog.=) $1 AND pause_reason IS NOT NULL",
											   te_internal_name("thumbexif_attachment")), &args) > 0;
		te_worker_xact_end();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		AbortCurrentTransaction();
		resumed = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	if (resumed)
		te_table_health_recovered(table, attachment->name);
	return resumed;
}
