/*
 * shmem.c
 *		Shared memory of the background worker: size, place and start values.
 *
 * See shmem.h for who writes what.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "compat.h"
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
		pg_atomic_init_u32(&te_shared->look, 0);
		pg_atomic_init_u32(&te_shared->queued, 0);
		pg_atomic_init_u32(&te_shared->no_process, 0);
		te_seats_init(&te_shared->seats);
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
		slot = te_shmem_database(InvalidOid);
		if (slot != NULL)
		{
			slot->state = TE_DATABASE_UNSEEN;
			slot->next_start = 0;
			slot->trouble[0] = '\0';
			pg_atomic_write_u32(&slot->at_work, 0);
			memset(slot->killer, 0, sizeof(slot->killer));
			pg_atomic_write_u32(&slot->oid, database);
		}
	}
	LWLockRelease(te_shared_lock);
	return slot;
}

/*
 * The process may have gone and its place may be another's by now: that one
 * then wakes up for nothing, which every user of a latch must bear.
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
