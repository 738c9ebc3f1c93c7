/*
 * launch.h
 *		The beginning and the end of a database's worker, for the launcher.
 */
#ifndef TE_PG_LAUNCH_H
#define TE_PG_LAUNCH_H

#include "dblist.h"
#include "shmem.h"

/* What the view says about a database without a worker. */
extern void te_launch_note(const TeDatabase *database, TeDatabaseState state);

/*
 * Start a worker in a database that has none, or set when to try that again.  False if no background process
 * is free.
 */
extern bool te_launch_start(TeDatabase *database, TimestampTz now);

/*
 * If the worker has gone: free its slot and draw the consequences of what it said
 * for when the next one is due.  False if it still runs.
 */
extern bool te_launch_reap(TeDatabase *database, TimestampTz now);

#endif							/* TE_PG_LAUNCH_H */
