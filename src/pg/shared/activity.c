/*
 * activity.c
 *		What this process works on, for the view thumbexif_workers.
 *
 * Every change is made under te_shared_lock, held for a few instructions:
 * there are some tens of them a second.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "activity.h"
#include "wakeup.h"

static TeActivity *mine = NULL;		/* this process's slot */
static uint32 my_generation;		/* of a worker's slot */
static bool registered = false;		/* the callbacks below */

static void
give_back(void)
{
	bool		session;

	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->pid = 0;
	if (mine->kind == TE_ACTIVITY_WORKER && mine->generation == my_generation)
		mine->state = TE_ACTIVITY_LEFT;	/* the launcher frees it */
	else
		mine->database = InvalidOid;
	session = mine->kind != TE_ACTIVITY_WORKER;
	LWLockRelease(te_shared_lock);
	mine = NULL;

	/* it may have given something back, or have died with it */
	if (session)
		te_wake_database(MyDatabaseId);
}

static void
at_exit(int code, Datum arg)
{
	give_back();
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT && mine && mine->kind != TE_ACTIVITY_WORKER)
		give_back();
}

static void
register_callbacks(void)
{
	if (registered)
		return;
	before_shmem_exit(at_exit, (Datum) 0);
	RegisterXactCallback(at_transaction_end, NULL);
	registered = true;
}

void
te_activity_begin(TeActivityKind kind, Oid relation, int64 total)
{
	if (te_shared == NULL)
		return;
	register_callbacks();
	give_back();

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = TE_MAX_WORKERS; i < TE_SLOTS; i++)
	{
		TeActivity *slot = &te_shared->slot[i];

		if (OidIsValid(slot->database))
			continue;
		memset(slot, 0, sizeof(*slot));
		slot->pid = MyProcPid;
		slot->database = MyDatabaseId;
		slot->kind = kind;
		slot->state = TE_ACTIVITY_WORKING;
		slot->started = GetCurrentTimestamp();
		slot->relation = relation;
		slot->total = total;
		mine = slot;
		break;
	}
	LWLockRelease(te_shared_lock);
}

void
te_activity_end(void)
{
	give_back();
}

bool
te_activity_adopt(int number, uint32 generation)
{
	TeActivity *slot = &te_shared->slot[number];

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	if (slot->generation == generation && slot->state == TE_ACTIVITY_STARTING)
	{
		slot->pid = MyProcPid;
		slot->started = GetCurrentTimestamp();
		my_generation = generation;
		mine = slot;
	}
	LWLockRelease(te_shared_lock);
	if (mine != NULL)
		register_callbacks();
	return mine != NULL;
}

void
te_activity_take(const char *key)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->assets++;
	for (int i = 0; i < TE_SHOWN_ASSETS; i++)
	{
		if (mine->asset[i][0] == '\0')
		{
			strlcpy(mine->asset[i], key, TE_KEY_TEXT);
			break;
		}
	}
	LWLockRelease(te_shared_lock);
}

void
te_activity_drop(const char *key)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	if (mine->assets > 0)
		mine->assets--;
	for (int i = 0; i < TE_SHOWN_ASSETS; i++)
	{
		if (strcmp(mine->asset[i], key) == 0)
		{
			mine->asset[i][0] = '\0';
			break;
		}
	}
	LWLockRelease(te_shared_lock);
}

void
te_activity_drop_all(void)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->assets = 0;
	memset(mine->asset, 0, sizeof(mine->asset));
	LWLockRelease(te_shared_lock);
}

void
te_activity_count(int64 done, int64 failed)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->done = done;
	mine->failed = failed;
	LWLockRelease(te_shared_lock);
}

void
te_activity_decoders(int running, int64 lost)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->decoders = running;
	mine->decoders_lost = lost;
	LWLockRelease(te_shared_lock);
}

void
te_activity_relation(Oid relation)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->relation = relation;
	LWLockRelease(te_shared_lock);
}

void
te_activity_state(TeActivityState state)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->state = state;
	LWLockRelease(te_shared_lock);
}

void
te_activity_trouble(const char *text)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	strlcpy(mine->trouble, text ? text : "", TE_TROUBLE_TEXT);
	LWLockRelease(te_shared_lock);
}

void
te_activity_leave(TeLeaving why, TimestampTz due)
{
	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	mine->leaving = why;
	mine->due = due;
	LWLockRelease(te_shared_lock);
}
