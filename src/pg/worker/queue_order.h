/*
 * queue_order.h
 *		The order in which the background worker processes the assets of an attached table.
 *
 * Only reads the queue; te_claim_assets claims.  All functions need an SPI connection.
 */
#ifndef TE_PG_QUEUE_ORDER_H
#define TE_PG_QUEUE_ORDER_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "pg/catalog/attachment.h"
#include "pg/catalog/key.h"
#include "pg/pipeline/orphan.h"

#define TE_CLAIM_SIZE 16		/* assets claimed, and written, at a time: few, so that an arrival does not wait for many */

typedef struct TeQueuePoint		/* a place in the order of fresh assets */
{
	TimestampTz queued;
	TeKey		key;
} TeQueuePoint;

typedef struct TeQueueCursor	/* of one attached table (zeroed: a pass from the top begins) */
{
	/* fresh assets are read from new to old: below "before" and, while arrivals are read, above "after" */
	bool		fresh_ended;
	bool		has_before;
	TeQueuePoint before;
	bool		has_after;
	TeQueuePoint after;
	bool		has_resume;		/* after the arrivals, go on below "resume" */
	TeQueuePoint resume;
	bool		unread;			/* assets of large statements that were read are all known: go on at once */
	int64		inserted_place; /* in the ranges of large statements: where te_inserted_queue() stopped */
	bool		has_top;
	TeQueuePoint top;			/* the newest that was read in this pass */

	TimestampTz retry_from;		/* retries that came due until then were read in this pass */
	TeOrphanPlace once;			/* orphans without an earlier interruption: read up to here in this pass */
	bool		once_ended;
	TeOrphanPlace repeated;		/* orphans with earlier interruptions, which are processed one by one */
	bool		repeated_ended;
	bool		single;			/* the last answer is to be processed by itself */
	bool		was_single;		/* so was the last answer of te_queue_next_between_runs() */

	/* of this pass */
	bool		begun;
	bool		had_candidates;
	bool		progressed;		/* a candidate was processed */
	bool		stuck;			/* no candidate was processed: others have locked them */
	int			stuck_times;	/* consecutive passes */
	TimestampTz started;
	TimestampTz next_pass;		/* not before */
	TimestampTz stuck_until;
} TeQueueCursor;

/* New assets may have arrived: read those first, then go on. */
extern void te_queue_arrivals(TeQueueCursor *queue, TimestampTz now);

/*
 * Read the next candidates, at most max_keys: fresh assets, newest first, with a share of a quarter each for retries that are
 * due and for orphans.  0 = there are no more in this pass.
 */
extern int	te_queue_next(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now,
						  TeKey *keys, int max_keys);

/*
 * The same between two runs of the pipeline, when all earlier candidates are processed or released: begins another pass if
 * assets may have been missed.  Orphans with earlier interruptions are read only here, one at a time.  0 = there is nothing to
 * do until te_queue_due().
 */
extern int	te_queue_next_between_runs(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now,
									   TeKey *keys, int max_keys);

/* A candidate was processed, so the queue has changed. */
extern void te_queue_progressed(TeQueueCursor *queue);

/* After te_queue_next_between_runs() returned 0: when to call it again without an arrival; 0 = never. */
extern TimestampTz te_queue_due(const TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now);

#endif							/* TE_PG_QUEUE_ORDER_H */
