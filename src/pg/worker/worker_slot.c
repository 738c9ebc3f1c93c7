/*
 * worker_slot.c
 *		Starts the workers of databases for the launcher, and handles their exits.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "pg/base/backoff.h"
#include "pg/shared/activity.h"
#include "pg/shared/shmem.h"
#include "worker.h"
#include "worker_slot.h"

#define RECHECK_MS		(10 * 60 * 1000)
#define BACKOFF_MS		1000	/* after the first worker that died */
#define BACKOFF_MAX_MS	(5 * 60 * 1000)
#define STARTUP_MS		(60 * 1000) /* uptime after which a death is not a startup failure */
#define KEPT_AWAY_MS	1000	/* until another try in a database that is about to be dropped */

StaticAssertDecl(sizeof(TeWorkerStart) <= BGW_EXTRALEN, "bgw_extra is too small");

/* Does a command such as DROP DATABASE keep workers out of the database?  te_shared_lock is held. */
static bool
is_kept_away(Oid database)
{
	for (int i = 0; i < TE_BLOCKED_SLOTS; i++)
	{
		if (te_shared->blocked[i].database == database)
			return true;
	}
	return false;
}

/* A free worker slot for this database; -1 if there is none, or if workers are kept out of the database. */
static int
take_slot(Oid database, uint32 *generation)
{
	int			found = -1;

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = 0; i < TE_MAX_WORKERS && found < 0 && !is_kept_away(database); i++)
	{
		TeActivity *slot = &te_shared->slot[i];

		if (OidIsValid(slot->database))
			continue;
		*generation = ++slot->generation;
		te_activity_change_begin(slot);
		te_activity_clear(slot);
		slot->database = database;
		slot->kind = TE_ACTIVITY_WORKER;
		slot->state = TE_ACTIVITY_STARTING;
		slot->exit_reason = TE_EXIT_REASON_CRASH;
		slot->total = -1;
		te_activity_change_end(slot);
		found = i;
	}
	LWLockRelease(te_shared_lock);
	return found;
}

static void
free_slot(int number)
{
	TeActivity *slot = &te_shared->slot[number];

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	te_activity_change_begin(slot);
	slot->database = InvalidOid;
	slot->pid = 0;
	te_activity_change_end(slot);
	LWLockRelease(te_shared_lock);
}

void
te_worker_slot_clear_all(void)
{
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = 0; i < TE_MAX_WORKERS; i++)
	{
		TeActivity *slot = &te_shared->slot[i];

		slot->generation++;
		if (slot->pid != 0)
			continue;
		te_activity_change_begin(slot);
		slot->database = InvalidOid;
		te_activity_change_end(slot);
	}
	LWLockRelease(te_shared_lock);
}

void
te_worker_slot_note(const TeDatabase *database, TeDatabaseState state)
{
	TeDatabaseSlot *slot;

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	slot = te_shmem_database(database->oid);
	if (slot != NULL && slot->state != state)
	{
		/* "used" counts from here, even for a database that is no longer queued */
		slot->state = state;
		slot->used = GetCurrentTimestamp();
	}
	LWLockRelease(te_shared_lock);
}

bool
te_worker_slot_start(TeDatabase *database, TimestampTz now)
{
	BackgroundWorker worker = {0};
	TeWorkerStart start;

	start.database = database->oid;
	start.slot = -1;
	if (te_shmem_take_database(database->oid) != NULL)
		start.slot = take_slot(database->oid, &start.generation);
	if (start.slot < 0)
	{
		/* the end of the command that keeps workers out will wake the launcher */
		database->not_before = TimestampTzPlusMilliseconds(now, KEPT_AWAY_MS);
		return true;
	}

	strlcpy(worker.bgw_name, "thumbexif worker", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "thumbexif worker", BGW_MAXLEN);
	strlcpy(worker.bgw_library_name, "thumbexif", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "thumbexif_worker_main", sizeof(worker.bgw_function_name));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	memcpy(worker.bgw_extra, &start, sizeof(start));

	te_worker_slot_note(database, TE_DATABASE_RUNNING);
	if (!RegisterDynamicBackgroundWorker(&worker, &database->handle))
	{
		free_slot(start.slot);
		te_worker_slot_note(database, TE_DATABASE_NO_PROCESS);
		return false;
	}
	database->slot = start.slot;
	database->served = now;
	database->woken = false;
	return true;
}

static bool
died_at_work(Oid database)
{
	TeDatabaseSlot *slot = te_shmem_database(database);

	return slot != NULL && pg_atomic_read_u32(&slot->at_work) != 0;
}

/* Schedule the next worker by the last one's exit reason. */
static void
schedule_next(TeDatabase *database, const TeActivity *last, TimestampTz now)
{
	int64		wait_ms;

	database->due = TimestampTzPlusMilliseconds(now, RECHECK_MS);
	database->not_before = 0;
	if (last->exit_reason != TE_EXIT_REASON_CRASH)
	{
		database->failures = 0;
		database->seen = database->seen || last->exit_reason != TE_EXIT_REASON_EVICTED;
	}
	switch (last->exit_reason)
	{
		case TE_EXIT_REASON_NO_EXTENSION:
			database->extension = false;
			return;
		case TE_EXIT_REASON_CRASH:
			/* if it died at work on a table, the next worker delays that table; the others need not wait */
			if (died_at_work(database->oid) ||
				TimestampDifferenceExceeds(database->served, now, STARTUP_MS))
				database->failures = 0;
			database->failures++;
			wait_ms = te_backoff_ms(database->failures, BACKOFF_MS, BACKOFF_MAX_MS,
									pg_prng_uint32(&pg_global_prng_state));
			database->due = database->not_before = TimestampTzPlusMilliseconds(now, wait_ms);
			return;
		case TE_EXIT_REASON_IDLE:
			if (last->due != 0)
				database->due = Min(database->due, last->due);
			break;
		case TE_EXIT_REASON_YIELD:
		case TE_EXIT_REASON_SETTINGS:
		case TE_EXIT_REASON_EVICTED:
			database->due = now;
			break;
	}
	database->extension = database->extension || last->exit_reason != TE_EXIT_REASON_EVICTED;
}

bool
te_worker_slot_reap(TeDatabase *database, TimestampTz now)
{
	TeActivity	last;
	TeDatabaseState state = TE_DATABASE_IDLE;
	TeDatabaseSlot *slot;
	pid_t		pid;

	if (GetBackgroundWorkerPid(database->handle, &pid) != BGWH_STOPPED)
		return false;

	(void) te_activity_read(database->slot, &last);
	free_slot(database->slot);
	pfree(database->handle);
	database->handle = NULL;
	database->slot = -1;
	schedule_next(database, &last, now);

	/* if a worker died before it reported, the database may have the extension */
	if (!database->extension && database->seen)
	{
		te_shmem_free_database(database->oid, false);
		return true;
	}
	if (last.exit_reason == TE_EXIT_REASON_CRASH)
		state = last.state == TE_ACTIVITY_STARTING ? TE_DATABASE_NOT_STARTED : TE_DATABASE_BACKOFF;
	te_worker_slot_note(database, state);
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	slot = te_shmem_database(database->oid);
	if (slot != NULL)
		strlcpy(slot->trouble, last.trouble, TE_TROUBLE_TEXT);
	LWLockRelease(te_shared_lock);
	return true;
}
