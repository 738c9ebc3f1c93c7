/*
 * table_path.h
 *		The search_path that is kept with an attached table.
 *
 * Triggers, defaults, constraints and index expressions of a table are written for the search_path of the
 * applications that write to it.  It is that of the session that attached the table, and is set while the table's code
 * runs.  Statements of ours do not depend on it.
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

/* Set a search_path that te_table_path_check() returned, in a GUC nest level of the caller's. */
extern void te_table_path_set(const char *search_path);

#endif							/* TE_PG_TABLE_PATH_H */
