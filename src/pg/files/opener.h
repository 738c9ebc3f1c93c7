/*
 * opener.h
 *		This process's opener: files that it has been asked for.
 *
 * There is one opener in a backend or worker, started when it is needed, kept, and ended like an idle decoder
 * when it has rested for long.  It opens one file after the other.  Who asks for several before waiting
 * for the first saves most of the time that it takes.
 *
 * One that does not answer within te_root_patience() is killed, and all that was asked of the same root is
 * answered so; what was asked of others goes to a new one.  What a transaction or
 * subtransaction asked for is forgotten when it is rolled back.
 */
#ifndef TE_PG_OPENER_H
#define TE_PG_OPENER_H

#include "postgres.h"

#include "lib/ilist.h"

#include "root_check.h"
#include "wire/opening.h"

/* One file.  The caller allocates it, zeroed, and keeps it until it has been dropped or the rollback. */
typedef struct TeOpening
{
	TeRoot	   *root;
	char	   *path;			/* below the root; shorter than TE_OPEN_MAX_PATH */
	bool		reading;		/* a descriptor is wanted: one is counted as long as this is */

	/* the answer, after te_opener_wait */
	bool		hangs;			/* there was none */
	TeOpenReply	reply;
	int			fd;				/* -1 if there is none */

	/* private */
	dlist_node	node;
	bool		listed;
	bool		sent;
	bool		answered;
	uint32		number;
	int			level;			/* of transactions */
} TeOpening;

/* Ask for a file, and do not wait.  False if there is no descriptor left for it. */
extern bool te_opener_ask(TeOpening *opening);

/*
 * Wait for the answer.  Throws on an interrupt and if no opener can be started.
 */
extern void te_opener_wait(TeOpening *opening);

/* The answer's descriptor, which is the caller's from now on: to close, and to count off (ReleaseExternalFD). */
extern int	te_opener_take(TeOpening *opening);

/* It is not wanted any more, or has been dealt with.  Never throws; may be repeated. */
extern void te_opener_drop(TeOpening *opening);

#endif							/* TE_PG_OPENER_H */
