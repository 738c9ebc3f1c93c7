/*
 * limit.h
 *		A time limit for a user's code that runs while the worker writes to a table.
 *
 * In a session the user's own statement_timeout counts and Ctrl-C is at hand.  In
 * the background a trigger that never ends would stop everything for good.
 */
#ifndef TE_PG_LIMIT_H
#define TE_PG_LIMIT_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* From now on this process has the limit; the worker's own call. */
extern void te_limit_set(int ms);

/*
 * What runs from here to te_limit_end() is cancelled after the limit, with an
 * ERROR as for statement_timeout; code that catches that and goes on ends the process after
 * twice the time.  Does nothing in a process without limit.
 */
extern void te_limit_begin(void);
extern void te_limit_end(void);

/* Has writing a batch taken so long since then that the rest should wait, for the sake of other tables?  Never without limit. */
extern bool te_limit_spent(TimestampTz since);

/* Was the last stretch between the two cancelled for that?  Has it even ended the process? */
extern bool te_limit_hit(void);

/* te_limit_hit() is false from here to the next te_limit_begin(). */
extern void te_limit_forget(void);
extern bool te_limit_ended(void);

#endif							/* TE_PG_LIMIT_H */
