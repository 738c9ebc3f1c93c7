/*
 * bulk_insert.h
 *		Inserts the state rows of many new assets.  Private to trigger.c.
 */
#ifndef TE_PG_BULK_INSERT_H
#define TE_PG_BULK_INSERT_H

#include "postgres.h"

#include "utils/tuplestore.h"

#include "tracked_table.h"

/*
 * Insert a state, queued, for each row of a transition table whose key is not NULL.  Returns how many.  ERROR (unique
 * violation) if there is a state for one of the keys.
 */
extern int64 te_bulk_insert(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc);

/* Keys, of the state table's type, of rows of a table. */
typedef struct TeBulkKeys
{
	const TeTrackedTable *table;
	const Datum *keys;
	int			count;
} TeBulkKeys;

/* The same for keys of several tables with the same state table. */
extern void te_bulk_insert_keys(const TeBulkKeys *rows, int count);

#endif							/* TE_PG_BULK_INSERT_H */
