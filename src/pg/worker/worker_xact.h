/*
 * worker_xact.h
 *		Transactions of the background worker.
 */
#ifndef TE_PG_WORKER_XACT_H
#define TE_PG_WORKER_XACT_H

#include "postgres.h"

#include "utils/timestamp.h"

/* Begin a turn: frees the memory of the last one.  Sets the current memory context. */
extern void te_worker_xact_reset(void);

/*
 * Begin a transaction with a snapshot and a non-atomic SPI connection, in the memory context of the turn.  End: commit it.
 */
extern void te_worker_xact_begin(void);
extern void te_worker_xact_end(void);

/* Call a function.  Returns its ERROR, palloc'd, after rolling the transaction back; NULL = none. */
extern ErrorData *te_worker_xact_guarded(void (*function) (void *arg), void *arg);

/* Set *due to the earlier of two times; 0 = never. */
static inline void
te_sooner(TimestampTz *due, TimestampTz other)
{
	if (other != 0 && (*due == 0 || other < *due))
		*due = other;
}

/* Set *due to what is so many milliseconds from now, if that is earlier. */
static inline void
te_sooner_in(TimestampTz *due, int64 ms)
{
	te_sooner(due, TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms));
}

#endif							/* TE_PG_WORKER_XACT_H */
