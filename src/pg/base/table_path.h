/*
 * table_path.h
 *		The search_path that is kept with an attached table.
 *
 * Triggers, defaults, constraints and index expressions of a table are written for the search_path of the
 * applications that write to it.  It is that of the session that attached the table, and is set while the table's code
 * runs.  Statements of ours do not depend on it.
 *
 * A name must not lead that code to an object of a role that lacks the rights with which it runs: a view, or a default of
 * a table, may call any function of PostgreSQL's.  Therefore a schema in which such a role may create is left out, each
 * time anew, and the path is that of the owner who attached the table: under another owner there is none.
 */
#ifndef TE_PG_TABLE_PATH_H
#define TE_PG_TABLE_PATH_H

#include "postgres.h"

/*
 * The session's search_path, to be kept: without temporary schemas, and with the schema of the table's owner, if there
 * is one, in place of "$user".  Palloc'd.
 */
extern char *te_table_path_current(Oid owner);

/*
 * A kept search_path as it can be set: temporary schemas come last, whatever it says.  NULL if it is NULL, or not a
 * list of names since a dump was forged.  Palloc'd.
 */
extern char *te_table_path_check(const char *kept);

typedef enum
{
	TE_SCHEMA_OWN = 1,			/* all who may create in it have the rights of the role */
	TE_SCHEMA_SHARED = 2,
	TE_SCHEMA_MISSING = 4
} TeSchemaKind;

/* The schemas of a search_path that te_table_path_check() returned that are of these kinds for code that runs as "role".  Palloc'd. */
extern char *te_table_path_part(const char *search_path, Oid role, int kinds);

/*
 * Set a search_path that te_table_path_check() returned, in a GUC nest level of the caller's, for code that runs as "role".
 * Schemas that are missing are left out, too, since anybody might create them now.
 */
extern void te_table_path_set(const char *search_path, Oid role);

#endif							/* TE_PG_TABLE_PATH_H */
