/*
 * backoff.c
 *		Exponential backoff with jitter.  Plain arithmetic, without PostgreSQL.
 */
#include "backoff.h"

int64_t
te_backoff_ms(int failures, int64_t base_ms, int64_t cap_ms, uint32_t noise)
{
	int64_t		wait = base_ms;
	int64_t		eighth;

	for (int i = 1; i < failures && wait < cap_ms; i++)
		wait *= 2;
	if (wait > cap_ms)
		wait = cap_ms;
	eighth = wait / 8;
	if (eighth > 0)
		wait += (int64_t) (noise % (2 * (uint64_t) eighth + 1)) - eighth;
	return wait;
}
