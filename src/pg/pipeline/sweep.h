/*
 * sweep.h
 *		Looks through an attached table for changes that no trigger has told of.
 *
 * A sweep reads all rows in the order of the key's index, with their states: rows without state are queued, also those whose path is
 * another than when they were examined.  If then there are more states than rows that have one, it reads the states, and removes those
 * whose row is gone, unless a row under another key names their file.  Rows that name files of ours which are not in their states
 * are put off until then: most likely they are done.
 *
 * It goes in steps of some thousand rows, each in a transaction of its own, and waits for nobody.
 */
#ifndef TE_PG_SWEEP_H
#define TE_PG_SWEEP_H

#include "postgres.h"

#include "pg/catalog/swept.h"

/* What the steps of a sweep have done so far. */
typedef struct TeSweepCounts
{
	int64		queued;
	int64		adopted;
	int64		removed;
} TeSweepCounts;

/*
 * Does the next step of a sweep that is at swept->phase and place, and advances these; the phase is TE_SWEEP_NONE after the last step.
 * The attachment must be the one that te_table_access() returned in this transaction.  Needs an SPI connection; allocates in the
 * current memory context.
 */
extern void te_sweep_step(const TeAttachment *attachment, TeSwept *swept, TeSweepCounts *counts);

#endif							/* TE_PG_SWEEP_H */
