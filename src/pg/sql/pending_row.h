/*
 * pending_row.h
 *		Rows that a statement inserts into partitions, to be queued together.  Private to the trigger functions.
 *
 * A trigger that is fired for each row would insert its state by a statement, which takes ten times as long as the row.  So keys are
 * kept in memory until the statement has ended, which a trigger of the partitioned table or of the partition tells, or something else happens to the
 * rows, or at the latest until the transaction commits.
 */
#ifndef TE_PG_PENDING_ROW_H
#define TE_PG_PENDING_ROW_H

#include "postgres.h"

#include "tracked_table.h"

/* Keep a key, of the state table's type, of a row that was inserted into a table.  te_count_rows() was called for it before. */
extern void te_pending_row_add(const TeTrackedTable *table, Datum key);

/* Are there any?  With "many", so many that they should be queued even if the statement goes on. */
extern bool te_pending_rows_any(bool many);

/* Are there any of this table? */
extern bool te_pending_rows_of(Oid relation);

/* Queue those of this subtransaction.  Inside SPI, with the extension's rights. */
extern void te_pending_rows_queue(void);

#endif							/* TE_PG_PENDING_ROW_H */
