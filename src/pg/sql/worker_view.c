/*
 * worker_view.c
 *		SQL function behind the view thumbexif_workers: the launcher, the processes at work,
 *		and databases and tables without a worker, with the reason.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/base/system_check.h"
#include "pg/compat.h"
#include "pg/shared/activity.h"
#include "pg/shared/decoder_slot.h"
#include "pg/shared/shmem.h"
#include "pg/worker/database_list.h"

/* columns of thumbexif_activity() */
enum
{
	COL_PID, COL_DATABASE, COL_KIND, COL_STATE, COL_RELATION, COL_ASSETS, COL_IN_HAND,
	COL_TOTAL, COL_DONE, COL_FAILED, COL_DECODERS, COL_DECODERS_LOST, COL_STARTED,
	COL_LAST_ERROR, COL_NOTE, COLUMNS
};

#define NO_LAUNCHER "The launcher is not running; the server restarts it within seconds."

typedef struct Row
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];
} Row;

typedef struct DatabaseCopy		/* of a TeDatabaseSlot */
{
	Oid			oid;
	TeDatabaseState state;
	char		trouble[TE_TROUBLE_TEXT];
} DatabaseCopy;

static void
set(Row *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static void
set_text(Row *row, int column, const char *text)
{
	if (text != NULL && text[0] != '\0')
		set(row, column, CStringGetTextDatum(text));
}

static void
set_database(Row *row, Oid database)
{
	char	   *name = OidIsValid(database) ? get_database_name(database) : NULL;

	if (name != NULL)
		set(row, COL_DATABASE, DirectFunctionCall1(namein, CStringGetDatum(name)));
}

static Row *
new_row(void)
{
	Row		   *row = palloc0(sizeof(Row));

	memset(row->nulls, true, sizeof(row->nulls));
	return row;
}

static void
put(ReturnSetInfo *result, Row *row)
{
	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
}

/* --- processes */

static const char *
kind_name(TeActivityKind kind)
{
	switch (kind)
	{
		case TE_ACTIVITY_WORKER:
			return "worker";
		case TE_ACTIVITY_BACKFILL:
			return "backfill";
		case TE_ACTIVITY_SESSION:
			return "session";
	}
	return NULL;
}

static const char *
state_name(TeActivityState state)
{
	switch (state)
	{
		case TE_ACTIVITY_STARTING:
			return "starting";
		case TE_ACTIVITY_WORKING:
			return "working";
		case TE_ACTIVITY_IDLE:
			return "idle";
		case TE_ACTIVITY_WAITING:
			return "waiting";
		case TE_ACTIVITY_LEFT:
			return "leaving";
	}
	return NULL;
}

static Datum
shown_assets(const TeActivity *activity)
{
	Datum		keys[TE_SHOWN_ASSETS];
	int			count = 0;

	for (int i = 0; i < TE_SHOWN_ASSETS; i++)
		if (activity->asset[i][0] != '\0')
			keys[count++] = CStringGetTextDatum(activity->asset[i]);
	return PointerGetDatum(construct_array(keys, count, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
put_activity(ReturnSetInfo *result, const TeActivity *activity)
{
	Row		   *row = new_row();

	if (activity->pid != 0)
		set(row, COL_PID, Int32GetDatum(activity->pid));
	set_database(row, activity->database);
	set_text(row, COL_KIND, kind_name(activity->kind));
	set_text(row, COL_STATE, state_name(activity->state));
	if (activity->database == MyDatabaseId && OidIsValid(activity->relation))
		set(row, COL_RELATION, ObjectIdGetDatum(activity->relation));
	set(row, COL_ASSETS, shown_assets(activity));
	set(row, COL_IN_HAND, Int32GetDatum(activity->assets));
	if (activity->total >= 0)
		set(row, COL_TOTAL, Int64GetDatum(activity->total));
	set(row, COL_DONE, Int64GetDatum(activity->done));
	set(row, COL_FAILED, Int64GetDatum(activity->failed));
	set(row, COL_DECODERS, Int32GetDatum(activity->decoders));
	set(row, COL_DECODERS_LOST, Int64GetDatum(activity->decoders_lost));
	if (activity->started != 0)
		set(row, COL_STARTED, TimestampTzGetDatum(activity->started));
	set_text(row, COL_LAST_ERROR, activity->trouble);
	put(result, row);
}

/* A session that has decoders, but runs no procedure. */
static void
put_session(ReturnSetInfo *result, const TeDecoderSession *session)
{
	Row		   *row = new_row();

	set(row, COL_PID, Int32GetDatum(session->pid));
	set_database(row, session->database);
	set_text(row, COL_KIND, "session");
	set_text(row, COL_STATE, session->working ? "working" : "idle");
	set(row, COL_DECODERS, Int32GetDatum(session->decoders));
	put(result, row);
}

static void
put_activities(ReturnSetInfo *result)
{
	TeActivity *copy = palloc(sizeof(TeActivity));
	TeDecoderSession *sessions = palloc(sizeof(TeDecoderSession) * TE_MAX_DECODER_SLOTS);
	int			count = te_decoder_slot_sessions(sessions);

	for (int i = 0; i < TE_SLOTS; i++)
	{
		if (!te_activity_read(i, copy))
			continue;
		put_activity(result, copy);
		for (int j = 0; j < count; j++)
		{
			if (sessions[j].pid == copy->pid)
				sessions[j].decoders = 0;	/* shown */
		}
	}
	for (int j = 0; j < count; j++)
	{
		if (sessions[j].decoders > 0)
			put_session(result, &sessions[j]);
	}
	pfree(copy);
	pfree(sessions);
}

static const char *
database_note(TeDatabaseState state)
{
	switch (state)
	{
		case TE_DATABASE_QUEUED:
			return "Other databases use all workers that \"thumbexif.max_workers\" allows.";
		case TE_DATABASE_NO_PROCESS:
			return "No background process is free; you might need to increase \"max_worker_processes\".";
		case TE_DATABASE_BACKOFF:
			return "The last worker ended with an error (see the server's log); another one will be started.";
		case TE_DATABASE_NOT_STARTED:
			return "The server could not start the last worker (see the server's log); another one will be started.";
		case TE_DATABASE_OFF:
			return "The database is a template or allows no connections.";
		default:
			return NULL;
	}
}

/* What keeps the launcher from starting workers, or workers from starting decoders.  NULL if nothing does. */
static const char *
launcher_note(int decoders_waiting)
{
	uint32		unlisted = pg_atomic_read_u32(&te_shared->unlisted);
	const char *missing = te_system_missing();

	if (missing != NULL)
		return missing;
	if (pg_atomic_read_u32(&te_shared->no_process) != 0)
		return database_note(TE_DATABASE_NO_PROCESS);
	if (unlisted > 0)
		return psprintf("All %d slots for databases are in use: %u databases have no slot and are not shown, %u of them wait for a worker. "
						"A database with work takes the slot of one without. Name the databases to serve in \"thumbexif.databases\".",
						TE_DATABASE_SLOTS, unlisted, pg_atomic_read_u32(&te_shared->unlisted_due));
	if (decoders_waiting > 0)
		return psprintf("%d processes wait for one of the %d decoders that \"thumbexif.max_decoders\" allows.",
						decoders_waiting, te_guc_max_decoders());
	return NULL;
}

static void
put_launcher(ReturnSetInfo *result)
{
	uint32		launcher = pg_atomic_read_u32(&te_shared->launcher);
	int			pid = launcher > 0 ? GetPGProcByNumber(launcher - 1)->pid : 0;
	Row		   *row = new_row();
	int			decoders;
	int			waiting;

	te_decoder_slot_counts(&decoders, &waiting);
	set(row, COL_DECODERS, Int32GetDatum(decoders));
	set_text(row, COL_KIND, "launcher");
	if (pid != 0)
	{
		set(row, COL_PID, Int32GetDatum(pid));
		set_text(row, COL_STATE, "running");
		set_text(row, COL_NOTE, launcher_note(waiting));
	}
	else if (RecoveryInProgress())
	{
		set_text(row, COL_STATE, "standby");
		set_text(row, COL_NOTE, "Background workers start when this server is promoted.");
	}
	else
	{
		set_text(row, COL_STATE, "off");
		set_text(row, COL_NOTE, NO_LAUNCHER);
	}
	put(result, row);
}

/* --- databases without a worker */

static const char *
database_state_name(TeDatabaseState state)
{
	switch (state)
	{
		case TE_DATABASE_UNKNOWN:
			return "starting";
		case TE_DATABASE_IDLE:
		case TE_DATABASE_RUNNING:
			return "asleep";
		case TE_DATABASE_QUEUED:
		case TE_DATABASE_NO_PROCESS:
			return "queued";
		case TE_DATABASE_BACKOFF:
		case TE_DATABASE_NOT_STARTED:
			return "backoff";
		case TE_DATABASE_OFF:
			return "off";
	}
	return NULL;
}

static void
put_database(ReturnSetInfo *result, const DatabaseCopy *database)
{
	char	   *name = get_database_name(database->oid);
	Row		   *row;

	if (name == NULL)
		return;					/* dropped a moment ago */
	row = new_row();
	set_database(row, database->oid);
	set_text(row, COL_KIND, "worker");
	if (RecoveryInProgress())
		set_text(row, COL_STATE, "standby");
	else if (!te_database_list_named(name))
	{
		set_text(row, COL_STATE, "off");
		set_text(row, COL_NOTE, "\"thumbexif.databases\" does not name this database.");
	}
	else if (pg_atomic_read_u32(&te_shared->launcher) == 0)
	{
		set_text(row, COL_STATE, "off");
		set_text(row, COL_NOTE, NO_LAUNCHER);
	}
	else
	{
		set_text(row, COL_STATE, database_state_name(database->state));
		set_text(row, COL_NOTE, database_note(database->state));
	}
	set_text(row, COL_LAST_ERROR, database->trouble);
	put(result, row);
}

/* Is the worker of a database shown as a process?  The caller holds te_shared_lock. */
static bool
has_process(Oid database)
{
	for (int i = 0; i < TE_MAX_WORKERS; i++)
		if (te_shared->slot[i].database == database)
			return true;
	return false;
}

static void
put_databases(ReturnSetInfo *result)
{
	DatabaseCopy *copy = palloc(sizeof(DatabaseCopy) * TE_DATABASE_SLOTS);
	int			count = 0;

	LWLockAcquire(te_shared_lock, LW_SHARED);
	for (int i = 0; i < TE_DATABASE_SLOTS; i++)
	{
		TeDatabaseSlot *slot = &te_shared->database[i];

		copy[count].oid = pg_atomic_read_u32(&slot->oid);
		if (!OidIsValid(copy[count].oid) || has_process(copy[count].oid))
			continue;
		copy[count].state = slot->state;
		memcpy(copy[count].trouble, slot->trouble, TE_TROUBLE_TEXT);
		count++;
	}
	LWLockRelease(te_shared_lock);
	for (int i = 0; i < count; i++)
		put_database(result, &copy[i]);
	pfree(copy);
}

/* --- paused tables */

static void
put_paused(ReturnSetInfo *result)
{
	TeExtension extension;
	char	   *sql;
	TeArgs		none = {0};

	/* version 1.0's view, which exists until ALTER EXTENSION UPDATE, shows paused tables itself */
	if (!te_extension_find(&extension))
		return;
	sql = psprintf("SELECT t.relation::pg_catalog.oid, t.pause_reason FROM %s AS t"
				   " WHERE t.paused ORDER BY t.attachment", te_internal_name("thumbexif_attachment"));
	SPI_connect();
	te_sql_read(sql, &none);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		char	   *reason = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
		Row		   *row = new_row();
		bool		isnull;

		set_database(row, MyDatabaseId);
		set_text(row, COL_KIND, "worker");
		set_text(row, COL_STATE, "paused");
		set(row, COL_RELATION, SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
		set_text(row, COL_LAST_ERROR, reason);
		set_text(row, COL_NOTE, reason == NULL ?
				 "Call thumbexif_resume() to let the worker continue." :
				 "The worker continues once the cause is removed; after a change of columns call thumbexif_attach() again.");
		put(result, row);
	}
	SPI_finish();
}

PG_FUNCTION_INFO_V1(thumbexif_activity);

Datum
thumbexif_activity(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	if (te_shared == NULL)
	{
		Row		   *row = new_row();

		set_database(row, MyDatabaseId);
		set_text(row, COL_KIND, "launcher");
		set_text(row, COL_STATE, "off");
		set_text(row, COL_NOTE,
				 te_system_hint("No background work is done: add thumbexif to \"shared_preload_libraries\" and restart the server."));
		put(result, row);
	}
	else
	{
		put_launcher(result);
		put_activities(result);
		put_databases(result);
	}
	put_paused(result);
	return (Datum) 0;
}
