/*
 * wakeup.h
 *		Waking the background worker at commit.
 *
 * Without preloading these functions do nothing.  None throws, but for the first call of an
 * ..._at_commit function in a session, which may run out of memory.
 */
#ifndef TE_PG_WAKEUP_H
#define TE_PG_WAKEUP_H

#include "postgres.h"

/*
 * Wake this database's worker when the current transaction commits.  Can be called repeatedly.
 * A prepared transaction wakes it at COMMIT PREPARED.  Used by triggers, attach, enqueue,
 * retry and resume.
 */
extern void te_wake_at_commit(void);

/* Make the launcher read its list of databases again when the current transaction commits. */
extern void te_wake_launcher_at_commit(void);

/* Wake the worker of a database now. */
extern void te_wake_database(Oid database);

/* Make the launcher read its list of databases again now. */
extern void te_wake_launcher(void);

#endif							/* TE_PG_WAKEUP_H */
