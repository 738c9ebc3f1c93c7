/*
 * tables.h
 *		What is known of an attached table: its columns, its search_path, its rows that wait.
 */
#ifndef TE_PG_TABLES_H
#define TE_PG_TABLES_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/relcache.h"

#include "pg/catalog/attachment.h"

/* Report by a NOTICE what thumbexif_attach() has made of a table, which is open and locked.  Inside SPI. */
extern void te_tables_report(Relation relation);

/* Are numbers of a table shown to the current user?  To pg_monitor, of which superusers are, those of all tables. */
extern bool te_tables_may_count(Oid relation);

/*
 * The body of a set-returning function: the rows of a query for each attached table all of whose rows the current user may see,
 * run as the extension.  "query" returns its text.
 */
extern Datum te_tables_put_rows(FunctionCallInfo fcinfo, char *(*query) (const TeAttachment *attachment));

#endif							/* TE_PG_TABLES_H */
