/*
 * launcher.c
 *		The background process that starts a worker in each database with work.
 *
 * It is not connected to a database, so it learns from workers which databases have the extension: it starts one in each
 * database once, which reports at its exit whether and when another is needed.  After that a database gets a worker when a
 * commit has woken it, when a retry is due, and every ten minutes in case a wakeup was lost.
 *
 * The postmaster never restarts a worker.  After one has died, the launcher waits before it starts the next, longer after
 * each death.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "database_list.h"
#include "launcher.h"
#include "pg/base/clock.h"
#include "pg/base/system_check.h"
#include "pg/compat.h"
#include "pg/shared/metrics.h"
#include "pg/shared/shmem.h"
#include "template_keeper.h"
#include "worker_slot.h"

#define REFRESH_MS			(10 * 60 * 1000)	/* between reads of pg_database, in case a change was missed */
#define NO_PROCESS_MS	(10 * 1000) /* between tries to register a background worker */
#define RESTART_SECONDS	10		/* of the launcher itself */

static MemoryContext launcher_context;
static List *databases = NIL;	/* of TeDatabase *, in launcher_context */
static int	running = 0;		/* workers */
static TimestampTz no_process_before = 0;	/* max_worker_processes was reached */
static bool queued_logged = false;

/* --- which database is next */

/* When is a worker to be started in this database?  DT_NOEND: not before it is woken. */
static TimestampTz
start_time(const TeDatabase *database)
{
	TimestampTz start = DT_NOEND;

	if (!database->allowed || !database->exists || database->slot >= 0)
		return DT_NOEND;
	if (!database->seen || database->woken)
		start = 0;
	else if (database->extension)
		start = database->due;
	return start == DT_NOEND ? start : Max(start, database->not_before);
}

/* The database that is due and has waited longest since its last worker, or NULL. */
static TeDatabase *
next_database(TimestampTz now, int *due)
{
	TeDatabase *next = NULL;
	ListCell   *cell;

	*due = 0;
	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);

		if (start_time(database) > now)
			continue;
		++*due;
		if (next == NULL || database->served < next->served)
			next = database;
	}
	return next;
}

/* Tell the workers how many databases wait, so that idle and long-running ones exit. */
static void
set_queued(int count)
{
	pg_atomic_write_u32(&te_shared->queued, count);
	if (count == 0)
	{
		queued_logged = false;
		return;
	}
	for (int i = 0; i < TE_DATABASE_SLOTS; i++)
		te_shmem_set_latch(pg_atomic_read_u32(&te_shared->database[i].worker));
	if (!queued_logged)
		ereport(LOG,
				(errmsg_plural("thumbexif: %d database waits for a background worker",
							   "thumbexif: %d databases wait for a background worker", count, count),
				 errhint("All %d workers that \"thumbexif.max_workers\" allows are running.",
						 te_max_workers)));
	queued_logged = true;
}

static void
no_process(TimestampTz now)
{
	no_process_before = TimestampTzPlusMilliseconds(now, NO_PROCESS_MS);
	if (pg_atomic_exchange_u32(&te_shared->no_process, 1) == 0)
		ereport(LOG,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("thumbexif: no background process is free for a worker"),
				 errhint("You might need to increase \"max_worker_processes\".")));
}

/* Note why databases that are due have no worker. */
static void
note_waiting(TimestampTz now)
{
	TeDatabaseState why = running >= te_max_workers ? TE_DATABASE_QUEUED : TE_DATABASE_NO_PROCESS;
	ListCell   *cell;

	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);

		if (start_time(database) <= now)
			te_worker_slot_note(database, why);
	}
}

static void
start_workers(TimestampTz now)
{
	TeDatabase *database;
	int			due;

	while ((database = next_database(now, &due)) != NULL)
	{
		if (running >= te_max_workers || now < no_process_before)
			break;
		if (!te_worker_slot_start(database, now))
		{
			no_process(now);
			break;
		}
		pg_atomic_write_u32(&te_shared->no_process, 0);
		running += database->slot >= 0;
	}
	set_queued(running >= te_max_workers ? due : 0);
	if (due > 0)
		note_waiting(now);
}

/* --- databases without a slot */

/* Copy the wakeups of databases without a worker from their slots to the list. */
static void
collect_wakes(void)
{
	bool		missed = pg_atomic_exchange_u32(&te_shared->missed, 0) != 0;
	ListCell   *cell;

	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);
		TeDatabaseSlot *slot;

		if (database->slot >= 0)
			continue;
		slot = te_shmem_database(database->oid);
		if (slot == NULL)
			database->woken |= missed && database->extension;
		else if (pg_atomic_exchange_u32(&slot->wake, 0) != 0)
		{
			database->woken = true;
			if (!database->allowed)
				te_worker_slot_note(database, TE_DATABASE_OFF);
		}
	}
}

/* Take a free slot for a database that has lost its own, so that the view shows it again. */
static bool
reclaim_slot(const TeDatabase *database)
{
	if (!database->extension || te_shmem_database(InvalidOid) == NULL ||
		te_shmem_take_database(database->oid) == NULL)
		return false;
	te_worker_slot_note(database, TE_DATABASE_IDLE);
	return true;
}

/* Count the served and the unexamined databases that have no slot because all are in use. */
static void
count_unlisted(TimestampTz now)
{
	static bool logged = false;
	int			unlisted = 0;
	int			due = 0;
	ListCell   *cell;

	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);

		if (!database->allowed || !database->exists || (database->seen && !database->extension) ||
			te_shmem_database(database->oid) != NULL || reclaim_slot(database))
			continue;
		unlisted++;
		due += start_time(database) <= now;
	}
	if (te_shmem_database(InvalidOid) != NULL)
		unlisted = due = 0;		/* they just have not been examined yet */
	pg_atomic_write_u32(&te_shared->unlisted, unlisted);
	pg_atomic_write_u32(&te_shared->unlisted_due, due);
	if (unlisted > 0 && !logged)
		ereport(LOG,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("thumbexif: more than %d databases have the extension", TE_DATABASE_SLOTS),
				 errdetail("A database with work replaces one without, which the view thumbexif_workers then does not show."),
				 errhint("List the databases to serve in \"thumbexif.databases\".")));
	logged = unlisted > 0;
}

/* --- the launcher itself */

static bool
is_listed(Oid database)
{
	return te_database_list_find(databases, database) != NULL;
}

static void
refresh_databases(void)
{
	ListCell   *cell;

	databases = te_database_list_refresh(databases, launcher_context);
	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);

		if (database->slot >= 0)
		{
			if (!database->allowed)
				TerminateBackgroundWorker(database->handle);
		}
		else if (database->exists && !database->allowed)
			te_worker_slot_note(database, TE_DATABASE_OFF);
		else if (!database->exists)
		{
			databases = foreach_delete_current(databases, cell);
			pfree(database);
		}
	}

	/* free the slots of dropped databases, even of unknown ones */
	for (int i = 0; i < TE_DATABASE_SLOTS; i++)
	{
		Oid			oid = pg_atomic_read_u32(&te_shared->database[i].oid);

		if (OidIsValid(oid) && !is_listed(oid))
			te_shmem_free_database(oid, true);
	}
	te_metrics_forget(is_listed);
}

/* Has a database that is not in the list been woken? */
static bool
is_unknown_database_woken(void)
{
	for (int i = 0; i < TE_DATABASE_SLOTS; i++)
	{
		TeDatabaseSlot *slot = &te_shared->database[i];
		Oid			oid = pg_atomic_read_u32(&slot->oid);

		if (OidIsValid(oid) && pg_atomic_read_u32(&slot->wake) != 0 && te_database_list_find(databases, oid) == NULL)
			return true;
	}
	return false;
}

/* Milliseconds until the next start that no latch announces. */
static long
sleep_ms(TimestampTz now)
{
	TimestampTz next = TimestampTzPlusMilliseconds(now, REFRESH_MS);
	ListCell   *cell;

	foreach(cell, databases)
	{
		TimestampTz start = start_time(lfirst(cell));

		if (start <= now && running >= te_max_workers)
			continue;			/* the exit of a worker sets the latch */
		next = Min(next, Max(start, no_process_before));
	}
	return TimestampDifferenceMilliseconds(now, next) + 1;
}

/* The clock was set back: waits could last hours longer. */
static void
forget_waits(TimestampTz now)
{
	ListCell   *cell;

	no_process_before = 0;
	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);

		database->not_before = 0;
		database->due = Min(database->due, now);
	}
}

static void
launcher_exit(int code, Datum arg)
{
	ListCell   *cell;

	pg_atomic_exchange_u32(&te_shared->launcher, 0);
	te_template_keeper_end();
	foreach(cell, databases)
	{
		TeDatabase *database = lfirst(cell);

		if (database->handle != NULL)
			TerminateBackgroundWorker(database->handle);
	}
}

void
thumbexif_launcher_main(Datum arg)
{
	uint32		wait_event;

	before_shmem_exit(launcher_exit, (Datum) 0);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname("thumbexif launcher");

	launcher_context = AllocSetContextCreate(TopMemoryContext, "thumbexif launcher",
											 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(launcher_context);
	wait_event = WaitEventExtensionNew("ThumbexifLauncher");
	te_template_keeper_prepare();
	te_worker_slot_clear_all();
	pg_atomic_exchange_u32(&te_shared->list_changed, 1);
	pg_atomic_exchange_u32(&te_shared->launcher, te_shmem_my_process());
	te_system_warn();

	for (;;)
	{
		TimestampTz now;
		ListCell   *cell;

		ResetLatch(MyLatch);
		if (ProcDiePending)
			proc_exit(1);		/* after 0 it would not be restarted */
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			pg_atomic_exchange_u32(&te_shared->list_changed, 1);
		}

		now = GetCurrentTimestamp();
		if (te_clock_was_set_back(now))
			forget_waits(now);
		foreach(cell, databases)
		{
			TeDatabase *database = lfirst(cell);

			if (database->slot >= 0 && te_worker_slot_reap(database, now))
				running--;
		}
		if (pg_atomic_exchange_u32(&te_shared->list_changed, 0) != 0 || is_unknown_database_woken())
			refresh_databases();
		collect_wakes();
		start_workers(now);
		count_unlisted(now);
		te_template_keeper_run();
		if (te_template_keeper_wait(sleep_ms(now), wait_event))
			pg_atomic_exchange_u32(&te_shared->list_changed, 1);
	}
}

void
te_launcher_register(void)
{
	BackgroundWorker launcher = {0};

	/* the servers of pg_upgrade process nothing */
	if (IsBinaryUpgrade)
		return;
	strlcpy(launcher.bgw_name, "thumbexif launcher", BGW_MAXLEN);
	strlcpy(launcher.bgw_type, "thumbexif launcher", BGW_MAXLEN);
	strlcpy(launcher.bgw_library_name, "thumbexif", sizeof(launcher.bgw_library_name));
	strlcpy(launcher.bgw_function_name, "thumbexif_launcher_main",
			sizeof(launcher.bgw_function_name));
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = RESTART_SECONDS;
	RegisterBackgroundWorker(&launcher);
}
