/*
 * state_range.h
 *		Looks at the states of a range of integer keys, also at those that other transactions have not committed yet.
 *
 * Waits for nobody and takes no snapshot.  While a state is being updated it may be missed, so the answer is a good guess.
 */
#ifndef TE_PG_STATE_RANGE_H
#define TE_PG_STATE_RANGE_H

#include "postgres.h"

typedef enum TeStateSeen
{
	TE_STATE_NONE,
	TE_STATE_UNQUEUED,			/* its status is new */
	TE_STATE_BUSY,				/* another transaction has inserted it or changes it, or it is processed and was new before */
	TE_STATE_KNOWN				/* it is in the queue, or was */
} TeStateSeen;

/* What is seen of the states of these keys, which are sorted, highest first. */
extern void te_states_seen(int attachment, const int64 *keys, int count, TeStateSeen *seen);

/* Is there any state in a range of keys? */
extern bool te_states_in_range(int attachment, int64 lowest, int64 highest);

#endif							/* TE_PG_STATE_RANGE_H */
