/*
 * work.h
 *		Transactions of the background worker.
 */
#ifndef TE_PG_WORK_H
#define TE_PG_WORK_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* A turn begins: what was allocated in the last one is freed.  Sets the current memory context. */
extern void te_work_reset(void);

/*
 * Begin one: with an SPI connection (in which a run may commit) and a snapshot, in the
 * memory context of the turn.  End it: commit.
 */
extern void te_work_begin(void);
extern void te_work_end(void);

/* Call a function; what it throws is returned, palloc'd, and rolled back.  NULL = nothing. */
extern ErrorData *te_work_guarded(void (*function) (void *arg), void *arg);

/* The sooner of two times of which 0 stands for never. */
static inline void
te_sooner(TimestampTz *due, TimestampTz other)
{
	if (other != 0 && (*due == 0 || other < *due))
		*due = other;
}

#endif							/* TE_PG_WORK_H */
