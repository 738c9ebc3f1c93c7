/*
 * range_insert.c
 *		Notes the ranges of keys that a large statement has inserted, for the worker to queue their assets later.
 *
 * A range has no key that the statement did not insert: rows that were there before the table was attached are not the
 * worker's.  Keys of an identity or a serial column form one range, or few if other sessions insert at the same time.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "pg/catalog/inserted_range.h"
#include "pg/catalog/key.h"
#include "pg/catalog/state_range.h"
#include "range_insert.h"

#define LEAST_ROWS		5000	/* fewer are queued at once */
#define ROWS_A_RANGE	100		/* on average; with fewer, states are inserted at once */
#define MOST_RANGES		1000000

typedef struct Ranges
{
	int64	   *lowest;
	int64	   *highest;
	int			count;
	int			most;
} Ranges;

/* Add a key: the rows come in the order in which they were inserted.  False if there are too many ranges. */
static bool
add_key(Ranges *ranges, int64 key)
{
	int			last = ranges->count - 1;

	if (last >= 0 && ranges->highest[last] < PG_INT64_MAX && key == ranges->highest[last] + 1)
	{
		ranges->highest[last] = key;
		return true;
	}
	if (ranges->count == ranges->most)
		return false;
	ranges->lowest[ranges->count] = ranges->highest[ranges->count] = key;
	ranges->count++;
	return true;
}

/* Collect the keys of all rows.  False if there are too many ranges, or a key is NULL. */
static bool
collect(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc, Ranges *ranges)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	bool		fits = true;

	tuplestore_rescan(rows);
	while (fits && tuplestore_gettupleslot(rows, true, false, slot))
	{
		Datum		key;

		CHECK_FOR_INTERRUPTS();
		fits = te_tracked_key(table, slot, &key) && add_key(ranges, DatumGetInt64(key));
	}
	ExecDropSingleTupleTableSlot(slot);
	return fits;
}

/* Is there a state for one of the keys?  Rows were deleted while the triggers were disabled. */
static bool
have_states(const TeTrackedTable *table, const Ranges *ranges)
{
	for (int i = 0; i < ranges->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (te_states_in_range(table->attachment, ranges->lowest[i], ranges->highest[i]))
			return true;
	}
	return false;
}

/* Room for the ranges of so many keys.  False if the statement has inserted too few rows, or keys are no integers. */
static bool
begin_ranges(const TeTrackedTable *table, int64 count, int64 rows, Ranges *ranges)
{
	*ranges = (Ranges) {.most = (int) Min(count / ROWS_A_RANGE, MOST_RANGES)};
	if (rows < LEAST_ROWS || ranges->most == 0 || te_key_state_type(table->key_type) != INT8OID)
		return false;
	ranges->lowest = palloc(sizeof(int64) * ranges->most);
	ranges->highest = palloc(sizeof(int64) * ranges->most);
	return true;
}

/* Note the ranges if all keys are in them and none has a state. */
static bool
end_ranges(const TeTrackedTable *table, Ranges *ranges, bool fits)
{
	bool		noted = fits && !have_states(table, ranges);

	if (noted)
		te_inserted_ranges_add(table->attachment, ranges->lowest, ranges->highest, ranges->count);
	pfree(ranges->lowest);
	pfree(ranges->highest);
	return noted;
}

bool
te_range_insert(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc)
{
	Ranges		ranges;

	return begin_ranges(table, tuplestore_tuple_count(rows), tuplestore_tuple_count(rows), &ranges) &&
		end_ranges(table, &ranges, collect(table, rows, desc, &ranges));
}

bool
te_range_insert_keys(const TeTrackedTable *table, const Datum *keys, int64 count, int64 rows)
{
	Ranges		ranges;
	bool		fits = true;

	if (!begin_ranges(table, count, rows, &ranges))
		return false;
	for (int64 i = 0; fits && i < count; i++)
		fits = add_key(&ranges, DatumGetInt64(keys[i]));
	return end_ranges(table, &ranges, fits);
}
