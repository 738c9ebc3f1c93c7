/*
 * range_insert.h
 *		Notes the ranges of keys that a large statement has inserted.  Private to trigger.c.
 */
#ifndef TE_PG_RANGE_INSERT_H
#define TE_PG_RANGE_INSERT_H

#include "postgres.h"

#include "utils/tuplestore.h"

#include "tracked_table.h"

/*
 * Note the rows of a transition table as ranges of keys, instead of inserting states.  False, with nothing done, if they are
 * too few, their keys form too many ranges, or there is a state for one of the keys.  Inside SPI.
 */
extern bool te_range_insert(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc);

/*
 * The same for keys of the state table's type, which may be sorted by this, of a partition into which a statement on all of
 * them has inserted so many of its rows.
 */
extern bool te_range_insert_keys(const TeTrackedTable *table, Datum *keys, int64 count, int64 rows);

#endif							/* TE_PG_RANGE_INSERT_H */
