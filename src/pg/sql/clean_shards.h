/*
 * clean_shards.h
 *		Removing thumbnails in folders of former shards, for thumbexif_clean() and thumbexif_clean_dropped().
 */
#ifndef TE_PG_CLEAN_SHARDS_H
#define TE_PG_CLEAN_SHARDS_H

#include "postgres.h"

/*
 * On the coordinator of a Citus cluster: remove, or in a dry run only count, files in the folders of former shards that no row of the
 * table names, on whichever node, and all files of the shards of tables that were dropped, unless these were partitioned.  On all nodes, forget folders that are empty.  Returns the number
 * of files.  Inside SPI, with the extension's rights.
 */
extern int64 te_clean_shards(bool dry_run);

/* The same for shards of tables that were dropped by functions, or were partitioned, so that rows of other tables might name the files. */
extern int64 te_clean_dropped_shards(bool dry_run);

/* Are there any? */
extern bool te_clean_any_dropped_shard(void);

#endif							/* TE_PG_CLEAN_SHARDS_H */
