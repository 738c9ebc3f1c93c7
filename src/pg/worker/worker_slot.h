/*
 * worker_slot.h
 *		The beginning and the end of a database's worker, for the launcher.
 */
#ifndef TE_PG_WORKER_SLOT_H
#define TE_PG_WORKER_SLOT_H

#include "database_list.h"
#include "pg/shared/shmem.h"

/* What the view says about a database without a worker. */
extern void te_worker_slot_note(const TeDatabase *database, TeDatabaseState state);

/*
 * Start a worker in a database that has none, or set when to try that again.  False if no background process
 * is free.
 */
extern bool te_worker_slot_start(TeDatabase *database, TimestampTz now);

/*
 * If the worker has gone: free its slot and draw the consequences of what it said
 * for when the next one is due.  False if it still runs.
 */
extern bool te_worker_slot_reap(TeDatabase *database, TimestampTz now);

#endif							/* TE_PG_WORKER_SLOT_H */
