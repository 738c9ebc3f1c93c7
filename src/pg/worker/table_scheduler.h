/*
 * table_scheduler.h
 *		A turn of the background worker: chooses an attached table and processes some of its assets.
 */
#ifndef TE_PG_TABLE_SCHEDULER_H
#define TE_PG_TABLE_SCHEDULER_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef enum TeTurnResult
{
	TE_TURN_WORKED,				/* there may be more work: call again at once */
	TE_TURN_IDLE,				/* nothing to do before "due" */
	TE_TURN_RESTING,			/* a sweep is under way, and goes on at "due" */
	TE_TURN_WAITING,			/* a table or an image folder is suspended; call again at "due" */
	TE_TURN_NO_EXTENSION
} TeTurnResult;

/*
 * Runs one turn.  Called and returns outside of a transaction.  woken: new assets may have arrived.  *due: when to call again
 * if the worker is not woken, 0 = never.  An ERROR that it throws ends the worker.
 */
extern TeTurnResult te_scheduler_turn(bool woken, TimestampTz *due);

#endif							/* TE_PG_TABLE_SCHEDULER_H */
