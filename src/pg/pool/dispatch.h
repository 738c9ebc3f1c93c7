/*
 * dispatch.h
 *		Which job goes to which decoder, and what becomes of it when that ends (private to the pool).
 */
#ifndef TE_PG_DISPATCH_H
#define TE_PG_DISPATCH_H

#include "postgres.h"

#include "lib/ilist.h"
#include "storage/latch.h"

#include "decoder.h"

typedef struct TePool
{
	MemoryContext context;		/* NULL until the first use */
	dlist_head	decoders;
	dlist_head	waiting;
	dlist_head	finished;
	int			ndecoders;
	int			pending;		/* in all three places */
	int			most;			/* decoders for one role, as the last caller said */
	int			room;			/* decoders in all */
	int64		slot_wait_since;	/* te_now_ms(): a job has no decoder, and there is no seat; 0 = that is not so */
	int64		end_by;			/* while several are ended: when to stop waiting for it, in te_now_ms(); 0 = each has its time */
	uint32		last_job;
	int			failed_starts;	/* in a row */
	int64		start_again;	/* not before, in te_now_ms() */
	WaitEventSet *set;			/* NULL when the decoders have changed */
	int64		lost;
} TePool;


extern TePool te_pool;

/* Give waiting jobs to decoders; starts some if there is need.  Throws if there is none and none starts. */
extern void te_dispatch(void);

/*
 * Start one more, for jobs of that role (InvalidOid = of any), which has none if "must".  Then it throws if none
 * can be started; if there is only no seat for it, it waits for one and is to be called again.  False if there is no other now.
 */
extern bool te_dispatch_start(Oid role, bool must);

/* What te_dispatch_start waited for is not wanted any more, or ERROR if it has waited for too long. */
extern void te_dispatch_stop_waiting(void);
extern void te_dispatch_check_wait(void);

/* Does somebody wait for a seat?  Then give up what is idle. */
extern void te_dispatch_yield(void);

/*
 * End a decoder for that cause: take it out of the pool, reap it, and see to its jobs.  Throws if
 * it was the last that tried to start; never with TE_END_NOT_NEEDED.
 */
extern void te_dispatch_reap(TeDecoder *decoder, TeEndReason cause);

/* A job has its outcome. */
extern void te_pool_entry_finished(TePoolEntry *job);

/* Close and release what it has.  It is in no list any more. */
extern void te_pool_entry_free(TePoolEntry *job);

/* To be called when decoders come or go: what is waited for is another set. */
extern void te_dispatch_reset_wait_set(void);

#endif							/* TE_PG_DISPATCH_H */
