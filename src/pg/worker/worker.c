/*
 * worker.c
 *		The background worker process of one database.
 *
 * The launcher starts it; the postmaster never restarts it.  It is connected as the bootstrap superuser but runs no SQL as
 * such: the extension's tables are accessed with the rights of the extension's owner, a user's table with those of its owner
 * (run_as.h).
 *
 * It exits when there was no work for a while (until then it and its decoders are kept), when other databases wait for a
 * worker, when the settings of its database have changed, when the extension was dropped, when the clock was set back, and
 * when it is terminated.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_db_role_setting.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "pg/base/clock.h"
#include "pg/base/time_limit.h"
#include "pg/compat.h"
#include "pg/shared/activity.h"
#include "pg/shared/shmem.h"
#include "table_health.h"
#include "table_scheduler.h"
#include "worker.h"

#define IDLE_EXIT_MS		(5 * 60 * 1000) /* without work; its decoders are kept as long */
#define MIN_RUN_MS			(10 * 1000) /* before it exits because other databases wait */
#define SETTINGS_CHECK_MS	(10 * 1000) /* between checks of the database's settings */
#define LIMIT_MS			(30 * 1000) /* for a statement on a user's table, with its triggers */

/*
 * Less than deadlock_timeout, so that the worker's lock request times out before a user's session is cancelled as a
 * deadlock victim.
 */
#define LOCK_MS				900

static TeDatabaseSlot *database_slot;
static TimestampTz started;
static TimestampTz last_worked; /* end of the last turn with work, 0 = none */
static TimestampTz settings_checked;	/* when the database's settings were last checked */
static uint32 settings_hash;

/* --- start and exit */

/* From now on commits wake the launcher. */
static void
worker_exit(int code, Datum arg)
{
	uint32		me = te_shmem_my_process();

	if (database_slot == NULL)
		return;
	if (!te_time_limit_ended())
		pg_atomic_write_u32(&database_slot->at_work, 0);	/* terminated on request: do not count a death against a table */
	pg_atomic_compare_exchange_u32(&database_slot->worker, &me, 0);
	te_shmem_set_latch(pg_atomic_read_u32(&te_shared->launcher));
}

pg_noreturn static void
exit_worker(TeExitReason why, TimestampTz due)
{
	te_activity_exit(why, due);
	proc_exit(0);
}

/*
 * Override role and session_authorization of ALTER DATABASE ... SET.  Also make exit_on_error unchangeable in this process,
 * so that the code of a table's owner cannot turn an ERROR into the end of the worker.
 */
static void
set_identity(void)
{
	int			count;
	struct config_generic **all;

	StartTransactionCommand();
	SetConfigOption("session_authorization", GetUserNameFromId(BOOTSTRAP_SUPERUSERID, false),
					PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("role", "none", PGC_SUSET, PGC_S_OVERRIDE);
	SetConfigOption("exit_on_error", "off", PGC_SUSET, PGC_S_OVERRIDE);
	CommitTransactionCommand();
	all = get_guc_variables(&count);
	for (int i = 0; i < count; i++)
	{
		if (strcmp(all[i]->name, "exit_on_error") == 0)
			all[i]->context = PGC_INTERNAL;
	}
}

/*
 * Set the session's settings.  The database's statement_timeout becomes the time limit for its tables' triggers; its
 * lock_timeout is kept if it is short.
 */
static void
set_up_session(void)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"session_replication_role", "origin"},
		{"statement_timeout", "0"},
		{"transaction_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"}
	};

	set_identity();
	te_time_limit_set(StatementTimeout > 0 ? StatementTimeout : LIMIT_MS);
	for (int i = 0; i < (int) lengthof(settings); i++)
	{
		/* transaction_timeout exists since PostgreSQL 17 */
		if (GetConfigOption(settings[i][0], true, false) != NULL)
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	}
	if (LockTimeout == 0 || LockTimeout > LOCK_MS)
		SetConfigOption("lock_timeout", CppAsString2(LOCK_MS), PGC_SUSET, PGC_S_OVERRIDE);
	pgstat_report_appname("thumbexif worker");
}

/* --- ALTER DATABASE ... SET affects only new sessions, so a worker that finds a change exits and is started again */

static uint32
compute_settings_hash(void)
{
	Relation	catalog;
	SysScanDesc scan;
	HeapTuple	tuple;
	uint32		hash = 0;

	StartTransactionCommand();
	catalog = table_open(DbRoleSettingRelationId, AccessShareLock);
	scan = systable_beginscan(catalog, DbRoleSettingDatidRolidIndexId, true, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_db_role_setting form = (Form_pg_db_role_setting) GETSTRUCT(tuple);
		Datum		value;
		bool		isnull;
		struct varlena *array;

		if ((form->setdatabase != MyDatabaseId && OidIsValid(form->setdatabase)) ||
			(form->setrole != BOOTSTRAP_SUPERUSERID && OidIsValid(form->setrole)))
			continue;
		value = heap_getattr(tuple, Anum_pg_db_role_setting_setconfig,
							 RelationGetDescr(catalog), &isnull);
		if (isnull)
			continue;
		array = PG_DETOAST_DATUM(value);
		hash ^= hash_bytes((unsigned char *) VARDATA(array), VARSIZE(array) - VARHDRSZ) +
			form->setdatabase + form->setrole;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	CommitTransactionCommand();
	return hash;
}

static void
check_settings(TimestampTz now)
{
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	if (!TimestampDifferenceExceeds(settings_checked, now, SETTINGS_CHECK_MS))
		return;
	settings_checked = now;
	if (compute_settings_hash() != settings_hash)
		exit_worker(TE_EXIT_REASON_SETTINGS, 0);
}

/* --- between two turns */

static void
exit_if_not_needed(TeTurnResult turn, TimestampTz due, TimestampTz now)
{
	bool		others_wait = pg_atomic_read_u32(&te_shared->queued) > 0;

	if (turn == TE_TURN_NO_EXTENSION)
		exit_worker(TE_EXIT_REASON_NO_EXTENSION, 0);
	if (turn == TE_TURN_WORKED)
	{
		last_worked = now;
		if (others_wait && TimestampDifferenceExceeds(started, now, MIN_RUN_MS))
			exit_worker(TE_EXIT_REASON_YIELD, 0);
		return;
	}
	if (pg_atomic_read_u32(&database_slot->wake) != 0)
		return;
	if (others_wait)
		exit_worker(TE_EXIT_REASON_IDLE, due);
	/* a worker that has found no work since its start exits at once */
	if (turn == TE_TURN_IDLE &&
		(last_worked == 0 || TimestampDifferenceExceeds(last_worked, now, IDLE_EXIT_MS)))
		exit_worker(TE_EXIT_REASON_IDLE, due);
}

/* Sleep until the latch is set, work is due, or it is time to exit. */
static void
wait_for_work(TeTurnResult turn, TimestampTz due, TimestampTz now, uint32 wait_event)
{
	TimestampTz until = TimestampTzPlusMilliseconds(last_worked != 0 ? last_worked : now, IDLE_EXIT_MS);
	long		wait_ms;

	if (turn == TE_TURN_WAITING || turn == TE_TURN_RESTING)
		until = TimestampTzPlusMilliseconds(now, IDLE_EXIT_MS);
	if (due != 0)
		until = Min(until, due);
	wait_ms = TimestampDifferenceMilliseconds(now, until) + 1;

	te_activity_state(turn == TE_TURN_WAITING ? TE_ACTIVITY_WAITING : TE_ACTIVITY_IDLE);
	pgstat_report_activity(STATE_IDLE, NULL);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 wait_ms, wait_event);
	settings_checked = 0;		/* settings changed during the sleep apply to the next work */
}

static void
main_loop(void)
{
	uint32		wait_event = WaitEventExtensionNew("ThumbexifWorker");
	TimestampTz due = 0;

	for (;;)
	{
		TimestampTz now;
		TeTurnResult turn;
		bool		woken;

		ResetLatch(MyLatch);
		if (ProcDiePending)
			exit_worker(TE_EXIT_REASON_EVICTED, 0); /* no work is in progress: exit without an ERROR */
		CHECK_FOR_INTERRUPTS();
		now = GetCurrentTimestamp();
		if (te_clock_was_set_back(now))
			exit_worker(TE_EXIT_REASON_YIELD, 0);	/* its wait times are wrong now; the next worker has none */
		check_settings(now);

		woken = pg_atomic_exchange_u32(&database_slot->wake, 0) != 0;
		turn = te_scheduler_turn(woken, &due);
		pgstat_report_stat(false);

		now = GetCurrentTimestamp();
		exit_if_not_needed(turn, due, now);
		if (turn != TE_TURN_WORKED)
			wait_for_work(turn, due, now, wait_event);
	}
}

void
thumbexif_worker_main(Datum arg)
{
	TeWorkerStart start;

	memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
	before_shmem_exit(worker_exit, (Datum) 0);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	if (!te_activity_adopt(start.slot, start.generation))
		proc_exit(0);			/* the launcher that started it has exited */
	BackgroundWorkerInitializeConnectionByOid(start.database, InvalidOid, 0);
	set_up_session();

	database_slot = te_shmem_take_database(MyDatabaseId);
	if (database_slot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("background workers serve at most %d databases", TE_DATABASE_SLOTS),
				 errhint("List the databases to serve in \"thumbexif.databases\".")));
	pg_atomic_exchange_u32(&database_slot->worker, te_shmem_my_process());
	started = settings_checked = GetCurrentTimestamp();
	settings_hash = compute_settings_hash();
	te_table_health_load_crashes();

	PG_TRY();
	{
		main_loop();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(TopMemoryContext);
		te_activity_trouble(CopyErrorData()->message);
		PG_RE_THROW();
	}
	PG_END_TRY();
}
