/*
 * utility_hook.c
 *		A ProcessUtility hook for commands that concern the background workers.
 *
 * DROP DATABASE, renaming a database, moving it to another tablespace and copying it fail while a session is connected to it.
 * So the worker of that database is terminated first, and none is started until the command has ended.
 *
 * Other commands create or end work, and wake a worker or the launcher: creating, updating or dropping the extension, COMMIT
 * PREPARED, a thumbexif trigger or data that pg_restore creates, a table that joins or leaves a hierarchy, and a database
 * that is created, dropped or renamed.
 */
#include "postgres.h"

#include <signal.h>

#include "catalog/pg_database.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/procarray.h"
#include "tcop/utility.h"
#include "utils/acl.h"

#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/compat.h"
#include "pg/shared/shmem.h"
#include "pg/shared/wakeup.h"
#include "shard_change.h"
#include "utility_hook.h"

#define MAX_WAIT_MS		10000	/* for a worker to exit; then the command fails */
#define POLL_MS			10

static ProcessUtility_hook_type next_hook = NULL;

/* --- terminating the workers of a database */

static const char *
option_string(List *options, const char *name)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst(cell);

		if (strcmp(option->defname, name) == 0)
			return option->arg ? defGetString(option) : NULL;
	}
	return NULL;
}

/* The database that a command needs to be without connections, or NULL. */
static const char *
database_to_empty(Node *statement)
{
	const char *name;

	switch (nodeTag(statement))
	{
		case T_DropdbStmt:
			return ((DropdbStmt *) statement)->dbname;
		case T_RenameStmt:
			if (((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
				return ((RenameStmt *) statement)->subname;
			return NULL;
		case T_AlterDatabaseStmt:
			if (option_string(((AlterDatabaseStmt *) statement)->options, "tablespace"))
				return ((AlterDatabaseStmt *) statement)->dbname;
			return NULL;
		case T_CreatedbStmt:
			name = option_string(((CreatedbStmt *) statement)->options, "template");
			return name ? name : "template1";
		default:
			return NULL;
	}
}

/* Does the database have a worker, or will it?  Terminates it if it runs.  te_shared_lock is held. */
static bool
terminate_workers(Oid database, int *pid)
{
	bool		any = false;

	for (int i = 0; i < TE_MAX_WORKERS; i++)
	{
		TeActivity *slot = &te_shared->slot[i];

		if (slot->database != database || slot->state == TE_ACTIVITY_LEFT)
			continue;
		any = true;
		if (slot->pid != 0)
		{
			/* its pid is valid: it takes the lock to clear it */
			*pid = slot->pid;
			kill(slot->pid, SIGTERM);
		}
	}
	return any;
}

/* Prevent workers from starting in a database, and wait until a running one has exited. */
static void
evict_workers(Oid database)
{
	int64		deadline = te_now_ms() + MAX_WAIT_MS;
	uint32		wait_event = WaitEventExtensionNew("ThumbexifWorkerExit");
	int			pid = 0;
	bool		any;

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = 0; i < TE_BLOCKED_SLOTS; i++)
	{
		if (OidIsValid(te_shared->blocked[i].database))
			continue;
		te_shared->blocked[i].database = database;
		te_shared->blocked[i].pid = MyProcPid;
		break;
	}
	LWLockRelease(te_shared_lock);

	for (;;)
	{
		LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
		any = terminate_workers(database, &pid);
		LWLockRelease(te_shared_lock);

		/* it stays connected for a moment after it has freed its slot */
		if (!any && (pid == 0 || BackendPidGetProc(pid) == NULL))
			return;
		if (te_now_ms() >= deadline)
		{
			ereport(WARNING,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 pid != 0 ?
					 errmsg("background worker of thumbexif with PID %d is still connected to the database", pid) :
					 errmsg("background worker of thumbexif is about to connect to the database"),
					 errhint("A stopped process exits when it receives SIGCONT. Do not kill it: that restarts the server.")));
			return;
		}
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 POLL_MS, wait_event);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
readmit_workers(int code, Datum arg)
{
	Oid			database = DatumGetObjectId(arg);

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = 0; i < TE_BLOCKED_SLOTS; i++)
	{
		if (te_shared->blocked[i].database == database && te_shared->blocked[i].pid == MyProcPid)
			te_shared->blocked[i].database = InvalidOid;
	}
	LWLockRelease(te_shared_lock);
	te_wake_launcher();
}

/* The database whose workers have to exit for this command, if the user owns it. */
static Oid
database_to_evict(Node *statement)
{
	const char *name = database_to_empty(statement);
	Oid			database = name ? get_database_oid(name, true) : InvalidOid;

	if (OidIsValid(database) &&
		!object_ownercheck(DatabaseRelationId, database, GetUserId()))
		return InvalidOid;		/* the command will fail */
	return database;
}

/* --- commands that create work */

typedef enum Consequence		/* of a command that has succeeded */
{
	NOTHING,
	WORKER_AT_COMMIT,
	KNOWN_WORKER_AT_COMMIT,		/* if this database has attached tables */
	WORKER_NOW,
	LAUNCHER_AT_COMMIT
} Consequence;

/*
 * Does it add a table to a hierarchy, or remove one?  The worker pauses or resumes the table.  Or does it enable triggers, as
 * a restore of data alone does at its end?  Until then the worker leaves ranges of large statements alone.
 */
static bool
concerns_worker(AlterTableStmt *statement)
{
	ListCell   *cell;

	foreach(cell, statement->cmds)
	{
		switch (((AlterTableCmd *) lfirst(cell))->subtype)
		{
			case AT_AddInherit:
			case AT_DropInherit:
			case AT_AttachPartition:
			case AT_DetachPartition:
			case AT_EnableTrig:
			case AT_EnableAlwaysTrig:
			case AT_EnableReplicaTrig:
			case AT_EnableTrigAll:
			case AT_EnableTrigUser:
				return true;
			default:
				break;
		}
	}
	return false;
}

static Consequence
consequence_of(Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CreateExtensionStmt:
			return strcmp(((CreateExtensionStmt *) statement)->extname, "thumbexif") == 0 ?
				WORKER_AT_COMMIT : NOTHING;
		case T_AlterExtensionStmt:	/* UPDATE */
			return strcmp(((AlterExtensionStmt *) statement)->extname, "thumbexif") == 0 ?
				WORKER_AT_COMMIT : NOTHING;
		case T_DropStmt:
			return ((DropStmt *) statement)->removeType == OBJECT_EXTENSION ?
				WORKER_AT_COMMIT : NOTHING;
		case T_CreateTrigStmt:
			return strncmp(strVal(llast(((CreateTrigStmt *) statement)->funcname)),
						   "thumbexif_", strlen("thumbexif_")) == 0 ?
				WORKER_AT_COMMIT : NOTHING;
		case T_CopyStmt:		/* as pg_restore --data-only fills our tables */
			return ((CopyStmt *) statement)->is_from && ((CopyStmt *) statement)->relation != NULL &&
				((CopyStmt *) statement)->relation->schemaname != NULL &&
				strcmp(((CopyStmt *) statement)->relation->schemaname, TE_SCHEMA) == 0 ?
				WORKER_AT_COMMIT : NOTHING;
		case T_AlterTableStmt:
			return concerns_worker((AlterTableStmt *) statement) ? KNOWN_WORKER_AT_COMMIT : NOTHING;
		case T_CreateStmt:
			return ((CreateStmt *) statement)->inhRelations != NIL ? KNOWN_WORKER_AT_COMMIT : NOTHING;
		case T_TransactionStmt:
			return ((TransactionStmt *) statement)->kind == TRANS_STMT_COMMIT_PREPARED ?
				WORKER_NOW : NOTHING;
		case T_CreatedbStmt:
		case T_AlterDatabaseStmt:
		case T_DropdbStmt:
			return LAUNCHER_AT_COMMIT;
		case T_RenameStmt:
			return ((RenameStmt *) statement)->renameType == OBJECT_DATABASE ?
				LAUNCHER_AT_COMMIT : NOTHING;
		default:
			return NOTHING;
	}
}

static void
apply_consequence(Consequence consequence)
{
	switch (consequence)
	{
		case NOTHING:
			break;
		case WORKER_AT_COMMIT:
			te_wake_at_commit();
			break;
		case KNOWN_WORKER_AT_COMMIT:
			if (te_shmem_may_serve(MyDatabaseId))
				te_wake_at_commit();
			break;
		case WORKER_NOW:
			if (te_shmem_may_serve(MyDatabaseId))
				te_wake_database(MyDatabaseId);
			break;
		case LAUNCHER_AT_COMMIT:
			te_wake_launcher_at_commit();
			break;
	}
}

/* --- the hook */

static bool
ends_transaction(Node *statement)
{
	return IsA(statement, TransactionStmt) &&
		(((TransactionStmt *) statement)->kind == TRANS_STMT_PREPARE || ((TransactionStmt *) statement)->kind == TRANS_STMT_COMMIT);
}

static void
run_next_hook(PlannedStmt *statement, const char *query, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			  DestReceiver *destination, QueryCompletion *completion)
{
	if (next_hook)
		next_hook(statement, query, read_only_tree, context, params, environment,
				  destination, completion);
	else
		standard_ProcessUtility(statement, query, read_only_tree, context, params,
								environment, destination, completion);
}

static void
utility_hook(PlannedStmt *statement, const char *query, bool read_only_tree,
			 ProcessUtilityContext context, ParamListInfo params,
			 QueryEnvironment *environment, DestReceiver *destination,
			 QueryCompletion *completion)
{
	if (ends_transaction(statement->utilityStmt))
		te_shard_change_before_commit();
	/* determined before: a command may free its own statement */
	volatile Consequence consequence = consequence_of(statement->utilityStmt);
	Oid			database = database_to_evict(statement->utilityStmt);

	if (OidIsValid(database))
	{
		/* even if the session is terminated meanwhile */
		PG_ENSURE_ERROR_CLEANUP(readmit_workers, ObjectIdGetDatum(database));
		{
			evict_workers(database);
			run_next_hook(statement, query, read_only_tree, context, params, environment,
						  destination, completion);
		}
		PG_END_ENSURE_ERROR_CLEANUP(readmit_workers, ObjectIdGetDatum(database));
		readmit_workers(0, ObjectIdGetDatum(database));
	}
	else
		run_next_hook(statement, query, read_only_tree, context, params, environment,
					  destination, completion);
	apply_consequence(consequence);
}

void
te_utility_hook_install(void)
{
	te_shard_change_install();
	next_hook = ProcessUtility_hook;
	ProcessUtility_hook = utility_hook;
}
