/*
 * range_insert.c
 *		Notes the ranges of keys that a large statement has inserted, for the worker to queue their assets later.
 *
 * A range has no key that the statement did not insert: rows that were there before the table was attached are not the
 * worker's.  Keys of an identity or a serial column form one range, or few if other sessions insert at the same time.  If
 * there are too many in the order in which the rows came, the keys are sorted.
 */
#include "postgres.h"

#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/tuplesort.h"

#include "pg/catalog/inserted_range.h"
#include "pg/catalog/key.h"
#include "pg/catalog/state_range.h"
#include "pg/compat.h"
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

/* Add a key.  False if there are too many ranges. */
static bool
add_key(Ranges *ranges, int64 key)
{
	int			last = ranges->count - 1;

	if (last >= 0 && key == ranges->highest[last])
		return true;			/* it is unique no longer */
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

/* Add the keys of all rows, or give them to a sort.  False if there are too many ranges, or a key is NULL. */
static bool
collect(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc, Ranges *ranges, Tuplesortstate *sort)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	bool		fits = true;

	tuplestore_rescan(rows);
	while (fits && tuplestore_gettupleslot(rows, true, false, slot))
	{
		Datum		key;

		CHECK_FOR_INTERRUPTS();
		fits = te_tracked_key(table, slot, &key);
		if (fits && sort != NULL)
			tuplesort_putdatum(sort, key, false);
		else if (fits)
			fits = add_key(ranges, DatumGetInt64(key));
	}
	ExecDropSingleTupleTableSlot(slot);
	return fits;
}

/* The same in the order of the keys. */
static bool
collect_sorted(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc, Ranges *ranges)
{
	Tuplesortstate *sort = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, work_mem, NULL, TUPLESORT_NONE);
	bool		fits = collect(table, rows, desc, NULL, sort);
	Datum		key;
	bool		isnull;

	ranges->count = 0;
	if (fits)
		tuplesort_performsort(sort);
	while (fits && tuplesort_getdatum(sort, true, false, &key, &isnull, NULL))
	{
		CHECK_FOR_INTERRUPTS();
		fits = add_key(ranges, DatumGetInt64(key));
	}
	tuplesort_end(sort);
	return fits;
}

/* Add keys.  False if there are too many ranges. */
static bool
add_keys(Ranges *ranges, const Datum *keys, int64 count)
{
	bool		fits = true;

	ranges->count = 0;
	for (int64 i = 0; fits && i < count; i++)
		fits = add_key(ranges, DatumGetInt64(keys[i]));
	return fits;
}

static int
compare_keys(const void *a, const void *b)
{
	int64		left = DatumGetInt64(*(const Datum *) a);
	int64		right = DatumGetInt64(*(const Datum *) b);

	return (left > right) - (left < right);
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
		end_ranges(table, &ranges, collect(table, rows, desc, &ranges, NULL) || collect_sorted(table, rows, desc, &ranges));
}

bool
te_range_insert_keys(const TeTrackedTable *table, Datum *keys, int64 count, int64 rows)
{
	Ranges		ranges;
	bool		fits;

	if (!begin_ranges(table, count, rows, &ranges))
		return false;
	fits = add_keys(&ranges, keys, count);
	if (!fits)
	{
		qsort(keys, count, sizeof(Datum), compare_keys);
		fits = add_keys(&ranges, keys, count);
	}
	return end_ranges(table, &ranges, fits);
}
