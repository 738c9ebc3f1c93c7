/*
 * root_watch.h
 *		Is a root folder really there, or has its mount gone?
 *
 * A file that is not found says nothing as long as its root may be an
 * unmounted mount point.  A root counts as gone if it cannot be opened, if its
 * file system fails (ESTALE, EIO, ENOTCONN), if it is empty, or if it lies on another
 * device than the one on which files were last found beneath it.  That device is
 * kept in the table thumbexif_root.
 */
#ifndef TE_PG_ROOT_WATCH_H
#define TE_PG_ROOT_WATCH_H

#include "postgres.h"

#include "compat.h"

/*
 * A file beneath this root was not found: ERROR if the root counts as gone.  Call it
 * before such a file is said to be missing.  root_fd: the root, opened (O_PATH will do).
 * Reads the table if called in a transaction.
 */
extern void te_root_check(const char *root, int root_fd);

/* A file was found beneath this root.  Costs one fstat; never throws. */
extern void te_root_found(const char *root, int root_fd);

/*
 * Write down the devices te_root_found has met since the last call, in the
 * current transaction and with the extension's rights.  Costs nothing if there are none.
 */
extern void te_root_save(void);

/* The ERROR for a root that cannot be opened; err is the errno. */
pg_noreturn extern void te_root_gone(const char *root, int err);

#endif							/* TE_PG_ROOT_WATCH_H */
