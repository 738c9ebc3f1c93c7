/*
 * shmem.c
 *		Shared memory of the module: size, allocation, and the slots of databases.
 *
 * See shmem.h for who writes what.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#include "pg/compat.h"
#include "shmem.h"

TeShared   *te_shared = NULL;
LWLock	   *te_shared_lock = NULL;

static shmem_request_hook_type next_request_hook = NULL;
static shmem_startup_hook_type next_startup_hook = NULL;

static Size
shared_size(void)
{
	return MAXALIGN(sizeof(TeShared));
}

static void
request_hook(void)
{
	if (next_request_hook)
		next_request_hook();
	RequestAddinShmemSpace(shared_size());
	RequestNamedLWLockTranche("thumbexif", 1);
}

static void
startup_hook(void)
{
	bool		found;

	if (next_startup_hook)
		next_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	te_shared = ShmemInitStruct("thumbexif", shared_size(), &found);
	te_shared_lock = &GetNamedLWLockTranche("thumbexif")->lock;
	if (!found)
	{
		memset(te_shared, 0, shared_size());
		pg_atomic_init_u32(&te_shared->launcher, 0);
		pg_atomic_init_u32(&te_shared->list_changed, 0);
		pg_atomic_init_u32(&te_shared->missed, 0);
		pg_atomic_init_u32(&te_shared->queued, 0);
		pg_atomic_init_u32(&te_shared->unlisted, 0);
		pg_atomic_init_u32(&te_shared->unlisted_due, 0);
		pg_atomic_init_u32(&te_shared->no_process, 0);
		pg_atomic_init_u32(&te_shared->hung_template, 0);
		pg_atomic_init_u32(&te_shared->thumbnails_full, 0);
		te_decoder_slots_init(&te_shared->decoder_slots);
		te_metrics_init(&te_shared->metrics);
		for (int i = 0; i < TE_SLOTS; i++)
			pg_atomic_init_u32(&te_shared->slot[i].change_count, 0);
		for (int i = 0; i < TE_DATABASE_SLOTS; i++)
		{
			pg_atomic_init_u32(&te_shared->database[i].oid, InvalidOid);
			pg_atomic_init_u32(&te_shared->database[i].wake, 0);
			pg_atomic_init_u32(&te_shared->database[i].worker, 0);
			pg_atomic_init_u32(&te_shared->database[i].at_work, 0);
		}
	}
	LWLockRelease(AddinShmemInitLock);
}

void
te_shmem_request(void)
{
	next_request_hook = shmem_request_hook;
	shmem_request_hook = request_hook;
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = startup_hook;
}

TeDatabaseSlot *
te_shmem_database(Oid database)
{
	if (te_shared == NULL)
		return NULL;
	for (int i = 0; i < TE_DATABASE_SLOTS; i++)
	{
		TeDatabaseSlot *slot = &te_shared->database[i];

		if (pg_atomic_read_u32(&slot->oid) == database)
			return slot;
	}
	return NULL;
}

bool
te_shmem_may_serve(Oid database)
{
	return te_shared != NULL &&
		(te_shmem_database(database) != NULL || pg_atomic_read_u32(&te_shared->unlisted) > 0);
}

/*
 * Take a slot away from its database, unless that has been woken: clear the oid first and then
 * read the wake flag. te_wake_database() does it in the opposite order.  te_shared_lock is
 * held.
 */
static bool
revoke_slot(TeDatabaseSlot *slot, Oid database)
{
	pg_atomic_exchange_u32(&slot->oid, InvalidOid);
	if (pg_atomic_read_u32(&slot->wake) == 0)
		return true;
	pg_atomic_exchange_u32(&slot->oid, database);
	return false;
}

void
te_shmem_free_database(Oid database, bool gone)
{
	TeDatabaseSlot *slot;

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	slot = te_shmem_database(database);
	if (slot != NULL)
	{
		if (gone)
			pg_atomic_exchange_u32(&slot->wake, 0);
		(void) revoke_slot(slot, database);
	}
	LWLockRelease(te_shared_lock);
}

/* Can the database do without its slot?  Not before the launcher has read its state. */
static bool
is_idle(TeDatabaseSlot *slot)
{
	return slot->state != TE_DATABASE_UNKNOWN && slot->state != TE_DATABASE_RUNNING &&
		pg_atomic_read_u32(&slot->worker) == 0 && pg_atomic_read_u32(&slot->wake) == 0;
}

/*
 * Should the slot be given up before the other?  Slots that record work in progress are kept
 * longer, then the least recently used goes first.
 */
static bool
is_better_victim(TeDatabaseSlot *slot, TeDatabaseSlot *other)
{
	bool		noted = pg_atomic_read_u32(&slot->at_work) != 0;

	if (noted != (pg_atomic_read_u32(&other->at_work) != 0))
		return !noted;
	return slot->used < other->used;
}

/* Find a free slot, or one whose database is idle.  te_shared_lock is held. */
static TeDatabaseSlot *
find_free_slot(void)
{
	TeDatabaseSlot *found = te_shmem_database(InvalidOid);

	if (found != NULL)
		return found;

	for (int i = 0; i < TE_DATABASE_SLOTS; i++)
	{
		TeDatabaseSlot *slot = &te_shared->database[i];

		if (is_idle(slot) && (found == NULL || is_better_victim(slot, found)))
			found = slot;
	}
	if (found == NULL || revoke_slot(found, pg_atomic_read_u32(&found->oid)))
		return found;

	return NULL;				/* woken just now: left to the launcher */
}

TeDatabaseSlot *
te_shmem_take_database(Oid database)
{
	TeDatabaseSlot *slot = te_shmem_database(database);

	if (slot != NULL)
		return slot;

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	slot = te_shmem_database(database);
	if (slot == NULL)
	{
		slot = find_free_slot();
		if (slot != NULL)
		{
			slot->state = TE_DATABASE_UNKNOWN;
			slot->used = GetCurrentTimestamp();
			slot->trouble[0] = '\0';
			slot->at_work_since_ms = 0;
			pg_atomic_write_u32(&slot->at_work, 0);
			memset(slot->crash_entry, 0, sizeof(slot->crash_entry));
			pg_atomic_write_u32(&slot->oid, database);
		}
	}
	LWLockRelease(te_shared_lock);
	return slot;
}

/*
 * The process may have ended and its number may have been reused.  That process then wakes up
 * without a reason, which every user of a latch must tolerate.
 */
void
te_shmem_set_latch(uint32 process)
{
	if (process > 0)
		SetLatch(&GetPGProcByNumber(process - 1)->procLatch);
}

uint32
te_shmem_my_process(void)
{
	return (uint32) MyProcNumber + 1;
}
