/*
 * thumbnail_sweep.h
 *		Removing thumbnail files that nothing refers to, and those of dropped databases, for thumbexif_clean().
 */
#ifndef TE_PG_THUMBNAIL_SWEEP_H
#define TE_PG_THUMBNAIL_SWEEP_H

#include "postgres.h"

#include <dirent.h>

#include "pg/catalog/attachment.h"

/* Set keep[i] for those of the files (names below the folder of attached tables, which has this number: TeAttachment) that are not to be removed.  Inside SPI. */
typedef void (*TeKeepFiles) (int folder, char **names, int count, bool *keep);

/*
 * Sweep the folder of an attachment: remove, or in a dry run only count, the files that neither a state nor the removal
 * table names in the active snapshot, that were created by transactions below "horizon", which have all ended, and that "keep" does not keep.  Files
 * with other names than ours are left alone.  Inside SPI, with the extension's rights.  Returns the number of files.
 * ERROR with a hint for problems of the server.
 */
extern int64 te_thumbnail_sweep(const char *folder, int attachment, uint64 horizon, TeKeepFiles keep, bool dry_run);

/*
 * The same for the folder of a shard, in that of the cluster.  Its rows may name files that its states do not name yet, since another
 * node has made them: "keep" keeps these.
 */
extern int64 te_thumbnail_sweep_shard(const TeAttachment *shard, uint64 horizon, TeKeepFiles keep, bool dry_run);

/*
 * The same for the folder of a shard (its number) that no node has any more, in that of the cluster.  All transactions that wrote files there have
 * ended.
 */
extern int64 te_thumbnail_sweep_former(int shard, TeKeepFiles keep, bool dry_run);

/* Remove the folder of an attachment ("<folder>/<attachment>") and its subfolders, as far as they are empty.  True if it is gone. */
extern bool te_thumbnail_remove_folders(const char *top);

/*
 * Remove, or in a dry run only count, all thumbnails of dropped databases in folders with this server's marker.  Files
 * with other names than ours are left alone, and with a WARNING the folders of databases that this one was copied from.
 * Returns the number of files.  ERROR with a hint for problems of the server.
 */
extern int64 te_thumbnail_clean_dropped(bool dry_run);

/* Is there such a folder? */
extern bool te_thumbnail_any_dropped(void);

/* --- for both source files */

/* Open a folder beneath thumbnail_dir ("." for itself) to read it.  NULL if there is none of ours; ERROR for other problems. */
extern DIR *te_thumbnail_open_folder(const char *path);

/* Call a function for each existing folder "<top>/ab/cd". */
extern void te_thumbnail_each_leaf(const char *top, void (*leaf) (const char *path, void *arg), void *arg);

#endif							/* TE_PG_THUMBNAIL_SWEEP_H */
