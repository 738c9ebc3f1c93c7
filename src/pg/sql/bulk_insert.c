/*
 * bulk_insert.c
 *		Inserts the state rows of many new assets, as COPY inserts rows: a page at a time, without a query.
 *
 * No check, default or trigger of the state table is executed: the columns are known, and the rows are counted here.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "bulk_insert.h"
#include "pg/base/extension.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/asset_state.h"

#define BATCH	1000			/* rows, as COPY */

/* An index that takes the new rows. */
typedef struct TargetIndex
{
	Relation	relation;
	IndexInfo  *info;
} TargetIndex;

typedef struct BulkInsert
{
	Relation	table;
	AttrNumber	id;
	Datum	   *values;			/* of the row to insert; all rows differ only in the id */
	bool	   *nulls;
	EState	   *estate;
	List	   *indexes;		/* TargetIndex */
	BulkInsertState state;
	TupleTableSlot *slots[BATCH];
	MemoryContext rows_context;
	int			count;
} BulkInsert;

static void
set_value(BulkInsert *insert, const char *column, Datum value)
{
	AttrNumber	number = get_attnum(RelationGetRelid(insert->table), column);

	if (number == InvalidAttrNumber)
		elog(ERROR, "state table has no column \"%s\"", column);
	insert->values[number - 1] = value;
	insert->nulls[number - 1] = false;
}

/* The columns that are not NULL in the state of a new asset. */
static void
set_values(BulkInsert *insert, const TeTrackedTable *table)
{
	TupleDesc	desc = RelationGetDescr(insert->table);

	insert->values = palloc0(sizeof(Datum) * desc->natts);
	insert->nulls = palloc(sizeof(bool) * desc->natts);
	memset(insert->nulls, true, sizeof(bool) * desc->natts);
	set_value(insert, "attachment", Int32GetDatum(table->attachment));
	set_value(insert, "status", ObjectIdGetDatum(te_count_status_value(TE_ASSET_QUEUED)));
	set_value(insert, "version", Int64GetDatum(te_asset_state_new_version()));
	set_value(insert, "next_try", TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	set_value(insert, "attempts", Int16GetDatum(0));
	set_value(insert, "interruptions", Int16GetDatum(0));
	set_value(insert, "wrote", Int64GetDatum(0));
	insert->id = get_attnum(RelationGetRelid(insert->table), "id");
}

/* Open the indexes whose predicate holds for the new rows: it does for all or for none. */
static void
open_indexes(BulkInsert *insert)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(insert->table), &TTSOpsVirtual);
	ExprContext *context = GetPerTupleExprContext(insert->estate);
	ListCell   *cell;

	memcpy(slot->tts_values, insert->values, sizeof(Datum) * slot->tts_tupleDescriptor->natts);
	memcpy(slot->tts_isnull, insert->nulls, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	ExecStoreVirtualTuple(slot);
	context->ecxt_scantuple = slot;
	foreach(cell, RelationGetIndexList(insert->table))
	{
		TargetIndex *index = palloc(sizeof(TargetIndex));

		index->relation = index_open(lfirst_oid(cell), RowExclusiveLock);
		index->info = BuildIndexInfo(index->relation);
		if (ExecQual(ExecPrepareQual(index->info->ii_Predicate, insert->estate), context))
			insert->indexes = lappend(insert->indexes, index);
		else
			index_close(index->relation, RowExclusiveLock);
	}
	ExecDropSingleTupleTableSlot(slot);
}

static void
begin_insert(BulkInsert *insert, const TeTrackedTable *table)
{
	TeExtension extension;

	te_extension_get(&extension);
	insert->table = table_open(get_relname_relid(te_key_state_table(table->key_type), extension.schema), RowExclusiveLock);
	insert->estate = CreateExecutorState();
	insert->state = GetBulkInsertState();
	insert->rows_context = AllocSetContextCreate(CurrentMemoryContext, "thumbexif new states", ALLOCSET_DEFAULT_SIZES);
	set_values(insert, table);
	open_indexes(insert);
	for (int i = 0; i < BATCH; i++)
		insert->slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(insert->table), &TTSOpsHeapTuple);
}

static void
end_insert(BulkInsert *insert)
{
	ListCell   *cell;

	for (int i = 0; i < BATCH; i++)
		ExecDropSingleTupleTableSlot(insert->slots[i]);
	foreach(cell, insert->indexes)
		index_close(((TargetIndex *) lfirst(cell))->relation, NoLock);
	FreeBulkInsertState(insert->state);
	FreeExecutorState(insert->estate);
	MemoryContextDelete(insert->rows_context);
	table_close(insert->table, NoLock);
}

static void
insert_into_index(BulkInsert *insert, TargetIndex *index)
{
	IndexUniqueCheck check = index->relation->rd_index->indisunique ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO;

	for (int i = 0; i < insert->count; i++)
	{
		Datum		values[INDEX_MAX_KEYS];
		bool		nulls[INDEX_MAX_KEYS];

		FormIndexDatum(index->info, insert->slots[i], insert->estate, values, nulls);
		(void) index_insert(index->relation, values, nulls, &insert->slots[i]->tts_tid, insert->table, check, false, index->info);
	}
}

/* Write the collected rows. */
static void
flush(BulkInsert *insert)
{
	MemoryContext caller = MemoryContextSwitchTo(insert->rows_context);
	ListCell   *cell;

	CHECK_FOR_INTERRUPTS();
	table_multi_insert(insert->table, insert->slots, insert->count, GetCurrentCommandId(true), 0, insert->state);
	foreach(cell, insert->indexes)
		insert_into_index(insert, lfirst(cell));
	MemoryContextSwitchTo(caller);
	MemoryContextReset(insert->rows_context);
	insert->count = 0;
}

static void
add_row(BulkInsert *insert, Datum id)
{
	MemoryContext caller = MemoryContextSwitchTo(insert->rows_context);

	insert->values[insert->id - 1] = id;
	insert->nulls[insert->id - 1] = false;
	ExecStoreHeapTuple(heap_form_tuple(RelationGetDescr(insert->table), insert->values, insert->nulls),
					   insert->slots[insert->count++], false);
	MemoryContextSwitchTo(caller);
	if (insert->count == BATCH)
		flush(insert);
}

int64
te_bulk_insert(const TeTrackedTable *table, Tuplestorestate *rows, TupleDesc desc)
{
	BulkInsert *insert = palloc0(sizeof(BulkInsert));
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	int64		inserted = 0;

	begin_insert(insert, table);
	tuplestore_rescan(rows);
	while (tuplestore_gettupleslot(rows, true, false, slot))
	{
		MemoryContext caller = MemoryContextSwitchTo(insert->rows_context);
		Datum		key;

		if (te_tracked_key(table, slot, &key))
		{
			add_row(insert, key);
			inserted++;
		}
		MemoryContextSwitchTo(caller);
	}
	if (insert->count > 0)
		flush(insert);
	end_insert(insert);
	ExecDropSingleTupleTableSlot(slot);
	pfree(insert);
	te_count_queued(table->attachment, inserted);
	return inserted;
}

void
te_bulk_insert_keys(const TeBulkKeys *rows, int count)
{
	BulkInsert *insert = palloc0(sizeof(BulkInsert));

	begin_insert(insert, rows[0].table);
	for (int i = 0; i < count; i++)
	{
		set_value(insert, "attachment", Int32GetDatum(rows[i].table->attachment));
		for (int j = 0; j < rows[i].count; j++)
			add_row(insert, rows[i].keys[j]);
	}
	if (insert->count > 0)
		flush(insert);
	end_insert(insert);
	pfree(insert);
	for (int i = 0; i < count; i++)
		te_count_queued(rows[i].table->attachment, rows[i].count);
}
