/*
 * wakeup.h
 *		Telling the background worker at commit that there is work.
 *
 * Everything here does nothing in a server that did not preload thumbexif, and
 * nothing here throws (the first ..._at_commit of a session may, if it runs out of memory).
 */
#ifndef TE_PG_WAKEUP_H
#define TE_PG_WAKEUP_H

#include "postgres.h"

/*
 * Wake this database's worker when the current transaction commits, once
 * however often it is called.  A transaction that rolls back wakes nobody; one that
 * is prepared wakes at COMMIT PREPARED.  For triggers, attach, enqueue, retry and resume.
 */
extern void te_wake_at_commit(void);

/* Make the launcher read its list of databases again when the current transaction commits. */
extern void te_wake_launcher_at_commit(void);

/* Wake the worker of a database now. */
extern void te_wake_database(Oid database);

/* Make the launcher read its list of databases again now. */
extern void te_wake_launcher(void);

#endif							/* TE_PG_WAKEUP_H */
