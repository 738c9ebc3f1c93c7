/*
 * clock.c
 *		The time of day may be set back while a process runs.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "clock.h"

#define TOLERANCE_MS	1000	/* small corrections make no wait much longer */

bool
te_clock_was_set_back(TimestampTz now)
{
	static TimestampTz last = 0;
	bool		set_back = now < last && TimestampDifferenceExceeds(now, last, TOLERANCE_MS);

	last = now;
	return set_back;
}
