/*
 * thumbnail_read.h
 *		Reading a thumbnail file.
 */
#ifndef TE_PG_THUMBNAIL_READ_H
#define TE_PG_THUMBNAIL_READ_H

#include "postgres.h"

/*
 * The bytes of a thumbnail of an attachment, palloc'd, by its name in our state (thumbnail_store.h).  NULL if there is no
 * such file in thumbnail_dir.  "size" is that of the file when it was made, or -1: ERROR if it has another one now.  ERROR
 * with a hint for problems of the server.  Changes nothing, and works on a standby.
 */
extern bytea *te_thumbnail_read(int attachment, const char *name, int64 size);

/* The same, but NULL also if the file has another size, or more bytes than a value can have. */
extern bytea *te_thumbnail_read_whole(int attachment, const char *name, int64 size);

#endif							/* TE_PG_THUMBNAIL_READ_H */
