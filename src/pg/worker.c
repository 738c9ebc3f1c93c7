/*
 * worker.c
 *		The background process that does the assets of one database.
 *
 * Started by the launcher, never restarted by the postmaster.  Connected as the
 * bootstrap superuser, it runs nothing as such: our own tables are touched with the
 * extension owner's rights, a user's table with its owner's (run_as.h).
 *
 * It leaves by itself when there was nothing to do for a while (it and its decoders stay warm that
 * long), when other databases wait for a worker, when its database got other
 * settings, when the extension has gone, when the clock was set back, and when it is sent away.
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

#include "activity.h"
#include "clock.h"
#include "compat.h"
#include "limit.h"
#include "shmem.h"
#include "table.h"
#include "turn.h"
#include "worker.h"

#define STAY_MS				(5 * 60 * 1000) /* without work; the decoders stay as long */
#define MAKE_ROOM_MS		(10 * 1000) /* of work, while other databases wait */
#define LOOK_SETTINGS_MS	(10 * 1000) /* between looks at the database's settings */
#define LIMIT_MS			(30 * 1000) /* for a batch of rows, with what a table's triggers do */
#define LOCK_MS				900 /* less than deadlock_timeout: so it is us, not a user, who gives way */

static TeDatabaseSlot *database_slot;
static TimestampTz started;
static TimestampTz worked;		/* when there was work last */
static TimestampTz looked;		/* when the database's settings were compared last */
static uint32 settings_hash;

/* --- coming and going */

/* Commits wake us no longer: whatever comes now is for the launcher. */
static void
at_exit(int code, Datum arg)
{
	uint32		me = te_shmem_my_process();

	if (database_slot == NULL)
		return;
	if (!te_limit_ended())
		pg_atomic_write_u32(&database_slot->at_work, 0);	/* sent away: no table is to blame */
	pg_atomic_compare_exchange_u32(&database_slot->worker, &me, 0);
	te_shmem_set_latch(pg_atomic_read_u32(&te_shared->launcher));
}

pg_noreturn static void
leave(TeLeaving why, TimestampTz due)
{
	te_activity_leave(why, due);
	proc_exit(0);
}

/*
 * Neither ALTER DATABASE ... SET role nor session_authorization makes us somebody else.  And an ERROR must never end
 * this process because an owner's code has said so: the worker's own copy of that setting is closed to everybody.
 */
static void
be_ourselves(void)
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
 * Settings of ours for the session.  A statement_timeout of the database's is
 * the limit for what its tables' triggers may take, a lock_timeout is kept if it is short.
 */
static void
set_up(void)
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

	be_ourselves();
	te_limit_set(StatementTimeout > 0 ? StatementTimeout : LIMIT_MS);
	for (int i = 0; i < (int) lengthof(settings); i++)
	{
		/* transaction_timeout is there since PostgreSQL 17 */
		if (GetConfigOption(settings[i][0], true, false) != NULL)
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	}
	if (LockTimeout == 0 || LockTimeout > LOCK_MS)
		SetConfigOption("lock_timeout", CppAsString2(LOCK_MS), PGC_SUSET, PGC_S_OVERRIDE);
	pgstat_report_appname("thumbexif worker");
}

/* --- ALTER DATABASE ... SET reaches only new sessions, so a worker that sees it starts anew */

static uint32
hash_of_settings(void)
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
look_at_settings(TimestampTz now)
{
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	if (!TimestampDifferenceExceeds(looked, now, LOOK_SETTINGS_MS))
		return;
	looked = now;
	if (hash_of_settings() != settings_hash)
		leave(TE_LEFT_SETTINGS, 0);
}

/* --- between two turns */

static void
leave_if_not_needed(TeTurn turn, TimestampTz due, TimestampTz now)
{
	bool		others_wait = pg_atomic_read_u32(&te_shared->queued) > 0;

	if (turn == TE_TURN_NO_EXTENSION)
		leave(TE_LEFT_NO_EXTENSION, 0);
	if (turn == TE_TURN_WORKED)
	{
		worked = now;
		if (others_wait && TimestampDifferenceExceeds(started, now, MAKE_ROOM_MS))
			leave(TE_LEFT_MORE, 0);
		return;
	}
	if (pg_atomic_read_u32(&database_slot->wake) != 0)
		return;
	if (others_wait)
		leave(TE_LEFT_IDLE, due);
	/* one that has found nothing since its start has nothing to keep warm */
	if (turn == TE_TURN_IDLE &&
		(worked == 0 || TimestampDifferenceExceeds(worked, now, STAY_MS)))
		leave(TE_LEFT_IDLE, due);
}

/* Sleep until somebody wakes us, something is due, or it is time to leave. */
static void
rest(TeTurn turn, TimestampTz due, TimestampTz now, uint32 wait_event)
{
	TimestampTz until = TimestampTzPlusMilliseconds(worked != 0 ? worked : now, STAY_MS);
	long		wait_ms;

	if (turn == TE_TURN_WAITING)
		until = TimestampTzPlusMilliseconds(now, STAY_MS);
	if (due != 0)
		until = Min(until, due);
	wait_ms = TimestampDifferenceMilliseconds(now, until) + 1;

	te_activity_state(turn == TE_TURN_WAITING ? TE_ACTIVITY_WAITING : TE_ACTIVITY_IDLE);
	pgstat_report_activity(STATE_IDLE, NULL);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 wait_ms, wait_event);
	looked = 0;					/* what was set while we slept holds for what woke us */
}

static void
work(void)
{
	uint32		wait_event = WaitEventExtensionNew("ThumbexifWorker");
	TimestampTz due = 0;

	for (;;)
	{
		TimestampTz now;
		TeTurn		turn;
		bool		woken;

		ResetLatch(MyLatch);
		if (ProcDiePending)
			leave(TE_LEFT_SENT_AWAY, 0);	/* nothing is in hand: go quietly */
		CHECK_FOR_INTERRUPTS();
		now = GetCurrentTimestamp();
		if (te_clock_was_set_back(now))
			leave(TE_LEFT_MORE, 0); /* with what it meant to wait for: the next one knows nothing of that */
		look_at_settings(now);

		woken = pg_atomic_exchange_u32(&database_slot->wake, 0) != 0;
		turn = te_turn(woken, &due);
		pgstat_report_stat(false);

		now = GetCurrentTimestamp();
		leave_if_not_needed(turn, due, now);
		if (turn != TE_TURN_WORKED)
			rest(turn, due, now, wait_event);
	}
}

void
thumbexif_worker_main(Datum arg)
{
	TeWorkerStart start;

	memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
	before_shmem_exit(at_exit, (Datum) 0);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();

	if (!te_activity_adopt(start.slot, start.generation))
		proc_exit(0);			/* the launcher that started us has gone */
	BackgroundWorkerInitializeConnectionByOid(start.database, InvalidOid, 0);
	set_up();

	database_slot = te_shmem_take_database(MyDatabaseId);
	if (database_slot == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("background workers serve at most %d databases", TE_DATABASE_SLOTS),
				 errhint("Name those that matter in \"thumbexif.databases\".")));
	pg_atomic_exchange_u32(&database_slot->worker, te_shmem_my_process());
	started = looked = GetCurrentTimestamp();
	settings_hash = hash_of_settings();
	te_table_killers();

	PG_TRY();
	{
		work();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(TopMemoryContext);
		te_activity_trouble(CopyErrorData()->message);
		PG_RE_THROW();
	}
	PG_END_TRY();
}
