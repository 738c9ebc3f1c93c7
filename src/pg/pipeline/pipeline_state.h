/*
 * pipeline_state.h
 *		The state of a running pipeline, its steps, and the release of its claims.
 *
 * Private to pipeline.c and pipeline_state.c.  From claim to end a job is in one of the lists below, so it is always known
 * which claims have to be released.
 */
#ifndef TE_PG_PIPELINE_STATE_H
#define TE_PG_PIPELINE_STATE_H

#include "postgres.h"

#include "lib/ilist.h"
#include "utils/resowner.h"

#include "claim.h"
#include "pipeline.h"

typedef struct TePipeline
{
	const TePipelineOptions *options;

	/* copied from options->attachment, which is gone when the exit callback runs */
	int			attachment;
	char	   *state_table;
	Oid			key_type;

	MemoryContext context;		/* holds all of this; below TopMemoryContext, to exist in the exit callback */
	MemoryContext scratch;		/* reset at the end of each step */
	TeSettings	settings;
	TeClaim		claim;
	TimestampTz started;
	int64		remaining;		/* assets that may still be claimed */
	bool		exhausted;		/* options->next has no more */
	int			num_replaced;	/* files added to the removal table since it was emptied */

	dlist_head	waiting;		/* claimed */
	dlist_head	in_flight;		/* with a decoder */
	dlist_head	ready;			/* decoded */
	dlist_head	writing;		/* until they are committed */
	bool		feeding;		/* decoders are being fed between two files of these */
	dlist_head	unreleased;		/* to be released: their state was locked, or their root is held off */
	int			num_waiting;
	int			num_requested;	/* of the waiting, from the head: their files are asked for */
	int			num_in_flight;
	int			num_ready;
	int64		ready_bytes;	/* of the thumbnails of "ready" */

	ResourceOwner owner;		/* before the step */
	int			nest_level;		/* of transactions, outside of steps */
} TePipeline;


extern TePipeline *te_pipeline_create(const TePipelineOptions *options);

/* Frees it and the jobs in its lists. */
extern void te_pipeline_destroy(TePipeline *p);

/*
 * A step: everything between two commits that may throw.  Its memory context is p->scratch.
 */
extern void te_pipeline_step_begin(TePipeline *p);
extern void te_pipeline_step_end(TePipeline *p);

/* Commit, and begin the next transaction. */
extern void te_pipeline_commit(TePipeline *p);

/* Try again to release the claims of p->unreleased.  Needs a step. */
extern void te_pipeline_release_remaining(TePipeline *p);

/* Roll back the step that an ERROR has ended. */
extern void te_pipeline_roll_back_steps(TePipeline *p);

/* Release the claims of all jobs that are not written, and end the claim.  Call after te_pipeline_roll_back_steps; does not throw. */
extern void te_pipeline_release_all(TePipeline *p);

/* Set the pipeline whose claims are released if the session exits; NULL = none. */
extern void te_pipeline_release_at_exit(TePipeline *p);

/* The pipeline that was set last, or NULL. */
extern TePipeline *te_pipeline_running(void);

#endif							/* TE_PG_PIPELINE_STATE_H */
