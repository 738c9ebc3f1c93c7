/*
 * state_range.c
 *		Looks at the states of a range of integer keys, also at those that other transactions have not committed yet.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "asset_count.h"
#include "pg/base/extension.h"
#include "state_range.h"

typedef struct RangeScan
{
	Relation	table;
	SnapshotData snapshot;
	SysScanDesc scan;
} RangeScan;

static AttrNumber
column_number(const RangeScan *range, const char *name)
{
	AttrNumber	number = get_attnum(RelationGetRelid(range->table), name);

	if (number == InvalidAttrNumber)
		elog(ERROR, "state table has no column \"%s\"", name);
	return number;
}

static Oid
primary_key(Relation table)
{
	List	   *indexes = RelationGetIndexList(table);	/* finds the primary key */

	list_free(indexes);
	if (!OidIsValid(table->rd_pkindex))
		elog(ERROR, "state table \"%s\" has no primary key", RelationGetRelationName(table));
	return table->rd_pkindex;
}

static void
begin_scan(RangeScan *range, int attachment, int64 lowest, int64 highest)
{
	TeExtension extension;
	ScanKeyData keys[3];
	AttrNumber	id;

	te_extension_get(&extension);
	range->table = table_open(get_relname_relid(te_key_state_table(INT8OID), extension.schema), AccessShareLock);
	id = column_number(range, "id");
	ScanKeyInit(&keys[0], column_number(range, "attachment"), BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(attachment));
	ScanKeyInit(&keys[1], id, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(lowest));
	ScanKeyInit(&keys[2], id, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(highest));
	InitDirtySnapshot(range->snapshot);
	range->scan = systable_beginscan(range->table, primary_key(range->table), true, &range->snapshot, lengthof(keys), keys);
}

static void
end_scan(RangeScan *range)
{
	systable_endscan(range->scan);
	table_close(range->table, NoLock);
}

bool
te_states_in_range(int attachment, int64 lowest, int64 highest)
{
	RangeScan	range;
	bool		found;

	begin_scan(&range, attachment, lowest, highest);
	found = HeapTupleIsValid(systable_getnext(range.scan));
	end_scan(&range);
	return found;
}

/* What a tuple that the scan has just returned tells about its asset. */
static TeStateSeen
judge(const RangeScan *range, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(range->table);
	bool		isnull;
	int			status;
	int			from;

	if (TransactionIdIsValid(range->snapshot.xmin))
		return TE_STATE_BUSY;
	status = te_count_status(DatumGetObjectId(heap_getattr(tuple, column_number(range, "status"), desc, &isnull)));
	if (status == TE_ASSET_NEW)
		return TransactionIdIsValid(range->snapshot.xmax) ? TE_STATE_BUSY : TE_STATE_UNQUEUED;
	if (status != TE_ASSET_RUNNING)
		return TE_STATE_KNOWN;
	from = te_count_status(DatumGetObjectId(heap_getattr(tuple, column_number(range, "claimed_from"), desc, &isnull)));
	return isnull || from == TE_ASSET_NEW ? TE_STATE_BUSY : TE_STATE_KNOWN;
}

static int
find_key(const int64 *keys, int count, int64 key)
{
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (keys[middle] > key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && keys[low] == key ? low : -1;
}

void
te_states_seen(int attachment, const int64 *keys, int count, TeStateSeen *seen)
{
	RangeScan	range;
	HeapTuple	tuple;

	memset(seen, 0, sizeof(TeStateSeen) * count);
	if (count == 0)
		return;
	begin_scan(&range, attachment, keys[count - 1], keys[0]);
	while (HeapTupleIsValid(tuple = systable_getnext(range.scan)))
	{
		bool		isnull;
		int64		id = DatumGetInt64(heap_getattr(tuple, column_number(&range, "id"), RelationGetDescr(range.table), &isnull));
		int			at = find_key(keys, count, id);

		/* of a state that is being updated both versions are seen */
		if (at >= 0)
			seen[at] = Max(seen[at], judge(&range, tuple));
	}
	end_scan(&range);
}
