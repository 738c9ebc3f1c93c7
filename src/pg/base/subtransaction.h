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

#endif							/* TE_PG_SUBTRANSACTION_H */
