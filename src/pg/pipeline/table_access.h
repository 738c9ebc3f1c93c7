/*
 * table_access.h
 *		May a run work on a table, as this user and with these settings?
 */
#ifndef TE_PG_TABLE_ACCESS_H
#define TE_PG_TABLE_ACCESS_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

/*
 * The attachment to work on: ERROR unless the caller has its owner's rights and the owner's
 * statements see all rows; and, unless it is a dry run, if thumbnails cannot be stored.
 */
extern TeAttachment *te_table_access(Oid relation, int parts, bool dry_run);

#endif							/* TE_PG_TABLE_ACCESS_H */
