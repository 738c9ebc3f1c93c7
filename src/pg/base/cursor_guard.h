/*
 * cursor_guard.h
 *		Protection of a session's cursors from the code of other roles.
 *
 * Cursors belong to a session, not to a role, and the rest of a cursor's query runs with the
 * rights of the role that fetches from it.  So code of other roles must neither fetch from nor
 * close a cursor that it has not opened, and must leave none behind.
 */
#ifndef TE_PG_CURSOR_GUARD_H
#define TE_PG_CURSOR_GUARD_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * From now on the existing cursors can be neither closed nor fetched from.  Returns them,
 * palloc'd, for one of the next two functions.  One of these must be called in any case, after
 * an ERROR before the abort.
 */
extern List *te_cursor_guard_begin(void);

/* Release the cursors, and close those that were opened since. */
extern void te_cursor_guard_end(List *cursors);

/* Release the cursors after an ERROR, whose abort closes those that were opened since. */
extern void te_cursor_guard_forget(List *cursors);

#endif							/* TE_PG_CURSOR_GUARD_H */
