/*
 * clock.h
 *		A clock that is never set, and whether the one that is was set back.
 */
#ifndef TE_PG_CLOCK_H
#define TE_PG_CLOCK_H

#include "datatype/timestamp.h"

/* Milliseconds of the monotonic clock. */
extern int64 te_now_ms(void);

/*
 * Has the time of day been set back since this process asked last?  Points in time that it has
 * noted to wait for may then be hours away.
 */
extern bool te_clock_was_set_back(TimestampTz now);

#endif							/* TE_PG_CLOCK_H */
