/*
 * worker_slot.h
 *		Starts the workers of databases for the launcher, and handles their exits.
 */
#ifndef TE_PG_WORKER_SLOT_H
#define TE_PG_WORKER_SLOT_H

#include "database_list.h"
#include "pg/shared/shmem.h"

/*
 * Clear the slots of an earlier launcher.  Its workers were terminated at its exit and free their slots themselves.  One that
 * has not started yet finds that its slot is gone.
 */
extern void te_worker_slot_clear_all(void);

/* Note why a database has no worker, for the view thumbexif_workers. */
extern void te_worker_slot_note(const TeDatabase *database, TeDatabaseState state);

/*
 * Start a worker in a database that has none, or set the time of the next try.  False if no background process is free.
 */
extern bool te_worker_slot_start(TeDatabase *database, TimestampTz now);

/*
 * If the worker has exited: free its slot, and schedule the next one by the reason it gave.  False if it still runs.
 */
extern bool te_worker_slot_reap(TeDatabase *database, TimestampTz now);

#endif							/* TE_PG_WORKER_SLOT_H */
