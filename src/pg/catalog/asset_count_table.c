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
	ATTACHMENT, STATUS, ASSETS, FINISHED_AT, COUNTED, THUMBNAIL_SETTINGS, EXIF_SETTINGS, COLUMNS
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
add_row(Relation table, const TeCountEntry *entry)
{
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {false};
	HeapTuple	tuple;
	ItemPointerData place;

	values[ATTACHMENT] = Int32GetDatum(entry->attachment);
	nulls[STATUS] = entry->kind >= TE_ASSET_STATUSES;
	if (!nulls[STATUS])
		values[STATUS] = ObjectIdGetDatum(status_values[entry->kind]);
	values[ASSETS] = Int64GetDatum(entry->number);
	nulls[FINISHED_AT] = entry->kind != TE_COUNT_FINISHED;
	values[FINISHED_AT] = TimestampTzGetDatum(entry->at);
	values[COUNTED] = BoolGetDatum(entry->kind == TE_COUNT_COUNTED);
	nulls[THUMBNAIL_SETTINGS] = nulls[EXIF_SETTINGS] = entry->kind != TE_COUNT_SETTINGS;
	values[THUMBNAIL_SETTINGS] = Int64GetDatum(entry->settings.thumbnail);
	values[EXIF_SETTINGS] = Int64GetDatum(entry->settings.exif);
	tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
	/* replicated to another database, it would be counted there as a change of its own, and its deletion is not replicated */
	heap_insert(table, tuple, GetCurrentCommandId(true), HEAP_INSERT_NO_LOGICAL, NULL);
	place = tuple->t_self;
	heap_freetuple(tuple);
	return place;
}

/* Read a row; its kind is -1 if its status is unknown. */
static void
read_row(TupleTableSlot *slot, TeCountEntry *entry)
{
	slot_getallattrs(slot);
	memset(entry, 0, sizeof(*entry));
	entry->attachment = DatumGetInt32(slot->tts_values[ATTACHMENT]);
	entry->number = DatumGetInt64(slot->tts_values[ASSETS]);
	if (!slot->tts_isnull[STATUS])
		entry->kind = te_count_status(DatumGetObjectId(slot->tts_values[STATUS]));
	else if (!slot->tts_isnull[FINISHED_AT])
	{
		entry->kind = TE_COUNT_FINISHED;
		entry->at = DatumGetTimestampTz(slot->tts_values[FINISHED_AT]);
	}
	else if (!slot->tts_isnull[EXIF_SETTINGS])
	{
		entry->kind = TE_COUNT_SETTINGS;
		entry->settings.thumbnail = DatumGetInt64(slot->tts_values[THUMBNAIL_SETTINGS]);
		entry->settings.exif = DatumGetInt64(slot->tts_values[EXIF_SETTINGS]);
	}
	else
		entry->kind = DatumGetBool(slot->tts_values[COUNTED]) ? TE_COUNT_COUNTED : TE_COUNT_ROWS;
}

HTAB *
te_counts_read(Snapshot snapshot)
{
	HTAB	   *counts = te_counts_new();
	Relation	table = table_open(count_table(), AccessShareLock);
	TableScanDesc scan = table_beginscan(table, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(table, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		TeCountEntry entry;

		CHECK_FOR_INTERRUPTS();
		read_row(slot, &entry);
		if (entry.kind >= 0)
			te_counts_add(counts, &entry);
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
	int64		second;			/* of TE_COUNT_FINISHED; with the first part of the entry the hash key */
	TeCountEntry entry;			/* its time is the last one */
	int			rows;
} Sum;

/* A row, and the sum it is part of. */
typedef struct Summand
{
	ItemPointerData place;
	Sum		   *sum;
} Summand;

static HTAB *
new_sums(void)
{
	HASHCTL		control = {
		.keysize = offsetof(Sum, entry.number),
		.entrysize = sizeof(Sum),
		.hcxt = CurrentMemoryContext
	};

	return hash_create("thumbexif sums", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static Sum *
add_to_sums(HTAB *sums, TupleTableSlot *slot)
{
	Sum			row = {0};
	Sum		   *sum;
	bool		found;

	read_row(slot, &row.entry);
	row.second = row.entry.at / USECS_PER_SEC;
	sum = hash_search(sums, &row, HASH_ENTER, &found);
	sum->entry.number = (found ? sum->entry.number : 0) + row.entry.number;
	sum->entry.at = found ? Max(sum->entry.at, row.entry.at) : row.entry.at;
	sum->rows = (found ? sum->rows : 0) + 1;
	return sum;
}

/* Is a sum worth a row? */
static bool
is_needed(const Sum *sum)
{
	if (sum->entry.kind == TE_COUNT_FINISHED)
		return te_count_is_recent(sum->entry.at);
	return sum->entry.kind >= 0 && sum->entry.number != 0;
}

/* A range of pages to fold: from "next" to before "end". */
typedef struct Pages
{
	BlockNumber next;
	BlockNumber end;
} Pages;

/* Sum the next rows of the pages, at most MAX_FOLDED, and note which they are.  Returns their number. */
static int
sum_rows(Relation table, Pages *pages, HTAB *sums, Summand *rows)
{
	TableScanDesc scan = table_beginscan_strat(table, GetActiveSnapshot(), 0, NULL, false, false);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	int			n = 0;

	heap_setscanlimits(scan, pages->next, pages->end - pages->next);
	while (n < MAX_FOLDED && table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		rows[n].sum = add_to_sums(sums, slot);
		rows[n++].place = slot->tts_tid;
	}
	pages->next = n < MAX_FOLDED ? pages->end : ItemPointerGetBlockNumber(&rows[n - 1].place);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	return n;
}

/*
 * Replace the next rows of the pages by their sums.  A row that is a sum by itself stays where it is: those of the last
 * seconds would be written again each time, and would be most of the table.  What this command has added is not seen yet,
 * and stays.
 */
static void
replace_rows(Relation table, Pages *pages)
{
	HTAB	   *sums = new_sums();
	Summand    *rows = palloc(sizeof(Summand) * MAX_FOLDED);
	HASH_SEQ_STATUS all;
	Sum		   *sum;
	int			n;

	PushActiveSnapshot(GetLatestSnapshot());
	n = sum_rows(table, pages, sums, rows);
	PopActiveSnapshot();
	for (int i = 0; i < n; i++)
	{
		if (rows[i].sum->rows > 1 || !is_needed(rows[i].sum))
			simple_heap_delete(table, &rows[i].place);
	}
	hash_seq_init(&all, sums);
	while ((sum = hash_seq_search(&all)) != NULL)
	{
		if (sum->rows > 1 && is_needed(sum))
			(void) add_row(table, &sum->entry);
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
		if (change->entry.number == 0 || change->extension != extension)
			continue;
		place = add_row(table, &change->entry);
		folds |= may_fold && ItemPointerGetOffsetNumber(&place) == FirstOffsetNumber;
	}
	if (folds && ItemPointerIsValid(&place))
		fold(table, ItemPointerGetBlockNumber(&place));
	table_close(table, NoLock);
}
