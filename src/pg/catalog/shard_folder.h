/*
 * shard_folder.h
 *		The shards that an attached table of Citus has or had: their numbers name folders of thumbnails.
 *
 * When a shard is split, or its table converted, the rows are copied into shards with other numbers, or into a table without shards, and
 * go on naming files in the folder of the former shard.  The rows may be on several nodes then, so no node can tell which of these
 * files are wanted: one is removed when the state that names it drops it, or by thumbexif_clean() on the coordinator.
 */
#ifndef TE_PG_SHARD_FOLDER_H
#define TE_PG_SHARD_FOLDER_H

#include "postgres.h"

#include "attachment.h"

/* Note the shards that a table of Citus has now; those that it has no more are former ones from then on.  Inside SPI. */
extern void te_shard_folders_update(const TeAttachment *table);

/* Has this relation shards, or had it?  Inside SPI. */
extern bool te_shard_folders_exist(Oid relation);

/* Is this the number of a former shard of the table?  Needs no SPI connection. */
extern bool te_shard_folder_is_former(const TeAttachment *attachment, int64 shard);

/* The former shards (List of int) of one relation, or with InvalidOid of all.  Needs no SPI connection. */
extern List *te_shard_folders_former(Oid relation);

/* All shards that one relation has or had.  Needs no SPI connection. */
extern List *te_shard_folders_of(Oid relation);

/* Note former shards, as the text of an array, of which another node has told.  Inside SPI. */
extern void te_shard_folders_add_former(Oid relation, const char *shards);

/* Another relation has taken the place of one, whose shards are its former ones.  Inside SPI. */
extern void te_shard_folders_give(Oid from, Oid to);

/*
 * The user has dropped the table: thumbexif_clean() empties the folders of its shards.  Those of a partitioned table stay unless "shared_too": tables
 * that were partitions of it may live on, with rows that name files there.  Inside SPI.
 */
extern void te_shard_folders_drop(Oid relation, bool shared_too);

/* The table was dropped, and the coordinator cares for its files.  Inside SPI. */
extern void te_shard_folders_forget(Oid relation);

/* Nothing is left in the folder of a former shard.  Inside SPI. */
extern void te_shard_folder_forget(int shard);

#endif							/* TE_PG_SHARD_FOLDER_H */
