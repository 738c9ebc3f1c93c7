/*
 * row_trigger.c
 *		The trigger function of attached partitioned tables, which keeps the state rows of their partitions up to date.
 *
 * PostgreSQL makes the triggers of a partitioned table in each of its partitions, now and later, and fires them for each row, whichever
 * table a statement names.  Transition tables of a partition have not the rows that come through its parent, so there are none: what is
 * inserted is collected (pending_row.c), and what is deleted may have moved (moving_row.c, moved_row.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/rel.h"

#include "moved_row.h"
#include "moving_row.h"
#include "pending_row.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset_count.h"
#include "pg/compat.h"
#include "pg/shared/wakeup.h"
#include "tracked_table.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(thumbexif_track_row);

static void
row_inserted(TeTrackedTable *table, TupleTableSlot *row)
{
	TeMovedResult moved;
	Datum		key;

	te_count_rows(table->attachment, 1);
	if (!te_tracked_key(table, row, &key))
	{
		te_trigger_refuse_key(table);
		return;
	}
	moved = te_moving_row_arrives(table, key, row);
	if (moved == TE_MOVED_NOT)
	{
		te_moving_rows_settle();
		moved = te_moved_row_arrives(table, key, row);
	}
	if (moved == TE_MOVED_CHANGED)
		te_trigger_run_plan(table, TE_PLAN_QUEUE_ONE, key, (Datum) 0);
	else if (moved == TE_MOVED_NOT)
		te_pending_row_add(table, key);
}

/* Does UPDATE delete the row to insert it into another partition? */
static bool
is_moving(const TriggerData *trigger)
{
	return TRIGGER_FIRED_FOR_ROW(trigger->tg_event) && TRIGGER_FIRED_BY_DELETE(trigger->tg_event) &&
		HeapTupleHeaderIndicatesMovedPartitions(trigger->tg_trigtuple->t_data);
}

static void
row_deleted(TeTrackedTable *table, TriggerData *trigger)
{
	Datum		key;

	te_count_rows(table->attachment, -1);
	if (!te_tracked_key(table, trigger->tg_trigslot, &key))
		return;
	if (is_moving(trigger) && !table->arrived)
		te_moving_row_leaves(table, key);
	else if (!te_moved_row_leaves(table, key, is_moving(trigger)) && table->arrived)
		te_trigger_run_plan(table, TE_PLAN_QUEUE_ONE, key, (Datum) 0);
}

/* A row that was inserted, without a statement of ours, if that can be.  False if not. */
static bool
row_inserted_quickly(TriggerData *trigger)
{
	TeTrackedTable *table = te_tracked_table_known(RelationGetRelid(trigger->tg_relation));
	Datum		key;

	if (table == NULL || te_moving_rows_any() || te_moved_rows_any() || te_pending_rows_any(true))
		return false;
	if (table->parent == 0)
		return true;
	if (!table->has_key || table->path == 0 || !te_tracked_key(table, trigger->tg_trigslot, &key))
		return false;
	te_count_rows(table->attachment, 1);
	te_pending_row_add(table, key);
	te_wake_at_commit();
	return true;
}

/* Keep the state of a row of a partition whose trigger was fired. */
static void
keep_row(TriggerData *trigger)
{
	TeTrackedTable *table = te_tracked_table(RelationGetRelid(trigger->tg_relation));

	if (table->parent == 0)
	{
		if (!TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
			return;
		te_moving_rows_settle();
		if (te_moved_rows_any())
			te_moved_row_escapes(table->relation, trigger->tg_trigslot);
		return;
	}
	if (!table->has_key || table->path == 0)
		te_trigger_warn(table);
	else if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		row_inserted(table, trigger->tg_trigslot);
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		row_deleted(table, trigger);
	else
		te_trigger_row_updated(table, trigger);
	te_wake_at_commit();
}

/* The triggers of partitioned tables: for each row, and for the end of the statement. */
static void
track_row(TriggerData *trigger)
{
	bool		row = TRIGGER_FIRED_FOR_ROW(trigger->tg_event);
	bool		insert = row && TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	TeRunAs		save;

	if (insert ? row_inserted_quickly(trigger) : !row && !te_moving_rows_any() && !te_pending_rows_any(false))
		return;
	te_run_as_extension(&save);
	te_set_index_only();
	SPI_connect();
	if (!insert)
		te_moving_rows_settle();
	/* what moves is seldom what the same statement has inserted */
	if (insert ? te_pending_rows_any(true) : !is_moving(trigger) || te_pending_rows_of(RelationGetRelid(trigger->tg_relation)))
		te_pending_rows_queue();
	if (row)
		keep_row(trigger);
	SPI_finish();
	te_run_as_end(&save);
}

/* thumbexif_track_row() RETURNS trigger */
Datum
thumbexif_track_row(PG_FUNCTION_ARGS)
{
	return te_trigger_called(fcinfo, "thumbexif_track_row()", track_row);
}
