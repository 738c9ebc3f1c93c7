/*
 * clock.c
 *		Detection of a system clock that was set back.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "clock.h"

#define TOLERANCE_MS	1000	/* small corrections do not prolong waits much */

bool
te_clock_was_set_back(TimestampTz now)
{
	static TimestampTz last = 0;
	bool		set_back = now < last && TimestampDifferenceExceeds(now, last, TOLERANCE_MS);

	last = now;
	return set_back;
}
