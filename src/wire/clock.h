/*
 * clock.h
 *		The monotonic clock, for all programs.
 */
#ifndef TE_WIRE_CLOCK_H
#define TE_WIRE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds of the monotonic clock. */
static inline int64_t
te_now_us(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Milliseconds of it. */
static inline int64_t
te_now_ms(void)
{
	return te_now_us() / 1000;
}

#endif							/* TE_WIRE_CLOCK_H */
