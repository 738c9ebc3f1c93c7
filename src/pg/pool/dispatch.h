/*
 * dispatch.h
 *		Assigning requests to decoders, and handling their requests when decoders end (private to the pool).
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
	int			pending;		/* entries in the lists and with decoders */
	int			max_for_role;	/* decoders for one role, as the last caller said */
	int			max_decoders;	/* decoders of this process */
	int64		idle_since_ms;	/* te_now_ms() at the end of the last call that left no entry pending */
	bool		returns_soon;	/* the last call came soon after the one before */
	int64		slot_wait_since_ms; /* te_now_ms() since when an entry has been waiting for a slot; 0 = none is */
	int64		reap_until_ms;	/* while several are ended: te_now_ms() at which waiting for them stops; 0 = each has KILLED_MS */
	uint32		last_request;
	int			failed_starts;	/* in a row */
	int64		start_after_ms; /* te_now_ms() before which no further decoder is started */
	WaitEventSet *wait_set;		/* NULL after the list of decoders has changed */
	int64		lost;
} TePool;


extern TePool te_pool;

/*
 * Send waiting entries to decoders, and start decoders if needed.  Without "all", small entries
 * wait until they fill a message.  Throws if there is no decoder and none starts.
 */
extern void te_dispatch(bool all);

/*
 * Start one more decoder for requests of that role (InvalidOid = any).  With "must" the role
 * has none: the process then joins the queue if no slot is free, and calls this again; ERROR
 * if the decoder cannot be started.  Returns false if none was started.
 */
extern bool te_dispatch_start(Oid role, bool must);

/* Leave the queue for a slot; raise an ERROR if that wait has exceeded its limit. */
extern void te_dispatch_stop_waiting(void);
extern void te_dispatch_check_wait(void);

/*
 * At the end of a call: if other processes wait for a slot, let the idle decoders go.  A process whose calls follow each other
 * keeps one until its turn is over.
 */
extern void te_dispatch_yield(void);

/* If the decoder is idle and the first process that waits for a slot can use it, let it have it.  Is it gone? */
extern bool te_dispatch_give(TeDecoder *decoder);

/*
 * End a decoder for that cause: remove it from the pool, reap it, and requeue or fail its
 * entries.  Throws if it was the last one that tried to start; never with TE_END_NOT_NEEDED.
 */
extern void te_dispatch_reap(TeDecoder *decoder, TeEndReason cause);

/* Can it wait for others that it is sent with, since it takes little time? */
extern bool te_pool_entry_is_small(const TePoolEntry *entry);

/* Move an entry, which is in no list, to the finished ones; with an outcome that no decoder reported. */
extern void te_pool_entry_fail(TePoolEntry *entry, TeStatus status, const char *detail);

/* Move an entry, which is in no list, to the finished ones. */
extern void te_pool_entry_finished(TePoolEntry *entry);

/* Free an entry, which is in no list any more, and what it holds. */
extern void te_pool_entry_free(TePoolEntry *entry);

/* Discard the entries that were submitted at that transaction nest level or deeper.  Never throws. */
extern void te_pool_discard(int level);

/* Register the callbacks that discard entries at a rollback. */
extern void te_pool_register_rollback(void);

#endif							/* TE_PG_DISPATCH_H */
