/*
 * clock.c
 *		The monotonic clock, and detection of a system clock that was set back.
 */
#include "postgres.h"

#include <time.h>

#include "utils/timestamp.h"

#include "clock.h"

#define TOLERANCE_MS	1000	/* small corrections do not prolong waits much */

int64
te_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
te_clock_was_set_back(TimestampTz now)
{
	static TimestampTz last = 0;
	bool		set_back = now < last && TimestampDifferenceExceeds(now, last, TOLERANCE_MS);

	last = now;
	return set_back;
}
