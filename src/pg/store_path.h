/*
 * store_path.h
 *		Names of thumbnail files and folders, and how they are reached.
 *
 * Private to the store and to clean.  The "base" is thumbnail_dir.  Everything below it is opened with
 * openat2 beneath the base's descriptor and through no symbolic link, so nothing that
 * somebody plants there leads out.  Paths are relative to the base and begin with the
 * folder of a database (store_folder.h).  Nothing here throws unless it says so: descriptors are
 * open in between.  -1 with errno is trouble.
 */
#ifndef TE_PG_STORE_PATH_H
#define TE_PG_STORE_PATH_H

#include "postgres.h"

#include "compat.h"

#define TE_STORE_NAME	128		/* longest name, with its NUL */
#define TE_FOLDER_NAME	32		/* longest name of a database's folder, with its NUL */
#define TE_FOLDER_PATH	64		/* the same of "<folder>/<attachment>/ab/cd" */

/* The suffix of a file that is still being written. */
#define TE_STORE_TEMPORARY	"part"

/*
 * A new name, "ab/cd/<id>-<xid>-<random>.": the caller appends the suffix (8 bytes are left
 * for it).  Throws if there are no random numbers, and for an id that no key has.
 */
extern void te_store_new_name(char name[TE_STORE_NAME], const char *id, uint64 xid);

/* Is it a file name (behind the last slash) of ours?  Then the transaction that made it. */
extern bool te_store_parse(const char *file, uint64 *xid);

/* Is it a whole name of ours, "ab/cd/..."? */
extern bool te_store_is_name(const char *name);

/* The name of thumbnail_dir as it is written in paths and in our table, palloc'd.  Throws. */
extern char *te_store_dir(void);

/* thumbnail_dir, O_PATH.  It is never created. */
extern int	te_store_open_base(void);

/* Open something beneath a folder.  mode is for O_CREAT, and umask does not matter. */
extern int	te_store_open(int folder, const char *path, int flags, mode_t mode);

/* A folder beneath another one, O_PATH, created with its parents if it must be. */
extern int	te_store_make_folder(int top, const char *path);

/* fsync a folder beneath another one ("." is that one itself).  0 or an errno. */
extern int	te_store_sync_folder(int top, const char *path);

/* close() that leaves errno alone. */
extern void te_store_close(int fd);

/*
 * Does an errno say that there is nothing of ours, be it that nothing is there or
 * what somebody else has put there (such as a symbolic link)?
 */
extern bool te_store_is_absence(int err);

/* Unlink a file in a database's folder.  1 = done, 0 = it was not there (or no name of ours). */
extern int	te_store_unlink(int base, const char *folder, int attachment, const char *name);

/* ERROR with a hint for an errno. */
pg_noreturn extern void te_store_throw(int err);

#endif							/* TE_PG_STORE_PATH_H */
