/*
 * queue.h
 *		Which assets of an attached table the background worker takes next.
 *
 * Only looks; claiming is te_claim_take's.  All functions need an SPI connection.
 */
#ifndef TE_PG_QUEUE_H
#define TE_PG_QUEUE_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "attachment.h"
#include "key.h"
#include "orphan.h"

typedef struct TeQueuePoint		/* a place in the order of fresh assets */
{
	TimestampTz queued;
	TeKey		key;
} TeQueuePoint;

typedef struct TeQueueGap		/* assets not looked at yet: newer than "after", older than "before" */
{
	bool		has_before;
	TeQueuePoint before;
	bool		has_after;
	TeQueuePoint after;
} TeQueueGap;

#define TE_QUEUE_GAPS 16
#define TE_CLAIM_SIZE 16		/* assets claimed, and written, at a time: what has just come need not wait for many */

typedef struct TeQueue			/* one attached table's; zeroed = to be begun from the top */
{
	TeQueueGap	gap[TE_QUEUE_GAPS]; /* from old to new; the last is worked on */
	int			gaps;
	bool		has_top;
	TeQueuePoint top;			/* the newest that was looked at in this pass */
	TimestampTz again_from;		/* retries up to here were looked at in this pass */
	TeOrphanPlace once;			/* claims of the dead up to here were looked at in this pass */
	bool		once_ended;
	TeOrphanPlace killers;		/* the same for those that are done one by one */
	bool		killers_ended;
	bool		single;			/* the last answer must be done by itself */
	bool		was_single;		/* so was the last one between two runs */

	/* of this pass */
	bool		begun;
	bool		named;			/* there were candidates */
	bool		took;			/* and something came of one */
	bool		stuck;			/* nothing came of any: others hold them */
	int			stuck_times;	/* passes in a row */
	TimestampTz started;
	TimestampTz next_pass;		/* not before */
	TimestampTz stuck_until;
} TeQueue;

/* New assets may have arrived: look at those first, then go on where we are. */
extern void te_queue_arrivals(TeQueue *queue, TimestampTz now);

/*
 * The next candidates, at most "most": fresh ones from the newest on, and for every two of them one retry
 * that is due and one asset whose owner has died.  0 = there are no more below where we are.
 */
extern int	te_queue_next(TeQueue *queue, const TeAttachment *attachment, TimestampTz now,
						  TeKey *keys, int most);

/*
 * The same between two runs, when all that was named is done or given back: begins from the top
 * again if something may have been missed.  Assets whose owners have died more than once come here, one
 * at a time.  0 = there is nothing to do until te_queue_due().
 */
extern int	te_queue_settle(TeQueue *queue, const TeAttachment *attachment, TimestampTz now,
							TeKey *keys, int most);

/* An asset that was named is done: the queue is another than before. */
extern void te_queue_took(TeQueue *queue);

/* After te_queue_settle gave 0: when to ask again without an arrival; 0 = never. */
extern TimestampTz te_queue_due(const TeQueue *queue, const TeAttachment *attachment, TimestampTz now);

#endif							/* TE_PG_QUEUE_H */
