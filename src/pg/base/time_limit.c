/*
 * time_limit.c
 *		Time limits for the code of a table's owner that runs in the worker.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "clock.h"
#include "time_limit.h"

#define MAX_LIMIT_MS	(24 * 60 * 60 * 1000)	/* twice of it is an int too */
#define BUDGET_MS		1000	/* for writing rows, to a claim */

static int	limit_ms = 0;		/* 0 = none */
static bool running = false;	/* a statement that has the limit */
static TimeoutId cancel_timer;
static TimeoutId die_timer;
static volatile sig_atomic_t hit = false;
static volatile sig_atomic_t ended = false;
static int64 spent_ms = 0;		/* of the budget */

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
te_time_limit_set(int ms)
{
	limit_ms = Min(ms, MAX_LIMIT_MS);
	cancel_timer = RegisterTimeout(USER_TIMEOUT, cancel);
	die_timer = RegisterTimeout(USER_TIMEOUT, end_process);
}

bool
te_time_limit_begin(void)
{
	if (limit_ms == 0 || running)
		return false;
	hit = false;
	running = true;
	enable_timeout_after(cancel_timer, limit_ms);
	enable_timeout_after(die_timer, 2 * limit_ms);
	return true;
}

void
te_time_limit_end(void)
{
	disable_timeout(cancel_timer, false);
	disable_timeout(die_timer, false);
	running = false;
	if (hit)
		QueryCancelPending = false; /* it may have come too late to be noticed */
}

bool
te_time_limit_hit(void)
{
	return hit;
}

void
te_time_limit_forget(void)
{
	hit = false;
}

bool
te_time_limit_ended(void)
{
	return ended;
}

void
te_time_limit_refill(void)
{
	hit = false;
	spent_ms = 0;
}

void
te_time_limit_spend(int64 since_ms)
{
	spent_ms += te_now_ms() - since_ms;
}

bool
te_time_limit_spent(void)
{
	return limit_ms > 0 && spent_ms > BUDGET_MS;
}
