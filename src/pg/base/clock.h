/*
 * clock.h
 *		The monotonic clock (te_now_ms), and detection of a system clock that was set back.
 */
#ifndef TE_PG_CLOCK_H
#define TE_PG_CLOCK_H

#include "datatype/timestamp.h"
#include "wire/clock.h"

/*
 * Has the system clock been set back since the last call in this process?  Stored times at
 * which a wait ends may then be hours away.
 */
extern bool te_clock_was_set_back(TimestampTz now);

#endif							/* TE_PG_CLOCK_H */
