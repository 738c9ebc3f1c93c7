/*
 * store_sweep.h
 *		Finding and removing thumbnail files that nothing names any more, and those of dropped databases.
 *		Private to clean.
 */
#ifndef TE_PG_STORE_SWEEP_H
#define TE_PG_STORE_SWEEP_H

#include "postgres.h"

#include <dirent.h>

/*
 * Sweep an attachment's part of a database's folder: remove (or, in a dry run, only count)
 * files that neither a state nor the removal table names in the active
 * snapshot, and that were written by transactions below "horizon", which are all over.
 * Names that we do not give are left alone.  Inside SPI, with the extension's
 * rights.  Returns how many.  ERROR with a hint on the server's trouble.
 */
extern int64 te_store_sweep(const char *folder, int attachment, uint64 horizon, bool dry_run);

/* Remove the empty folders beneath one of an attachment ("<folder>/<attachment>"), and itself.  True if nothing is left. */
extern bool te_store_remove_folders(const char *top);

/*
 * The folders of dropped databases beneath thumbnail_dir, as far as this server's markers are in them: remove, or only
 * count, all thumbnails in them.  Names that we do not give are left alone, and so are their folders, and with a WARNING
 * those of databases that this one was made from.  Returns how many files.  ERROR with a hint on the server's trouble.
 */
extern int64 te_store_clean_dropped(bool dry_run);

/* Are there such folders? */
extern bool te_store_any_dropped(void);

/* --- for both */

/* A folder beneath thumbnail_dir ("." for itself), to be read; NULL if there is none of ours.  ERROR on other trouble. */
extern DIR *te_store_open_folder(const char *path);

/* Call a function for each folder "<top>/ab/cd" that there is. */
extern void te_store_each_leaf(const char *top, void (*leaf) (const char *path, void *arg), void *arg);

#endif							/* TE_PG_STORE_SWEEP_H */
