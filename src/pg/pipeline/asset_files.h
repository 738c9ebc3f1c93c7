/*
 * asset_files.h
 *		Checks the files of an asset: its image and its thumbnails.
 */
#ifndef TE_PG_ASSET_FILES_H
#define TE_PG_ASSET_FILES_H

#include "postgres.h"

#include "staleness.h"

/*
 * te_stale_parts() after checking both files, in bulk; 0 while the image's root is held off.  ERROR on trouble of the server,
 * as te_asset_files_check_thumbnail().
 */
extern int	te_stale_parts_by_files(TeAsset *asset, const TeSettings *settings, int parts);

/*
 * Set thumbnail_lost: true if the thumbnail that the state names (also one made by another server or database), or one of
 * its other sizes, is absent below thumbnail_dir, empty or of another length than when it was made.  False unless "parts"
 * has the thumbnail.  ERROR if it cannot be determined, because the folder may not be mounted.  Inside SPI.
 */
extern void te_asset_files_check_thumbnail(TeAsset *asset, int parts);

/*
 * The name of the file beneath the folder of this table (of any database) in thumbnail_dir that the row names, as a state's "file";
 * palloc'd.  NULL if it names none such.  It need not exist.  Folders of former shards are the table's, too (shard_folder.h).
 */
extern char *te_asset_files_own_name(const TeAsset *asset);

/* Is it such a name, and in the folder of a former shard?  Then rows on other nodes may name the file, too. */
extern bool te_asset_files_is_of_former_shard(const TeAsset *asset);

#endif							/* TE_PG_ASSET_FILES_H */
