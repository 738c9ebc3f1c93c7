/*
 * source.h
 *		Where image bytes come from: a path beneath the roots, or a bytea.
 */
#ifndef TE_PG_SOURCE_H
#define TE_PG_SOURCE_H

#include "postgres.h"

#include "wire/status.h"

typedef struct TeSource
{
	int			fd;				/* counted by AcquireExternalFD; the caller, the pool or the transaction's end closes it; -1 if none */
	int64		size;			/* bytes */
	int64		mtime;			/* nanoseconds since 1970 */
	TeStatus	status;			/* TE_OK, or why there is no fd: MISSING, DENIED, EMPTY, FILE_TOO_LARGE, IO_ERROR */
} TeSource;

/*
 * Open the regular file a path leads to, beneath thumbexif.image_roots and
 * nowhere else (openat2).  Never blocks on a FIFO.  What is wrong with the file is
 * the status; what is wrong with the server (no root set, root gone, no
 * descriptor left) is an ERROR.  The path's bytes are taken as they are.  size and mtime are filled whenever the file
 * could be opened, also for EMPTY and FILE_TOO_LARGE.
 */
extern void te_source_open(const char *path, TeSource *source);

/* An image in memory, as a sealed memfd.  Throws on the server's trouble. */
extern void te_source_from_bytes(const void *data, Size length, TeSource *source);

/* Close the descriptor, if there is one and the transaction's end has not done it, and count it off (ReleaseExternalFD). */
extern void te_source_close(TeSource *source);

/* The descriptor is another's to close from now on.  Never throws. */
extern void te_source_hand_over(int fd);

#endif							/* TE_PG_SOURCE_H */
