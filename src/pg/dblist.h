/*
 * dblist.h
 *		The launcher's list of databases.
 */
#ifndef TE_PG_DBLIST_H
#define TE_PG_DBLIST_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "postmaster/bgworker.h"

typedef struct TeDatabase
{
	Oid			oid;
	bool		exists;			/* found by the last look at pg_database */
	bool		allowed;		/* open to connections, no template, named by thumbexif.databases */
	bool		seen;			/* a worker has looked at it */
	bool		extension;		/* it had the extension then */
	bool		woken;			/* somebody has committed work since its last worker was started */
	int			failures;		/* workers in a row that died */
	TimestampTz not_before;		/* no worker before that, after a failure */
	TimestampTz due;			/* to be looked at again, 0 = when woken */
	TimestampTz served;			/* when its last worker was started */
	int			slot;			/* its worker's, -1 = no worker */
	BackgroundWorkerHandle *handle;
} TeDatabase;

/*
 * Bring the list (of TeDatabase *, in "context") in line with pg_database: new ones are
 * added, none is removed.  Runs a transaction of its own.
 */
extern List *te_dblist_refresh(List *list, MemoryContext context);

/* Does thumbexif.databases name this one (or none, which means all)? */
extern bool te_dblist_named(const char *database);

#endif							/* TE_PG_DBLIST_H */
