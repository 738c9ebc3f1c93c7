/*
 * limit.h
 *		Time limits for the code of a table's owner that runs in the worker.
 *
 * In a session the user's own statement_timeout counts and Ctrl-C is at hand.  In
 * the background a trigger that never ends would stop everything for good.
 */
#ifndef TE_PG_LIMIT_H
#define TE_PG_LIMIT_H

#include "postgres.h"

/* From now on this process has the limit; the worker's own call. */
extern void te_limit_set(int ms);

/*
 * A statement on a user's table begins: it is cancelled after the limit, with an ERROR as for
 * statement_timeout; code that catches that and goes on ends the process after twice the time.
 * False, and nothing to end, in a process without limit and inside of another such statement.
 */
extern bool te_limit_begin(void);
extern void te_limit_end(void);

/* Was the last such statement cancelled for that, since te_limit_forget()?  Has it even ended the process? */
extern bool te_limit_hit(void);
extern void te_limit_forget(void);
extern bool te_limit_ended(void);

/*
 * The budget for writing rows, of which each new claim has a full one: what has been spent since then (te_now_ms), and is
 * there anything left?  Without a limit there always is.
 */
extern void te_limit_refill(void);
extern void te_limit_spend(int64 since_ms);
extern bool te_limit_spent(void);

#endif							/* TE_PG_LIMIT_H */
