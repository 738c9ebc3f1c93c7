/*
 * upload_store.h
 *		Writing originals that were uploaded, in step with transactions.
 *
 * The path of a file is <upload_dir>/<2 hex>/<2 hex>/<SHA-256 of its content>.<suffix>: the same picture is stored once.  Files
 * that this transaction has created are unlinked if it rolls back; once it is committed they are the user's, and nothing here removes
 * them.
 */
#ifndef TE_PG_UPLOAD_STORE_H
#define TE_PG_UPLOAD_STORE_H

#include "postgres.h"

/* ERROR with a hint unless upload_dir is set and lies beneath an image root. */
extern void te_upload_check(void);

/*
 * Store an original unless there is such a file: temporary name, write, fsync, rename, fsync of the folders.  Waits until no other
 * transaction stores the same one, and keeps others waiting until the end of this.  Returns the palloc'd absolute path.
 * ERROR with a hint for problems of the server.
 */
extern char *te_upload_write(const void *data, Size size, const char *suffix);

#endif							/* TE_PG_UPLOAD_STORE_H */
