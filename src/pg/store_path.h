/*
 * store_path.h
 *		Names of thumbnail files and folders, and how they are reached.
 *
 * Private to the store and to clean.  The "root" is the folder of our own
 * database, <thumbnail_dir>/<database oid>.  Everything below it is opened with
 * openat2 beneath the root's descriptor and through no symbolic link, so nothing that
 * somebody plants there leads out.  Nothing here throws unless it says so: descriptors are
 * open in between.  -1 with errno is trouble.
 */
#ifndef TE_PG_STORE_PATH_H
#define TE_PG_STORE_PATH_H

#include "postgres.h"

#include "compat.h"

#define TE_STORE_NAME	128		/* longest name, with its NUL */

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

/* The root, O_PATH.  Created if it must be; thumbnail_dir itself never is. */
extern int	te_store_open_root(bool create);

/* Open something beneath a folder.  mode is for O_CREAT, and umask does not matter. */
extern int	te_store_open(int folder, const char *path, int flags, mode_t mode);

/* A folder beneath the root, O_PATH, created with its parents if it must be. */
extern int	te_store_make_folder(int root, const char *path);

/*
 * Does an errno say that there is nothing of ours, be it that nothing is there or
 * what somebody else has put there (such as a symbolic link)?
 */
extern bool te_store_is_absence(int err);

/* Unlink a file beneath the root.  1 = done, 0 = it was not there (or no name of ours). */
extern int	te_store_unlink(int root, int attachment, const char *name);

/* ERROR with a hint for an errno. */
pg_noreturn extern void te_store_throw(int err);

#endif							/* TE_PG_STORE_PATH_H */
