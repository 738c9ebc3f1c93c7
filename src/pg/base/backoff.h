/*
 * backoff.h
 *		How long to wait before another try.
 */
#ifndef TE_PG_BACKOFF_H
#define TE_PG_BACKOFF_H

#include <stdint.h>

/*
 * Milliseconds to wait after that many failures in a row (1 or more): base_ms, twice as
 * long each time, at most cap_ms, and up to an eighth more or less by "noise" (any
 * number, best a random one), so that many who failed together do not come back together.
 */
extern int64_t te_backoff_ms(int failures, int64_t base_ms, int64_t cap_ms, uint32_t noise);

#endif							/* TE_PG_BACKOFF_H */
