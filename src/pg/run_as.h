/*
 * run_as.h
 *		Another role's rights for the length of one statement.
 */
#ifndef TE_PG_RUN_AS_H
#define TE_PG_RUN_AS_H

#include "postgres.h"

typedef struct TeRunAs
{
	Oid			saved_user;
	int			saved_context;
	bool		guarded;
	int			guc_level;		/* of the search_path pg_catalog, pg_temp, and of what the statement sets */
} TeRunAs;

/*
 * Become the owner of our own tables, to touch them and nothing else, in a security-restricted operation, with search_path
 * pg_catalog, pg_temp: our own names must be qualified.  ERROR if the extension is not installed here.
 */
extern void te_run_as_extension(TeRunAs *save);

/*
 * Become the owner of a user's table, in a security-restricted operation and under a guard (guard.h), with
 * search_path pg_catalog, pg_temp.
 */
extern void te_run_as_owner(TeRunAs *save, Oid owner);

/* Stay who we are, with our own search_path, in a security-restricted operation and under a guard, to touch this relation. */
extern void te_run_as_caller(TeRunAs *save, Oid relation);

/* Back to who we were.  After an ERROR the transaction's abort does it. */
extern void te_run_as_end(TeRunAs *save);

#endif							/* TE_PG_RUN_AS_H */
