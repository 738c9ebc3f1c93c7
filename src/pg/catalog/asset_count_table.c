/*
 * asset_count_table.c
 *		The table thumbexif_count: adds rows, sums them up, and replaces them by their sums.
 *
 * It is accessed as the server accesses a catalog, without a query: at the end of a transaction no statement can be run,
 * and whoever commits needs no rights on it.  It has no index.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "asset_count.h"
#include "attachment.h"
#include "pg/base/extension.h"

/* Columns of the table. */
enum
{
	ATTACHMENT, STATUS, ASSETS, FINISHED_AT, COUNTED, COLUMNS
};

/*
 * Whoever writes the first row of a page folds: replaces the rows of some pages around it by their sums.  So do some at
 * random, since a page that VACUUM has made space in may keep its first row, and some of these fold all pages, which may be
 * many: an old snapshot keeps replaced rows from being removed.
 */
#define FOLD_PAGES		32
#define FOLD_SOMETIMES	64		/* one of so many transactions */
#define FOLD_ALL		64		/* one of so many that fold */
#define MAX_FOLDED		10000	/* rows at a time */

/* --- statuses */

static Oid	status_values[TE_ASSET_STATUSES];	/* of the type thumbexif_asset_status, when they were last looked up */

/* Look the values of the type up. */
static void
read_statuses(void)
{
	TeExtension extension;
	Oid			type;

	te_extension_get(&extension);
	type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("thumbexif_asset_status"),
						   ObjectIdGetDatum(extension.schema));
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		status_values[i] = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(type),
										   CStringGetDatum(te_asset_status_name((TeAssetStatus) i)));
}

static int
find_status(Oid value)
{
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
	{
		if (status_values[i] == value)
			return i;
	}
	return -1;
}

int
te_count_status(Oid value)
{
	int			status = find_status(value);

	if (status < 0)
	{
		read_statuses();
		status = find_status(value);
	}
	return status;
}

Oid
te_count_status_value(TeAssetStatus status)
{
	read_statuses();
	return status_values[status];
}

/* --- numbers in memory */

static HTAB *
new_counts(void)
{
	HASHCTL		control = {
		.keysize = sizeof(int),
		.entrysize = sizeof(TeAssetCounts),
		.hcxt = CurrentMemoryContext
	};

	return hash_create("thumbexif numbers", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Is a time near now?  Others are ignored: the clock may have been set back. */
static bool
is_recent(TimestampTz at)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		bound = TE_COUNT_RATE_SECONDS * USECS_PER_SEC;

	return at > now - bound && at < now + bound;
}

static void
add_finished(TeAssetCounts *counts, int64 assets, TimestampTz at)
{
	if (!is_recent(at))
		return;
	if (counts->first_finished_at == 0 || at < counts->first_finished_at)
	{
		counts->first_finished_at = at;
		counts->first_finished = 0;
	}
	if (at == counts->first_finished_at)
		counts->first_finished += assets;
	counts->last_finished_at = Max(counts->last_finished_at, at);
	counts->finished += assets;
}

void
te_counts_add(HTAB *counts, int attachment, int kind, int64 number, TimestampTz at)
{
	TeAssetCounts *entry;
	bool		found;

	entry = hash_search(counts, &attachment, HASH_ENTER, &found);
	if (!found)
	{
		memset(entry, 0, sizeof(TeAssetCounts));
		entry->attachment = attachment;
	}
	if (kind < TE_ASSET_STATUSES)
		entry->assets[kind] += number;
	else if (kind == TE_COUNT_ROWS)
		entry->rows += number;
	else if (kind == TE_COUNT_COUNTED)
		entry->counted += number;
	else
		add_finished(entry, number, at);
}

const TeAssetCounts *
te_counts_find(HTAB *counts, int attachment)
{
	return hash_search(counts, &attachment, HASH_FIND, NULL);
}

int64
te_counts_known(const TeAssetCounts *counts)
{
	int64		known = 0;

	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		known += counts->assets[i];
	return known;
}

/* --- the table */

static Oid
count_table(void)
{
	TeExtension extension;

	te_extension_get(&extension);
	return get_relname_relid("thumbexif_count", extension.schema);
}

/* Add a row.  Returns where. */
static ItemPointerData
add_row(Relation table, int attachment, int kind, int64 number, TimestampTz at)
{
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {false};
	HeapTuple	tuple;
	ItemPointerData place;

	values[ATTACHMENT] = Int32GetDatum(attachment);
	nulls[STATUS] = kind >= TE_ASSET_STATUSES;
	if (!nulls[STATUS])
		values[STATUS] = ObjectIdGetDatum(status_values[kind]);
	values[ASSETS] = Int64GetDatum(number);
	nulls[FINISHED_AT] = kind != TE_COUNT_FINISHED;
	values[FINISHED_AT] = TimestampTzGetDatum(at);
	values[COUNTED] = BoolGetDatum(kind == TE_COUNT_COUNTED);
	tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
	/* replicated to another database, it would be counted there as a change of its own, and its deletion is not replicated */
	heap_insert(table, tuple, GetCurrentCommandId(true), HEAP_INSERT_NO_LOGICAL, NULL);
	place = tuple->t_self;
	heap_freetuple(tuple);
	return place;
}

/* The kind, number and time of a row. */
static int
read_row(TupleTableSlot *slot, int *attachment, int64 *number, TimestampTz *at)
{
	slot_getallattrs(slot);
	*attachment = DatumGetInt32(slot->tts_values[ATTACHMENT]);
	*number = DatumGetInt64(slot->tts_values[ASSETS]);
	*at = slot->tts_isnull[FINISHED_AT] ? 0 : DatumGetTimestampTz(slot->tts_values[FINISHED_AT]);
	if (!slot->tts_isnull[STATUS])
		return te_count_status(DatumGetObjectId(slot->tts_values[STATUS]));
	if (!slot->tts_isnull[FINISHED_AT])
		return TE_COUNT_FINISHED;
	return DatumGetBool(slot->tts_values[COUNTED]) ? TE_COUNT_COUNTED : TE_COUNT_ROWS;
}

HTAB *
te_counts_read(Snapshot snapshot)
{
	HTAB	   *counts = new_counts();
	Relation	table = table_open(count_table(), AccessShareLock);
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(table, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		int			attachment;
		int64		number;
		TimestampTz at;
		int			kind = read_row(slot, &attachment, &number, &at);

		CHECK_FOR_INTERRUPTS();
		if (kind >= 0)
			te_counts_add(counts, attachment, kind, number, at);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(table, AccessShareLock);
	te_count_add_collected(counts);
	return counts;
}

int64
te_table_rows(Relation table, Snapshot snapshot)
{
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	int64		rows = 0;

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		rows++;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return rows;
}

bool
te_count_lock(bool wait)
{
	if (!wait)
		return ConditionalLockDatabaseObject(RelationRelationId, count_table(), 1, ExclusiveLock);
	LockDatabaseObject(RelationRelationId, count_table(), 1, ExclusiveLock);
	return true;
}

/* --- folding */

/* True once in so many calls, at random. */
static bool
one_of(uint32 calls)
{
	return pg_prng_uint32(&pg_global_prng_state) % calls == 0;
}

typedef struct Sum
{
	/* hash key */
	int			attachment;
	int			kind;
	int64		second;			/* of TE_COUNT_FINISHED */

	int64		number;
	TimestampTz at;				/* the last one */
} Sum;

static HTAB *
new_sums(void)
{
	HASHCTL		control = {
		.keysize = offsetof(Sum, number),
		.entrysize = sizeof(Sum),
		.hcxt = CurrentMemoryContext
	};

	return hash_create("thumbexif sums", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
add_to_sums(HTAB *sums, TupleTableSlot *slot)
{
	Sum			key = {0};
	Sum		   *sum;
	int64		number;
	TimestampTz at;
	bool		found;

	key.kind = read_row(slot, &key.attachment, &number, &at);
	key.second = at / USECS_PER_SEC;
	sum = hash_search(sums, &key, HASH_ENTER, &found);
	sum->number = (found ? sum->number : 0) + number;
	sum->at = found ? Max(sum->at, at) : at;
}

/* Is a sum worth a row? */
static bool
is_needed(const Sum *sum)
{
	if (sum->kind == TE_COUNT_FINISHED)
		return is_recent(sum->at);
	return sum->kind >= 0 && sum->number != 0;
}

/* A range of pages to fold: from "next" to before "end". */
typedef struct Pages
{
	BlockNumber next;
	BlockNumber end;
} Pages;

/* Sum the next rows of the pages, at most MAX_FOLDED, and note which they are.  Returns their number. */
static int
sum_rows(Relation table, Pages *pages, HTAB *sums, ItemPointer rows)
{
	TableScanDesc scan = table_beginscan_strat(table, GetActiveSnapshot(), 0, NULL, false, false);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	int			n = 0;

	heap_setscanlimits(scan, pages->next, pages->end - pages->next);
	while (n < MAX_FOLDED && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		add_to_sums(sums, slot);
		rows[n++] = slot->tts_tid;
	}
	pages->next = n < MAX_FOLDED ? pages->end : ItemPointerGetBlockNumber(&rows[n - 1]);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return n;
}

/* Replace the next rows of the pages by their sums.  What this command has added is not seen yet, and stays. */
static void
replace_rows(Relation table, Pages *pages)
{
	HTAB	   *sums = new_sums();
	ItemPointer rows = palloc(sizeof(ItemPointerData) * MAX_FOLDED);
	HASH_SEQ_STATUS all;
	Sum		   *sum;
	int			n;

	PushActiveSnapshot(GetLatestSnapshot());
	n = sum_rows(table, pages, sums, rows);
	PopActiveSnapshot();
	if (n > hash_get_num_entries(sums))
	{
		for (int i = 0; i < n; i++)
			simple_heap_delete(table, &rows[i]);
		hash_seq_init(&all, sums);
		while ((sum = hash_seq_search(&all)) != NULL)
		{
			if (is_needed(sum))
				(void) add_row(table, sum->attachment, sum->kind, sum->number, sum->at);
		}
	}
	pfree(rows);
	hash_destroy(sums);
}

/* The same for the pages around a row, or all, unless another process is doing it or correcting the numbers. */
static void
fold(Relation table, BlockNumber page)
{
	BlockNumber count = RelationGetNumberOfBlocks(table);
	Pages		pages = {.next = 0, .end = count};

	if (!te_count_lock(false))
		return;
	if (!one_of(FOLD_ALL) && count > FOLD_PAGES)
	{
		pages.next = Min(page > FOLD_PAGES / 2 ? page - FOLD_PAGES / 2 : 0, count - FOLD_PAGES);
		pages.end = pages.next + FOLD_PAGES;
	}
	replace_rows(table, &pages);
}

void
te_count_fold_all(void)
{
	Relation	table;
	Pages		pages = {0};

	if (IsolationIsSerializable() || !te_count_lock(false))
		return;
	table = table_open(count_table(), RowExclusiveLock);
	pages.end = RelationGetNumberOfBlocks(table);
	while (pages.next < pages.end)
	{
		CHECK_FOR_INTERRUPTS();
		replace_rows(table, &pages);
		CommandCounterIncrement();	/* a page may be read twice */
	}
	table_close(table, NoLock);
}

void
te_count_write(HTAB *changes, Oid extension, bool may_fold)
{
	Relation	table = table_open(count_table(), RowExclusiveLock);
	HASH_SEQ_STATUS all;
	TeCountChange *change;
	ItemPointerData place;
	bool		folds = may_fold && one_of(FOLD_SOMETIMES);

	read_statuses();
	ItemPointerSetInvalid(&place);
	hash_seq_init(&all, changes);
	while ((change = hash_seq_search(&all)) != NULL)
	{
		if (change->number == 0 || change->extension != extension)
			continue;
		place = add_row(table, change->attachment, change->kind, change->number, change->at);
		folds |= may_fold && ItemPointerGetOffsetNumber(&place) == FirstOffsetNumber;
	}
	if (folds && ItemPointerIsValid(&place))
		fold(table, ItemPointerGetBlockNumber(&place));
	table_close(table, NoLock);
}
