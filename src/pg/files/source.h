/*
 * source.h
 *		Where image bytes come from: a path beneath the roots, or a bytea.
 */
#ifndef TE_PG_SOURCE_H
#define TE_PG_SOURCE_H

#include "postgres.h"

#include "opener.h"
#include "wire/status.h"

/* Files to ask for before the first is waited for. */
#define TE_SOURCE_AHEAD 8

typedef struct TeSource
{
	int			fd;				/* counted by AcquireExternalFD; the caller, the pool or the transaction's end closes it; -1 if none */
	int64		size;			/* bytes */
	int64		mtime;			/* nanoseconds since 1970 */
	TeStatus	status;			/* TE_OK, or why there is no fd: MISSING, DENIED, EMPTY, FILE_TOO_LARGE, IN_USE, IO_ERROR */
	TeRoot	   *trouble;		/* its root is in trouble, and nothing is known of the file; NULL = no */
	TeOpening  *opening;		/* asked for and not yet waited for */
	bool		bulk;
} TeSource;

#define TE_ASK_READ		0x01	/* for a descriptor; otherwise only for status, size and mtime */
#define TE_ASK_BULK		0x02	/* leave alone all roots that are held off; te_root_end() tells of them */

/*
 * Ask for the regular file a path leads to, beneath thumbexif.image_roots and
 * nowhere else (openat2).  The path's bytes are taken as they are.  False if no descriptor is left to open it with.
 * The source stays where it is, and what it has is allocated in the current memory context, until it has been waited for or closed.
 */
extern bool te_source_ask(const char *path, int flags, TeSource *source);

/*
 * The same, and wait.  What is wrong with the file is the status, with its root is "trouble"; what is wrong with the server (no
 * descriptor left) is an ERROR.  size and mtime are filled whenever the file
 * could be opened, also for EMPTY and FILE_TOO_LARGE.
 */
extern void te_source_wait(TeSource *source);

/* Ask for a file to read, wait for it; ERROR if its root is in trouble. */
extern void te_source_open(const char *path, TeSource *source);

/* Look what some files are like, in bulk. */
extern void te_source_look(const char *const *paths, int count, TeSource *sources);

/* Does the path lie beneath a root that is held off in bulk? */
extern bool te_source_is_held(const char *path);

/* The ERROR that no descriptor is left to open an image with. */
pg_noreturn extern void te_source_no_descriptor(void);

/* An image in memory, as a sealed memfd.  Throws on the server's trouble. */
extern void te_source_from_bytes(const void *data, Size length, TeSource *source);

/* Close the descriptor, if there is one and the transaction's end has not done it, and count it off (ReleaseExternalFD). */
extern void te_source_close(TeSource *source);

#endif							/* TE_PG_SOURCE_H */
