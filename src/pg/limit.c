/*
 * limit.c
 *		A time limit for a user's code that runs while the worker writes to a table.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "limit.h"

#define MAX_LIMIT_MS	(24 * 60 * 60 * 1000)	/* twice of it is an int too */
#define BUDGET_MS		1000	/* for the rows of a batch together */

static int	limit_ms = 0;		/* 0 = none */
static TimeoutId cancel_timer;
static TimeoutId die_timer;
static volatile sig_atomic_t hit = false;
static volatile sig_atomic_t ended = false;

/* Timers' handlers: they run in a signal handler. */

static void
cancel(void)
{
	hit = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

static void
end_process(void)
{
	ended = true;
	ProcDiePending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

void
te_limit_set(int ms)
{
	limit_ms = Min(ms, MAX_LIMIT_MS);
	cancel_timer = RegisterTimeout(USER_TIMEOUT, cancel);
	die_timer = RegisterTimeout(USER_TIMEOUT, end_process);
}

void
te_limit_begin(void)
{
	hit = false;
	if (limit_ms == 0)
		return;
	enable_timeout_after(cancel_timer, limit_ms);
	enable_timeout_after(die_timer, 2 * limit_ms);
}

void
te_limit_end(void)
{
	if (limit_ms == 0)
		return;
	disable_timeout(cancel_timer, false);
	disable_timeout(die_timer, false);
	if (hit)
		QueryCancelPending = false; /* it may have come too late to be noticed */
}

bool
te_limit_spent(TimestampTz since)
{
	return limit_ms > 0 && TimestampDifferenceExceeds(since, GetCurrentTimestamp(), BUDGET_MS);
}

bool
te_limit_hit(void)
{
	return hit;
}

void
te_limit_forget(void)
{
	hit = false;
}

bool
te_limit_ended(void)
{
	return ended;
}
