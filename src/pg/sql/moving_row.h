/*
 * moving_row.h
 *		Rows that UPDATE moves from one partition to another: their states follow by one statement.  Private to the trigger functions.
 *
 * PostgreSQL marks the row that it deletes as one that moves, and fires the trigger for its insertion right after.  So with its state nothing is done
 * before that: if it is the same row the state is moved, and if anything else happens first the row was deleted (moved_row.h).
 * Inside SPI, with the extension's rights.
 */
#ifndef TE_PG_MOVING_ROW_H
#define TE_PG_MOVING_ROW_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "moved_row.h"
#include "tracked_table.h"

/* A row with this key was deleted, to be inserted into another partition.  te_count_rows() was called for it before. */
extern void te_moving_row_leaves(const TeTrackedTable *table, Datum key);

/* A row with this key was inserted: if it is the one that has just left, its state follows, unless it has one. */
extern TeMovedResult te_moving_row_arrives(const TeTrackedTable *table, Datum key, TupleTableSlot *row);

/* Are there rows that have left, and have not arrived? */
extern bool te_moving_rows_any(void);

/* What else happens tells that those of this subtransaction were deleted. */
extern void te_moving_rows_settle(void);

#endif							/* TE_PG_MOVING_ROW_H */
