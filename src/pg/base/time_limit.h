/*
 * time_limit.h
 *		Time limits for the code of a table's owner in the worker.
 *
 * Sessions have statement_timeout and can be cancelled by the user.  In the worker, a trigger
 * that never ends would block all tables.
 */
#ifndef TE_PG_TIME_LIMIT_H
#define TE_PG_TIME_LIMIT_H

#include "postgres.h"

/* Set the limit of this process.  Called by the worker. */
extern void te_time_limit_set(int ms);

/*
 * Begin a statement on a user's table.  It is cancelled after the limit, or most_ms if that is less and not 0, with the ERROR of
 * statement_timeout; if its code catches that and continues, the process is ended after twice
 * the limit.  Returns false, and te_time_limit_end must not be called, in a process without a
 * limit and within another such statement.
 */
extern bool te_time_limit_begin(int most_ms);
extern void te_time_limit_end(void);

/* Was a statement cancelled by the limit since te_time_limit_forget()? */
extern bool te_time_limit_hit(void);

/* Forget that a statement was cancelled. */
extern void te_time_limit_forget(void);

/* Is the process being ended because a statement exceeded the limit and was not cancelled? */
extern bool te_time_limit_ended(void);

/* Refill the budget for writing rows; called at each claim. */
extern void te_write_budget_refill(void);

/* Charge the time since since_ms (te_now_ms) to the budget. */
extern void te_write_budget_spend(int64 since_ms);

/* Is the budget used up?  Without a limit it never is. */
extern bool te_write_budget_spent(void);

#endif							/* TE_PG_TIME_LIMIT_H */
