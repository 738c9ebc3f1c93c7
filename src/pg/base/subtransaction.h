/*
 * subtransaction.h
 *		Running a function in a subtransaction.
 */
#ifndef TE_PG_SUBTRANSACTION_H
#define TE_PG_SUBTRANSACTION_H

#include "postgres.h"

/*
 * Call a function in a subtransaction.  If it throws, the subtransaction is rolled back and the error
 * is returned, allocated in the current memory context; NULL if it succeeds.  Errors that the caller
 * does not expect, interrupts among them, must be passed on with ReThrowError().
 */
extern ErrorData *te_subtransaction(void (*function) (void *arg), void *arg);

/*
 * The same with a lock_timeout.  False, and all is rolled back, if the function had to wait longer for a lock, or would have waited for
 * ever; it throws any other ERROR.
 */
extern bool te_subtransaction_short_waits(void (*function) (void *arg), void *arg, const char *lock_timeout);

/* Was the ERROR raised by ProcessInterrupts()?  One that user code raises has another origin, whatever its SQLSTATE. */
extern bool te_error_by_interrupts(const ErrorData *error);

/*
 * The same for a cancel, a statement_timeout, or the termination of the session, and not a lock_timeout.  An interrupt that user
 * code catches and raises again is still one.
 */
extern bool te_error_is_interrupt(const ErrorData *error);

#endif							/* TE_PG_SUBTRANSACTION_H */
