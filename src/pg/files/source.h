/*
 * source.h
 *		The descriptor that a decoder reads an image from: of a file beneath the roots, or of a bytea in memory.
 */
#ifndef TE_PG_SOURCE_H
#define TE_PG_SOURCE_H

#include "postgres.h"

#include "opener.h"
#include "wire/status.h"

/* Number of files that bulk work requests before it waits for the first: of which it reads all, and only the start. */
#define TE_SOURCE_AHEAD 8
#define TE_SOURCE_AHEAD_SMALL 32

typedef struct TeSource
{
	int			fd;				/* counted by AcquireExternalFD(), closed at the latest by the end of the transaction; -1 if none */
	int64		size_bytes;
	int64		mtime_ns;		/* since 1970 */
	int			sidecar_fd;		/* as fd: of the file with XMP beside it; -1 if there is none to be read */
	int64		sidecar_bytes;
	int64		sidecar;		/* a hash of what it is like; 0 if there is none */
	const char *sidecar_error;	/* why it is not read, a constant; NULL if it is */
	bool		sidecar_known;	/* it was looked for, and the file was opened */
	TeStatus	status;			/* TE_OK, or why there is no fd: MISSING, DENIED, EMPTY, FILE_TOO_LARGE, IN_USE, IO_ERROR */
	TeRoot	   *trouble;		/* its root, if that is in trouble and nothing is known about the file */
	TeOpening  *opening;		/* the request, until te_source_wait() */
	bool		bulk;
} TeSource;

#define TE_ASK_READ		0x01	/* want a descriptor, not only status, size and mtime */
#define TE_ASK_BULK		0x02	/* skip all roots that are held off; te_root_end() reports them */
#define TE_ASK_AHEAD	0x04	/* the file will be read soon: read it ahead */
#define TE_ASK_START	0x08	/* with TE_ASK_AHEAD: only its start */
#define TE_ASK_SIDECAR	0x10	/* also its sidecar, if thumbexif.sidecars is on; otherwise it counts as having none */

/*
 * Request the regular file that a path leads to, only beneath thumbexif.image_roots (openat2).  The bytes of the path
 * are not converted.  False if no descriptor is left.  The request is allocated in the current memory context; *source
 * must not move before te_source_wait() or te_source_close().
 */
extern bool te_source_request(const char *path, int flags, TeSource *source);

/* Send the requests, which otherwise wait for each other until te_source_wait(). */
extern void te_source_send(void);

/*
 * Wait for the requested file.  Problems of the file are returned as status, those of its root as "trouble"; problems of
 * the server (no descriptor left) are an ERROR.  Size and mtime are set whenever the file could be opened, also for
 * TE_EMPTY and TE_FILE_TOO_LARGE.
 */
extern void te_source_wait(TeSource *source);

/* Request a file to read (flags: TE_ASK_SIDECAR or 0) and wait for it.  ERROR if its root is in trouble. */
extern void te_source_open(const char *path, int flags, TeSource *source);

/* Hand the sidecar over to a task, which closes it, and tell its size; 0 and -1 if there is none. */
extern int64 te_source_take_sidecar(TeSource *source, int *fd);

/* Close the sidecar, which is not needed. */
extern void te_source_drop_sidecar(TeSource *source);

/* Get status, size, mtime and sidecars of some files, in bulk. */
extern void te_source_check_files(const char *const *paths, int count, TeSource *sources);

/* Does the path lie beneath a root that is held off in bulk? */
extern bool te_source_is_held(const char *path);

/* ERROR that no file descriptor is left. */
pg_noreturn extern void te_source_no_descriptor(void);

/* Copy an image to a sealed memfd.  Problems of the server are an ERROR. */
extern void te_source_from_bytes(const void *data, Size length, TeSource *source);

/* Drop the request, and close the descriptor unless the end of the transaction has closed it. */
extern void te_source_close(TeSource *source);

#endif							/* TE_PG_SOURCE_H */
