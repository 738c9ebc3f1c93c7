/*
 * cursor_guard.c
 *		Protection of a session's cursors from the code of other roles.
 *
 * PostgreSQL has no accessible list of portals, but each has a memory context with its name.
 * An active portal can be neither run nor dropped, so all portals are marked active until the
 * guarded statement has ended.
 */
#include "postgres.h"

#include "nodes/memnodes.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "cursor_guard.h"

typedef struct GuardedCursor
{
	Portal		portal;
	PortalStatus status;		/* to be restored */
} GuardedCursor;

/* The parent of all portals' memory contexts.  It exists once there was a portal. */
static MemoryContext
portals_context(void)
{
	static MemoryContext found = NULL;

	for (MemoryContext context = TopMemoryContext->firstchild; context != NULL && found == NULL; context = context->nextchild)
	{
		if (strcmp(context->name, "TopPortalContext") == 0)
			found = context;
	}
	return found;
}

static Portal
portal_of(MemoryContext context)
{
	Portal		portal = NULL;

	if (context->ident != NULL)
		portal = GetPortalByName(strcmp(context->ident, "<unnamed>") == 0 ? "" : context->ident);
	return portal != NULL && portal->portalContext == context ? portal : NULL;
}

static List *
all_portals(void)
{
	MemoryContext parent = portals_context();
	List	   *all = NIL;

	for (MemoryContext context = parent ? parent->firstchild : NULL; context != NULL; context = context->nextchild)
	{
		Portal		portal = portal_of(context);

		if (portal != NULL)
			all = lappend(all, portal);
	}
	return all;
}

List *
te_cursor_guard_begin(void)
{
	List	   *cursors = NIL;
	ListCell   *cell;

	foreach(cell, all_portals())
	{
		GuardedCursor *cursor = palloc(sizeof(GuardedCursor));

		cursor->portal = lfirst(cell);
		cursor->status = cursor->portal->status;
		cursors = lappend(cursors, cursor);
	}
	foreach(cell, cursors)
		((GuardedCursor *) lfirst(cell))->portal->status = PORTAL_ACTIVE;
	return cursors;
}

void
te_cursor_guard_forget(List *cursors)
{
	ListCell   *cell;

	foreach(cell, cursors)
	{
		GuardedCursor *cursor = lfirst(cell);

		cursor->portal->status = cursor->status;
	}
}

static bool
was_there(List *cursors, Portal portal)
{
	ListCell   *cell;

	foreach(cell, cursors)
	{
		if (((GuardedCursor *) lfirst(cell))->portal == portal)
			return true;
	}
	return false;
}

void
te_cursor_guard_end(List *cursors)
{
	ListCell   *cell;

	te_cursor_guard_forget(cursors);
	foreach(cell, all_portals())
	{
		Portal		portal = lfirst(cell);

		if (!was_there(cursors, portal))
			PortalDrop(portal, false);
	}
}
