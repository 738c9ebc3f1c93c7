/*
 * activity.c
 *		Progress of this process, for the view thumbexif_workers.
 *
 * Slots change several times for each asset, so their owners write without a lock, by the protocol
 * of pgstat's st_changecount (see activity.h).  Nothing between the two increments may throw.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "activity.h"
#include "wakeup.h"

static TeActivity *mine = NULL; /* this process's slot */
static uint32 my_generation;	/* of a worker's slot */
static bool registered = false; /* whether the callbacks are registered */

/* --- the change count */

void
te_activity_change_begin(TeActivity *slot)
{
	uint32		count = pg_atomic_read_u32(&slot->change_count);

	Assert(count % 2 == 0);
	pg_atomic_write_u32(&slot->change_count, count + 1);
	pg_write_barrier();
}

void
te_activity_change_end(TeActivity *slot)
{
	pg_write_barrier();
	pg_atomic_write_u32(&slot->change_count, pg_atomic_read_u32(&slot->change_count) + 1);
}

bool
te_activity_read(int number, TeActivity *copy)
{
	TeActivity *slot = &te_shared->slot[number];

	for (;;)
	{
		uint32		before = pg_atomic_read_u32(&slot->change_count);

		pg_read_barrier();
		memcpy(copy, slot, sizeof(*copy));
		pg_read_barrier();
		if (before % 2 == 0 && pg_atomic_read_u32(&slot->change_count) == before)
			return OidIsValid(copy->database);
		CHECK_FOR_INTERRUPTS();
		pg_usleep(100);			/* the owner may have been stopped */
	}
}

void
te_activity_clear(TeActivity *slot)
{
	const size_t kept = offsetof(TeActivity, pid);

	memset((char *) slot + kept, 0, sizeof(*slot) - kept);
}

/* --- taking and freeing a slot */

static void
release_slot(void)
{
	bool		session;

	if (mine == NULL)
		return;
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	te_activity_change_begin(mine);
	mine->pid = 0;
	if (mine->kind == TE_ACTIVITY_WORKER && mine->generation == my_generation)
		mine->state = TE_ACTIVITY_LEFT; /* the launcher frees it */
	else
		mine->database = InvalidOid;
	session = mine->kind != TE_ACTIVITY_WORKER;
	te_activity_change_end(mine);
	LWLockRelease(te_shared_lock);
	mine = NULL;

	/* the session may have given assets back to the queue, or left claims behind */
	if (session)
		te_wake_database(MyDatabaseId);
}

static void
at_exit(int code, Datum arg)
{
	release_slot();
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT && mine && mine->kind != TE_ACTIVITY_WORKER)
		release_slot();
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
	release_slot();

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = TE_MAX_WORKERS; i < TE_SLOTS; i++)
	{
		TeActivity *slot = &te_shared->slot[i];

		if (OidIsValid(slot->database))
			continue;
		te_activity_change_begin(slot);
		te_activity_clear(slot);
		slot->pid = MyProcPid;
		slot->database = MyDatabaseId;
		slot->kind = kind;
		slot->state = TE_ACTIVITY_WORKING;
		slot->started = GetCurrentTimestamp();
		slot->relation = relation;
		slot->total = total;
		te_activity_change_end(slot);
		mine = slot;
		break;
	}
	LWLockRelease(te_shared_lock);
}

void
te_activity_end(void)
{
	release_slot();
}

bool
te_activity_adopt(int number, uint32 generation)
{
	TeActivity *slot = &te_shared->slot[number];

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	if (slot->generation == generation && slot->state == TE_ACTIVITY_STARTING)
	{
		te_activity_change_begin(slot);
		slot->pid = MyProcPid;
		slot->started = GetCurrentTimestamp();
		te_activity_change_end(slot);
		my_generation = generation;
		mine = slot;
	}
	LWLockRelease(te_shared_lock);
	if (mine != NULL)
		register_callbacks();
	return mine != NULL;
}

/* --- changes by the owner */

/* A key as it is shown in all databases, whatever their encodings: its beginning, and '?' for what is not ASCII. */
static void
shown_key(char shown[TE_KEY_TEXT], const char *key)
{
	strlcpy(shown, key, TE_KEY_TEXT);
	for (char *at = shown; *at != '\0'; at++)
		if (IS_HIGHBIT_SET(*at))
			*at = '?';
	if (shown[0] == '\0')
		strcpy(shown, "?");		/* "" is a free place */
}

void
te_activity_take(const char *key)
{
	char		shown[TE_KEY_TEXT];

	if (mine == NULL)
		return;
	shown_key(shown, key);
	te_activity_change_begin(mine);
	mine->assets++;
	for (int i = 0; i < TE_SHOWN_ASSETS; i++)
	{
		if (mine->asset[i][0] == '\0')
		{
			strcpy(mine->asset[i], shown);
			break;
		}
	}
	te_activity_change_end(mine);
}

void
te_activity_drop(const char *key)
{
	char		shown[TE_KEY_TEXT];

	if (mine == NULL)
		return;
	shown_key(shown, key);
	te_activity_change_begin(mine);
	if (mine->assets > 0)
		mine->assets--;
	for (int i = 0; i < TE_SHOWN_ASSETS; i++)
	{
		if (strcmp(mine->asset[i], shown) == 0)
		{
			mine->asset[i][0] = '\0';
			break;
		}
	}
	te_activity_change_end(mine);
}

void
te_activity_drop_all(void)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	mine->assets = 0;
	memset(mine->asset, 0, sizeof(mine->asset));
	te_activity_change_end(mine);
}

void
te_activity_count(int64 done, int64 failed)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	mine->done = done;
	mine->failed = failed;
	te_activity_change_end(mine);
}

void
te_activity_decoders(int running, int64 lost)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	mine->decoders = running;
	mine->decoders_lost = lost;
	te_activity_change_end(mine);
}

void
te_activity_relation(Oid relation)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	mine->relation = relation;
	te_activity_change_end(mine);
}

void
te_activity_state(TeActivityState state)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	mine->state = state;
	te_activity_change_end(mine);
}

void
te_activity_trouble(const char *text)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	strlcpy(mine->trouble, text ? text : "", TE_TROUBLE_TEXT);
	te_activity_change_end(mine);
}

void
te_activity_exit(TeExitReason why, TimestampTz due)
{
	if (mine == NULL)
		return;
	te_activity_change_begin(mine);
	mine->exit_reason = why;
	mine->due = due;
	te_activity_change_end(mine);
}
