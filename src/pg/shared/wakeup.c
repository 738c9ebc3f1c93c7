/*
 * wakeup.c
 *		Waking the background worker at commit.
 *
 * A transaction that made work sets a flag in its backend.  The commit sets a flag in shared
 * memory and a latch, and takes no lock unless the database has no slot.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "shmem.h"
#include "wakeup.h"

static bool registered = false; /* whether the callback is registered */
static bool wake_worker = false;	/* at the end of this transaction */
static bool wake_launcher = false;

void
te_wake_database(Oid database)
{
	if (te_shared == NULL)
		return;
	for (;;)
	{
		TeDatabaseSlot *slot = te_shmem_take_database(database);
		uint32		worker;

		if (slot == NULL)
		{
			/* no slot is free: the launcher has to find the database */
			pg_atomic_exchange_u32(&te_shared->missed, 1);
			te_shmem_set_latch(pg_atomic_read_u32(&te_shared->launcher));
			return;
		}
		pg_atomic_exchange_u32(&slot->wake, 1);

		/* the slot may have been given to another database in between */
		if (pg_atomic_read_u32(&slot->oid) != database)
			continue;

		worker = pg_atomic_read_u32(&slot->worker);
		te_shmem_set_latch(worker ? worker : pg_atomic_read_u32(&te_shared->launcher));
		return;
	}
}

void
te_wake_launcher(void)
{
	if (te_shared == NULL)
		return;
	pg_atomic_exchange_u32(&te_shared->list_changed, 1);
	te_shmem_set_latch(pg_atomic_read_u32(&te_shared->launcher));
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			if (wake_worker)
				te_wake_database(MyDatabaseId);
			if (wake_launcher)
				te_wake_launcher();
			wake_worker = wake_launcher = false;
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			/* COMMIT PREPARED wakes the worker, see utility_hook.c */
			wake_worker = wake_launcher = false;
			break;
		default:
			break;
	}
}

static void
register_callback(void)
{
	if (!registered)
		RegisterXactCallback(at_transaction_end, NULL);
	registered = true;
}

void
te_wake_at_commit(void)
{
	if (te_shared == NULL)
		return;
	register_callback();
	wake_worker = true;
}

void
te_wake_launcher_at_commit(void)
{
	if (te_shared == NULL)
		return;
	register_callback();
	wake_launcher = true;
}
