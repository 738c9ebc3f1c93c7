/*
 * thumbnail_store.h
 *		Writing and removing thumbnail files in step with transactions.
 *
 * The path of a file is
 *		<thumbnail_dir>/<folder>/<attachment>/<2 hex>/<2 hex>/<id>-<xid>-<random>.<ext>
 * where <folder> is the database's (thumbnail_folder.h).  Below, a "name" is the part after <attachment>/, by which the
 * state table refers to the file.
 */
#ifndef TE_PG_THUMBNAIL_STORE_H
#define TE_PG_THUMBNAIL_STORE_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Write a thumbnail to a file of its own: temporary name, write, fsync, rename.  Assigns a transaction id.  The file is
 * unlinked if the current (sub)transaction rolls back.  Its folder is not yet synced: te_thumbnail_sync() must be called
 * before the commit.  Returns the palloc'd name, and in *path the absolute path for the column thumbnail_path.  ERROR
 * with a hint for problems of the server: thumbnail_dir is not set, not mounted, full or read-only.
 */
extern char *te_thumbnail_write(int attachment, const char *id, int format,
								const void *data, Size size, char **path);

/* fsync the folders of all files written since the last call. */
extern void te_thumbnail_sync(void);

/*
 * List a file for removal, in this transaction.  One that was replaced is kept for thumbexif.keep_replaced; others, which no
 * committed row names, are not.
 */
extern void te_thumbnail_discard(int attachment, const char *name, bool replaced);

/*
 * Unlink files that committed and flushed transactions have listed, except those that are still kept, if they are in a folder
 * of this database.  While
 * that folder cannot be determined, nothing is unlinked, with a WARNING when this begins.  To be called in a short
 * transaction.  Ends after limit_ms, but processes at least one entry; 0 = no limit.  Returns the number of entries that
 * were processed, and adds to *unlinked, unless that is NULL, the number of files that were unlinked, which is lower if
 * the database is a copy.
 */
extern int64 te_thumbnail_process_removals(int limit_ms, int64 *unlinked);

/*
 * Write a new file into an open folder under a temporary name, sync it and rename it.  0 or an errno; after a failure
 * there is no file.  Does not throw.
 */
extern int	te_file_write_new(int folder, const char *temporary, const char *final, const char *data, Size size);

/* When is the next listed file to be unlinked?  0 = none is listed.  Inside SPI. */
extern TimestampTz te_thumbnail_next_removal(void);

/* The number of listed files that are to be unlinked now, in the active snapshot.  Inside SPI. */
extern int64 te_thumbnail_count_removals(void);

/* The folder was full when a thumbnail was written last: until there is room, replaced files are not kept. */
extern bool te_thumbnail_is_full(void);

/* Does a folder for an attachment of this number exist?  A dropped extension leaves its folders. */
extern bool te_thumbnail_has_folder(int attachment);

/* ERROR with a hint unless thumbnail_dir is set and writable and this database's folder is not lost. */
extern void te_thumbnail_check(void);

/* ERROR with a hint unless thumbnail_dir is set. */
extern void te_thumbnail_check_is_set(void);

#endif							/* TE_PG_THUMBNAIL_STORE_H */
