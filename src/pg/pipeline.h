/*
 * pipeline.h
 *		What a run has in hand, and how it ends.  Private to run.c and pipeline.c.
 *
 * A job is in one of the lists below from the claim to its end, so whatever
 * happens it is known what has to be given back.
 */
#ifndef TE_PG_PIPELINE_H
#define TE_PG_PIPELINE_H

#include "postgres.h"

#include "lib/ilist.h"
#include "utils/resowner.h"

#include "claim.h"
#include "run.h"

typedef struct TePipeline
{
	const TeRun *run;

	/* of run->attachment, copied: at exit that is gone */
	int			attachment;
	char	   *state_table;
	Oid			key_type;

	MemoryContext context;		/* all of it; beneath TopMemoryContext, to be there at exit */
	MemoryContext scratch;		/* until the step ends */
	TeSettings	settings;
	TeClaim		claim;
	TimestampTz started;
	int64		left;			/* still to take */
	bool		exhausted;		/* next has no more */
	int			replaced;		/* files that have got into the removal table since it was emptied */

	dlist_head	waiting;		/* claimed */
	dlist_head	flying;			/* with a decoder */
	dlist_head	ready;			/* decoded */
	dlist_head	writing;		/* until their commit is through */
	bool		between;		/* while they are, decoders are being fed */
	dlist_head	owed;			/* to be given back: were locked by somebody, or their root is held off */
	int			nwaiting;
	int			nasked;			/* of these, from the first on: their files are asked for */
	int			nflying;
	int			nready;
	int64		ready_bytes;	/* their thumbnails' */

	ResourceOwner owner;		/* before the step */
	int			nest_level;		/* of transactions, outside of steps */
} TePipeline;


extern TePipeline *te_pipeline_create(const TeRun *run);

/* Free it, with whatever jobs are left in it. */
extern void te_pipeline_destroy(TePipeline *p);

/*
 * A step: everything between two commits that may throw.  Within it, the current
 * memory context is p->scratch.
 */
extern void te_step_begin(TePipeline *p);
extern void te_step_end(TePipeline *p);

/* Commit, and begin the next transaction. */
extern void te_pipeline_commit(TePipeline *p);

/* Try again to give back those that were locked when they were to be.  In a step. */
extern void te_give_back_owed(TePipeline *p);

/* An ERROR has ended a step: roll it back. */
extern void te_roll_back_steps(TePipeline *p);

/* Give back all that is claimed and not written, and end the claim.  After te_roll_back_steps; does not throw. */
extern void te_give_back_all(TePipeline *p);

/* From now on, and until called with NULL, a session that exits gives back what this one holds. */
extern void te_give_back_at_exit(TePipeline *p);

/* The one that was named last; NULL = none is running. */
extern TePipeline *te_pipeline_running(void);

#endif							/* TE_PG_PIPELINE_H */
