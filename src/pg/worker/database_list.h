/*
 * database_list.h
 *		The launcher's list of databases.
 */
#ifndef TE_PG_DATABASE_LIST_H
#define TE_PG_DATABASE_LIST_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "postmaster/bgworker.h"

typedef struct TeDatabase
{
	Oid			oid;
	bool		exists;			/* found by the last read of pg_database */
	bool		allowed;		/* allows connections, is no template, and is listed in thumbexif.databases */
	bool		seen;			/* a worker has examined it */
	bool		extension;		/* it had the extension then */
	bool		woken;			/* work was committed since its last worker was started */
	int			failures;		/* consecutive workers that died */
	TimestampTz not_before;		/* no worker until then, after a failure */
	TimestampTz due;			/* of the next worker, 0 = when woken */
	TimestampTz served;			/* when its last worker was started */
	int			slot;			/* of its worker, -1 = no worker */
	BackgroundWorkerHandle *handle;
} TeDatabase;

/*
 * Update the list (of TeDatabase *, in "context") from pg_database: databases are added, none is removed.  Runs a transaction.
 */
extern List *te_database_list_refresh(List *list, MemoryContext context);

/* The database with this oid, or NULL. */
extern TeDatabase *te_database_list_find(List *list, Oid oid);

/* Does thumbexif.databases list this database, or none, which means all? */
extern bool te_database_list_named(const char *database);

#endif							/* TE_PG_DATABASE_LIST_H */
