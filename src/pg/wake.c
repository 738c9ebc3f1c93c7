/*
 * wake.c
 *		Telling the background worker at commit that there is work.
 *
 * A transaction that made work sets a flag of its backend; the commit turns it into a flag
 * in shared memory and a latch, without a lock (but for the first
 * wake-up of a database that has no slot).
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "shmem.h"
#include "wake.h"

static bool registered = false;		/* the callback below, once a backend */
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
			/* no room: let the launcher find out which one it is */
			pg_atomic_exchange_u32(&te_shared->missed, 1);
			te_shmem_set_latch(pg_atomic_read_u32(&te_shared->launcher));
			return;
		}
		pg_atomic_exchange_u32(&slot->wake, 1);

		/* the launcher may have given the slot to another database just now */
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
	pg_atomic_exchange_u32(&te_shared->look, 1);
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
			/* COMMIT PREPARED wakes by itself, see utility_hook.c */
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
