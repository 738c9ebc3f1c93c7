/*
 * cursor_guard.h
 *		Keeps the cursors of a session and those of other roles' code apart.
 *
 * Cursors belong to a session, not to a role, and what a cursor still has to run is run with the rights of whoever fetches.
 * So code of others must not fetch from or close a cursor that it has not opened, and must leave none behind.
 */
#ifndef TE_PG_CURSOR_GUARD_H
#define TE_PG_CURSOR_GUARD_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * From here on the cursors that there are can be neither closed nor fetched from.  Returns them, palloc'd, for one of the next
 * two, of which one must be called whatever happens, and before an ERROR aborts anything.
 */
extern List *te_cursor_guard_begin(void);

/* They can again, and those that were opened meanwhile are closed. */
extern void te_cursor_guard_end(List *cursors);

/* They can again; there was an ERROR, and its abort closes what was opened meanwhile. */
extern void te_cursor_guard_forget(List *cursors);

#endif							/* TE_PG_CURSOR_GUARD_H */
