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
 * Begin a statement on a user's table.  It is cancelled after the limit, with the ERROR of
 * statement_timeout; if its code catches that and continues, the process is ended after twice
 * the time.  Returns false, and te_time_limit_end must not be called, in a process without a
 * limit and within another such statement.
 */
extern bool te_time_limit_begin(void);
extern void te_time_limit_end(void);

/*
 * Was a statement cancelled by the limit since te_time_limit_forget()?  Is the process being
 * ended for it?
 */
extern bool te_time_limit_hit(void);
extern void te_time_limit_forget(void);
extern bool te_time_limit_ended(void);

/*
 * The budget for writing rows: te_write_budget_refill at each claim, te_write_budget_spend adds
 * the time since since_ms (te_now_ms), te_write_budget_spent tells whether it is used up, which
 * it never is without a limit.
 */
extern void te_write_budget_refill(void);
extern void te_write_budget_spend(int64 since_ms);
extern bool te_write_budget_spent(void);

#endif							/* TE_PG_TIME_LIMIT_H */
