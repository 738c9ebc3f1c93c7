/*
 * thumbnail_store.h
 *		Thumbnail files: writing them so that a commit means a complete file,
 *		and removing them only once nothing can need them.
 *
 * A file lies at
 *		<thumbnail_dir>/<folder>/<attachment>/<2 hex>/<2 hex>/<id>-<xid>-<random>.<ext>
 * where the folder is the database's (thumbnail_folder.h).  In the state table it is named by what follows <attachment>/ ("ab/cd/42-...jpg"): a "name" below.
 */
#ifndef TE_PG_THUMBNAIL_STORE_H
#define TE_PG_THUMBNAIL_STORE_H

#include "postgres.h"

/*
 * A thumbnail into its file, under its final name: temporary name, write, fsync,
 * rename.  Must run in a transaction (gets its id).  The file is removed again if
 * the current (sub)transaction rolls back.  The directories are not yet synced:
 * te_thumbnail_sync() must follow before the commit.  Palloc'd name, and the absolute path as it goes into
 * thumbnail_path; ERROR (with a hint) on the server's trouble: no thumbnail_dir, not mounted, full, read-only.
 */
extern char *te_thumbnail_write(int attachment, const char *id, int format,
							const void *data, Size length, char **path);

/* fsync every directory that te_thumbnail_write touched since the last call. */
extern void te_thumbnail_sync(void);

/* A file that is no longer wanted: into the removal table, in this transaction. */
extern void te_thumbnail_discard(int attachment, const char *name);

/*
 * Unlink what the removal table lists of transactions that are committed and flushed, where it is in a folder of this
 * database's.  While it cannot be told which that is, all stays listed, with a WARNING when that begins.  Own short
 * transaction of the caller's.  Ends after most_ms, with one entry at least; 0 = with the last.  Returns how many are dealt
 * with, and in *unlinked, unless that is NULL, adds the files: a copy of a database lists what is only its origin's.
 */
extern int64 te_thumbnail_empty_removals(int most_ms, int64 *unlinked);

/* Is there a folder for an attachment of this number, as a dropped extension leaves it? */
extern bool te_thumbnail_has_folder(int attachment);

/* ERROR with a hint unless thumbnail_dir is set, can be written to and has not lost this database's folder. */
extern void te_thumbnail_check(void);

/* ERROR with a hint unless thumbnail_dir is set. */
extern void te_thumbnail_check_is_set(void);

#endif							/* TE_PG_THUMBNAIL_STORE_H */
