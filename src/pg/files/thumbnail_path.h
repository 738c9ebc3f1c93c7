/*
 * thumbnail_path.h
 *		Names of thumbnail files, and file operations beneath thumbnail_dir.
 *
 * The "base" is thumbnail_dir.  Everything beneath it is opened by openat2 relative to the descriptor of the base and
 * without following symbolic links, so that no link that another user creates there leads out of it.  Paths are
 * relative to the base and begin with the folder of a database (thumbnail_folder.h).  Functions throw only if that is
 * noted, since callers have descriptors open; they return -1 and set errno.
 */
#ifndef TE_PG_THUMBNAIL_PATH_H
#define TE_PG_THUMBNAIL_PATH_H

#include "postgres.h"

#include "pg/compat.h"

#define TE_THUMBNAIL_NAME_SIZE	128 /* of a name, with NUL */
#define TE_FOLDER_NAME_SIZE		40	/* of the name of a database's or a cluster's folder, with NUL */
#define TE_FOLDER_PATH_SIZE		72	/* of "<folder>/<attachment>/ab/cd", with NUL */

/* The suffix of a file that is being written. */
#define TE_THUMBNAIL_TEMPORARY	"part"

/*
 * A new name, "ab/cd/<id>-<xid>-<random>.", to which the caller appends a suffix of up to 7 bytes.  Throws if no random
 * number can be generated.
 */
extern void te_thumbnail_new_name(char name[TE_THUMBNAIL_NAME_SIZE], const char *id, uint64 xid);

/* The most characters that the path of a thumbnail can have, for ids of that length. */
extern int	te_thumbnail_path_length(int id_length);

/* Parse the last component of a name.  False if it is not one of ours.  *xid is the transaction that created it. */
extern bool te_thumbnail_parse(const char *file, uint64 *xid);

/* Is it a whole name of ours, "ab/cd/..."? */
extern bool te_thumbnail_is_name(const char *name);

/* The canonical path of thumbnail_dir, as used in paths and in our table, palloc'd.  Throws. */
extern char *te_thumbnail_base_path(void);

/* Open thumbnail_dir, O_PATH.  Never creates it. */
extern int	te_thumbnail_open_base(void);

/* Open a file or folder beneath a folder.  "mode" is for O_CREAT and is not masked by umask. */
extern int	te_thumbnail_open(int folder, const char *path, int flags, mode_t mode);

/* Open a folder beneath another one, O_PATH, and create it with its parents if needed. */
extern int	te_thumbnail_make_folder(int top, const char *path);

/* fsync a folder beneath another one, or with "." that one.  0 or an errno. */
extern int	te_thumbnail_sync_folder(int top, const char *path);

/* close() that preserves errno. */
extern void te_thumbnail_close(int fd);

/* Does this errno mean that there is no file of ours: nothing, or something else such as a symbolic link? */
extern bool te_thumbnail_is_absence(int err);

/* Unlink a file in a database's folder.  1 if done, 0 if there was none or if the name is not one of ours. */
extern int	te_thumbnail_unlink(int base, const char *folder, int attachment, const char *name);

/* ERROR with a hint for the errno of an operation in thumbnail_dir. */
pg_noreturn extern void te_thumbnail_io_failed(int err);

/* Was the file of this name, which is one of ours, made for an asset with this id? */
extern bool te_thumbnail_is_of(const char *name, const char *id);

#endif							/* TE_PG_THUMBNAIL_PATH_H */
