/*
 * moved_row.h
 *		Rows that move from one partition to another: their state goes along.  Private to the trigger functions.
 *
 * PostgreSQL deletes the row from one partition and inserts it into another, and tells triggers no more.  So the states that
 * the current transaction has deleted are remembered, the last ones of them, and an insertion of the same row into another
 * partition of the same table takes the state over, also under another key.  Inside SPI, with the extension's rights.
 */
#ifndef TE_PG_MOVED_ROW_H
#define TE_PG_MOVED_ROW_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "tracked_table.h"

typedef enum TeMovedResult
{
	TE_MOVED_NOT,				/* there is no state that could be its */
	TE_MOVED_AS_IT_WAS,			/* its state is what it was */
	TE_MOVED_CHANGED			/* the same, but its path has changed */
} TeMovedResult;

/*
 * A row with this key was deleted: delete its state, list its files for removal, and remember both.  "moves" tells that UPDATE has deleted it
 * to insert it elsewhere.  False if it has no state.
 */
extern bool te_moved_row_leaves(const TeTrackedTable *table, Datum key, bool moves);

/* A row with this key was inserted: take over the state that it had, and its files.  Both are left alone if it has a state. */
extern TeMovedResult te_moved_row_arrives(const TeTrackedTable *table, Datum key, TupleTableSlot *row);

/*
 * A row was inserted into a partition that is not attached.  If it is one that has left, its file stays: it is noted as one of a table that
 * is no longer a member.
 */
extern void te_moved_row_escapes(Oid relation, TupleTableSlot *row);

/* Might a row that is inserted be one that has left? */
extern bool te_moved_rows_any(void);

#endif							/* TE_PG_MOVED_ROW_H */
