/*
 * run_as.h
 *		Running a statement with another role's rights.
 */
#ifndef TE_PG_RUN_AS_H
#define TE_PG_RUN_AS_H

#include "postgres.h"

typedef struct TeRunAs
{
	Oid			saved_user;
	int			saved_context;
	bool		guarded;
	int			guc_level;		/* of search_path and other settings that are restored */
} TeRunAs;

/*
 * Become the owner of the extension's tables, to access these only, in a security-restricted
 * operation with search_path pg_catalog, pg_temp: names must be qualified.  ERROR if the
 * extension is not installed in this database.
 */
extern void te_run_as_extension(TeRunAs *save);

/*
 * Become the owner of a user's table, in a security-restricted operation and under a guard
 * (code_rights.h), with the search_path that is kept with the table (table_path.h), or with
 * NULL with pg_catalog, pg_temp.
 */
extern void te_run_as_owner(TeRunAs *save, Oid owner, const char *search_path);

/*
 * Keep the user, and also the search_path with NULL or if the relation's owner lacks rights of
 * the user, in a security-restricted operation and under a guard, to access this relation.
 */
extern void te_run_as_caller(TeRunAs *save, Oid relation, const char *search_path);

/* Restore user, settings and guard.  After an ERROR the transaction's abort does it. */
extern void te_run_as_end(TeRunAs *save);

#endif							/* TE_PG_RUN_AS_H */
