/*
 * table_sweep.h
 *		When the background worker sweeps the attached tables (sweep.h).
 *
 * A table without triggers is looked at every thumbexif.sweep_interval: a sweep begins if the server's statistics tell that
 * something was written since the last one began.  One with triggers is looked at while the worker is awake for something else; it is
 * swept if these have counted other rows than the server has, at two looks and as no sweep has begun for 60 such intervals.  Sweeps
 * rest after each step for so long that they take a twentieth of the time.
 */
#ifndef TE_PG_TABLE_SWEEP_H
#define TE_PG_TABLE_SWEEP_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

/*
 * Do the next step of one sweep, if it is time.  Called between turns, outside of a transaction.  *due becomes the time of the
 * next step, if that is sooner.  Returns whether a sweep is under way.
 */
extern bool te_table_sweep_turn(List *attachments, TimestampTz *due);

#endif							/* TE_PG_TABLE_SWEEP_H */
