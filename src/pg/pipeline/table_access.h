/*
 * table_access.h
 *		Checks that the caller may process the assets of a table, and that the settings allow it.
 */
#ifndef TE_PG_TABLE_ACCESS_H
#define TE_PG_TABLE_ACCESS_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

/*
 * The attachment of a table.  ERROR unless the caller has the owner's rights and the owner's statements see all rows, and,
 * unless it is a dry run, if thumbnails cannot be stored.
 */
extern TeAttachment *te_table_access(Oid relation, int parts, bool dry_run);

#endif							/* TE_PG_TABLE_ACCESS_H */
