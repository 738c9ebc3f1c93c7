/*
 * inserted_range.h
 *		Ranges of integer keys whose rows a large statement has inserted, and whose assets are not queued yet.
 *
 * A state for each of a million rows would take as long to insert as the rows themselves.  So the trigger notes the ranges of
 * their keys (pg/sql/range_insert.c), and the worker queues the assets piece by piece, when nothing else is fresh
 * (pg/pipeline/inserted_queue.c).  Each key in a range was inserted by that statement; its row may be deleted by now, or
 * may have a state.
 *
 * All functions need an SPI connection and use the extension's rights.
 */
#ifndef TE_PG_INSERTED_RANGE_H
#define TE_PG_INSERTED_RANGE_H

#include "postgres.h"

#include "utils/timestamp.h"

typedef struct TeInsertedRange
{
	int64		number;			/* newer ranges have higher ones */
	int64		lowest;
	int64		highest;
	int			tries;			/* how often its keys were locked by others */
} TeInsertedRange;

/* Note ranges, which are due at once. */
extern void te_inserted_ranges_add(int attachment, const int64 *lowest, const int64 *highest, int count);

/* Put a part of a range off until a time: others have locked keys in it. */
extern void te_inserted_range_put_off(int attachment, const TeInsertedRange *part, TimestampTz until);

#define TE_INSERTED_NEWEST 0

/*
 * The newest range of an attachment that is due, from this number down: newer ones that were removed are not passed again.
 * False if there is none.
 */
extern bool te_inserted_range_next(int attachment, TimestampTz now, int64 from, TeInsertedRange *range);

/*
 * Take the keys from "from" on out of a range that was read, and remove it if none is left.  False, without a wait, if it is
 * locked or has changed.
 */
extern bool te_inserted_range_take(int attachment, const TeInsertedRange *range, int64 from);

/* When the first of those that are not due yet will be; 0 = never. */
extern TimestampTz te_inserted_ranges_due(int attachment, TimestampTz now);

/* Are there any, due or not? */
extern bool te_inserted_ranges_exist(int attachment);

/* Remove all of an attachment. */
extern void te_inserted_ranges_forget(int attachment);

/* SQL that tells whether a key, an SQL expression, is in a range of attachment $1; palloc'd. */
extern char *te_inserted_ranges_have_sql(const char *key);

#endif							/* TE_PG_INSERTED_RANGE_H */
