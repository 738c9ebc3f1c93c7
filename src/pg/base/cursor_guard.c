/*
 * cursor_guard.c
 *		Keeps the cursors of a session and those of other roles' code apart.
 *
 * PostgreSQL has no list of portals that could be read here, but it has a memory context for each, named after it.  A portal is
 * pinned against being closed; and with the strategy of several statements no row can be fetched from it.
 */
#include "postgres.h"

#include "nodes/memnodes.h"
#include "utils/memutils.h"
#include "utils/portal.h"

#include "cursor_guard.h"

typedef struct GuardedCursor
{
	Portal		portal;
	PortalStrategy strategy;	/* to be put back */
	bool		pinned;			/* by us */
} GuardedCursor;

/* The context whose children are the contexts of portals.  It is there once there was a portal, and stays. */
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
	List	   *portals = all_portals();
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	List	   *cursors = NIL;
	ListCell   *cell;

	foreach(cell, portals)
	{
		GuardedCursor *cursor = palloc(sizeof(GuardedCursor));

		cursor->portal = lfirst(cell);
		cursor->strategy = cursor->portal->strategy;
		cursor->pinned = !cursor->portal->portalPinned;
		cursors = lappend(cursors, cursor);
	}
	MemoryContextSwitchTo(caller);
	list_free(portals);
	foreach(cell, cursors)
	{
		GuardedCursor *cursor = lfirst(cell);

		cursor->portal->strategy = PORTAL_MULTI_QUERY;
		if (cursor->pinned)
			PinPortal(cursor->portal);
	}
	return cursors;
}

void
te_cursor_guard_forget(List *cursors)
{
	ListCell   *cell;

	foreach(cell, cursors)
	{
		GuardedCursor *cursor = lfirst(cell);

		cursor->portal->strategy = cursor->strategy;
		if (cursor->pinned && cursor->portal->portalPinned)
			UnpinPortal(cursor->portal);
	}
	list_free_deep(cursors);
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
	List	   *portals = all_portals();
	ListCell   *cell;

	foreach(cell, portals)
	{
		Portal		portal = lfirst(cell);

		if (!was_there(cursors, portal))
			PortalDrop(portal, false);
	}
	list_free(portals);
	te_cursor_guard_forget(cursors);
}
