/*
 * time_limit.c
 *		Time limits for the code of a table's owner in the worker.
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "clock.h"
#include "time_limit.h"

#define MAX_LIMIT_MS	(24 * 60 * 60 * 1000)	/* twice the value fits into an int */
#define BUDGET_MS		1000	/* for writing the rows of one claim */

static int	limit_ms = 0;		/* 0 = no limit */
static bool running = false;	/* a statement with the limit is running */
static TimeoutId cancel_timer;
static TimeoutId die_timer;
static volatile sig_atomic_t limit_hit = false;
static volatile sig_atomic_t terminating = false;
static int64 spent_ms = 0;		/* of the budget */

/* Timeout handlers, called in a signal handler. */

static void
cancel_statement(void)
{
	limit_hit = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

static void
terminate_process(void)
{
	terminating = true;
	ProcDiePending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

void
te_time_limit_set(int ms)
{
	limit_ms = Min(ms, MAX_LIMIT_MS);
	cancel_timer = RegisterTimeout(USER_TIMEOUT, cancel_statement);
	die_timer = RegisterTimeout(USER_TIMEOUT, terminate_process);
}

bool
te_time_limit_begin(int most_ms)
{
	if (limit_ms == 0 || running)
		return false;
	limit_hit = false;
	running = true;
	enable_timeout_after(cancel_timer, most_ms > 0 ? Min(most_ms, limit_ms) : limit_ms);
	enable_timeout_after(die_timer, 2 * limit_ms);
	return true;
}

void
te_time_limit_end(void)
{
	disable_timeout(cancel_timer, false);
	disable_timeout(die_timer, false);
	running = false;
	if (limit_hit)
		QueryCancelPending = false; /* the cancel may have come too late to be processed */
}

bool
te_time_limit_hit(void)
{
	return limit_hit;
}

void
te_time_limit_forget(void)
{
	limit_hit = false;
}

bool
te_time_limit_ended(void)
{
	return terminating;
}

void
te_write_budget_refill(void)
{
	limit_hit = false;
	spent_ms = 0;
}

void
te_write_budget_spend(int64 since_ms)
{
	spent_ms += te_now_ms() - since_ms;
}

bool
te_write_budget_spent(void)
{
	return limit_ms > 0 && spent_ms > BUDGET_MS;
}
