/*
 * opener.h
 *		Opening image files through the opener process of this session.
 *
 * A backend or worker has at most one opener.  It is started on demand, kept, and ended like a decoder after it was idle
 * for some time.  It opens one file after the other; callers that have several files ask for some ahead before they
 * wait for the first, which hides most of the latency.
 *
 * An opener that does not reply within te_root_timeout_ms() is killed.  All requests beneath the same root are then
 * answered with timed_out; the other ones go to a new opener.  Requests of a transaction or subtransaction are
 * dropped when it rolls back.
 */
#ifndef TE_PG_OPENER_H
#define TE_PG_OPENER_H

#include "postgres.h"

#include "lib/ilist.h"

#include "root_check.h"
#include "wire/opening.h"

/* A request for one file.  The caller allocates it, zeroed, and keeps it until it is dropped or rolled back. */
typedef struct TeOpening
{
	TeRoot	   *root;
	char	   *path;			/* below the root; shorter than TE_OPEN_MAX_PATH */
	bool		want_fd;		/* a descriptor is wanted, and counted while this is true */
	bool		want_sidecar;	/* the sidecar, too; its descriptor, if it has one, is counted when it has come */
	uint32		read_ahead;		/* bytes at the start of the file that will be read soon */
	uint32		list;			/* 0 = a file; TE_OPEN_LIST and more = the files beneath the folder "path"; TE_OPEN_DATA = bytes
								 * of a thumbnail */
	char	   *list_buffer;	/* TE_OPEN_MAX_LIST bytes, for their paths or for these bytes */
	uint64		offset;			/* of the first of these */

	/* set by te_opener_wait() */
	bool		timed_out;		/* there is no reply */
	TeOpenReply reply;
	int			fd;				/* -1 if none */
	int			sidecar_fd;		/* -1 if none */
	bool		sidecar_lost;	/* no file descriptor was left for it */

	/* private */
	dlist_node	node;
	bool		listed;
	bool		sent;
	bool		answered;
	uint32		number;
	int			level;			/* transaction nest level */
} TeOpening;

/*
 * Ask for a file without waiting.  False if no file descriptor is left.  The request waits for others, to be sent together,
 * until te_opener_wait() or te_opener_send() is called.
 */
extern bool te_opener_request(TeOpening *opening);
extern void te_opener_send(void);

/* Wait for the reply.  Throws on an interrupt, and if no opener can be started. */
extern void te_opener_wait(TeOpening *opening);

/* Hand the descriptors of the reply over to the caller, who closes them and calls ReleaseExternalFD() for each. */
extern int	te_opener_take(TeOpening *opening, int *sidecar_fd);

/* Drop a request, answered or not.  Never throws; may be repeated. */
extern void te_opener_drop(TeOpening *opening);

#endif							/* TE_PG_OPENER_H */
