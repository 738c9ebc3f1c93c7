/*
 * backoff.h
 *		Exponential backoff with jitter.
 */
#ifndef TE_PG_BACKOFF_H
#define TE_PG_BACKOFF_H

#include <stdint.h>

/*
 * Milliseconds to wait after that many consecutive failures (1 or more): base_ms, doubled with
 * each failure, at most cap_ms, plus or minus up to an eighth, chosen by "noise" (a random
 * number), so that retries are spread over time.
 */
extern int64_t te_backoff_ms(int failures, int64_t base_ms, int64_t cap_ms, uint32_t noise);

#endif							/* TE_PG_BACKOFF_H */
