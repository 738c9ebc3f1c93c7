/*
 * turn.h
 *		One turn of the background worker: some of the work of one attached table.
 */
#ifndef TE_PG_TURN_H
#define TE_PG_TURN_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef enum TeTurn
{
	TE_TURN_WORKED,				/* there may be more: come again at once */
	TE_TURN_IDLE,				/* there is nothing to do before "due" */
	TE_TURN_WAITING,			/* for the server's trouble to end; come again when due */
	TE_TURN_NO_EXTENSION
} TeTurn;

/*
 * Called outside of a transaction, returns outside of one.  woken: new assets may
 * have arrived.  due: when to come again without being woken, 0 = never.  Throws what
 * it cannot deal with; that ends the worker.
 */
extern TeTurn te_turn(bool woken, TimestampTz *due);

#endif							/* TE_PG_TURN_H */
