/*
 * moving_row.c
 *		Rows that UPDATE moves from one partition to another: their states follow by one statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/memutils.h"

#include "moving_row.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/key.h"
#include "trigger.h"

typedef struct MovingRow
{
	Oid			relation;		/* that it has left */
	int			folder;			/* of its thumbnails, which the partition to which it moves must have, too */
	Datum		key;
	int			level;			/* nesting of the subtransaction */
} MovingRow;

/* MovingRow *, the last one first; in TopTransactionContext.  There is more than one only while a trigger of the user's moves others. */
static List *moving = NIL;

bool
te_moving_rows_any(void)
{
	return moving != NIL;
}

void
te_moving_rows_settle(void)
{
	int			level = GetCurrentTransactionNestLevel();

	/* those of outer levels have left even if this one is rolled back */
	while (moving != NIL && ((MovingRow *) linitial(moving))->level >= level)
	{
		MovingRow  *row = linitial(moving);
		const TeTrackedTable *table = te_tracked_table(row->relation);

		moving = list_delete_first(moving);
		if (table->attachment != 0)
			te_moved_row_leaves(table, row->key, true);
	}
}

/* --- the end of transactions and subtransactions */

/*
 * Perhaps no trigger has told of the end of the statement: it was one on a table between the partitioned one and a partition.  Called before the
 * callback that writes the numbers of assets, which was registered earlier.
 */
static void
on_transaction_end(XactEvent event, void *arg)
{
	if (moving == NIL)
		return;
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		te_trigger_run_at_end(te_moving_rows_settle);
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		moving = NIL;			/* freed with the transaction's memory */
}

/* The rows of a subtransaction become those of its parent, or have not left. */
static void
on_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *cell;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	foreach(cell, moving)
	{
		MovingRow  *row = lfirst(cell);

		if (row->level < level)
			break;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			row->level = level - 1;
		else
			moving = foreach_delete_current(moving, cell);
	}
}

/* --- rows */

void
te_moving_row_leaves(const TeTrackedTable *table, Datum key)
{
	static bool registered = false;
	MemoryContext caller;
	MovingRow  *row;

	te_moving_rows_settle();
	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	caller = MemoryContextSwitchTo(TopTransactionContext);
	row = palloc(sizeof(MovingRow));
	row->relation = table->relation;
	row->folder = table->folder;
	row->key = te_tracked_key_copy(table, key, TopTransactionContext);
	row->level = GetCurrentTransactionNestLevel();
	moving = lcons(row, moving);
	MemoryContextSwitchTo(caller);
}

/*
 * Move the state $5 of attachment $4 to $6 of $1, if there is none.  It is the row's if that names its file ($7), or, where there is no file, if key ($3) or
 * path ($8, its hash) are the same.
 */
static char *
move_sql(const TeTrackedTable *table)
{
	return psprintf("UPDATE %s AS s SET attachment = $1, id = $6, " TE_STATE_MOVED " WHERE s.attachment = $4 AND s.id = $5"
					" AND CASE WHEN s.file IS NULL THEN $3 OR s.path_hash = $8 ELSE right($7, length(s.file) + 1) = '/' || s.file END"
					" AND NOT EXISTS (SELECT FROM %s AS o WHERE o.attachment = $1 AND o.id = $6) RETURNING s.path_hash, s.wrote",
					table->state, table->state);
}

/* Move its thumbnails in other sizes, too. */
static void
move_sizes(const TeTrackedTable *from, const TeTrackedTable *to, Datum old_key, Datum key)
{
	TeArgs		args = {0};

	te_arg_int4(&args, to->attachment);
	te_arg_int4(&args, from->attachment);
	te_arg(&args, te_key_state_type(to->key_type), old_key);
	te_arg(&args, te_key_state_type(to->key_type), key);
	te_sql(psprintf("UPDATE %s AS t SET attachment = $1, id = $4 WHERE t.attachment = $2 AND t.id = $3", te_thumbnail_table(to->state)), &args);
}

/* Move the state.  False if there is none, or it is not the row's. */
static bool
move_state(const TeTrackedTable *from, const TeTrackedTable *to, Datum old_key, Datum key, TupleTableSlot *row, bool *same_path)
{
	Oid			type = te_key_state_type(to->key_type);
	int64		path_hash = te_path_hash(te_tracked_text(row, to->path));
	TeArgs		args = {0};
	bool		moved;
	bool		sizes;

	te_arg_int4(&args, to->attachment);
	te_arg_int8(&args, te_asset_state_new_version());
	te_arg(&args, BOOLOID, BoolGetDatum(te_tracked_same_key(to, old_key, key)));
	te_arg_int4(&args, from->attachment);
	te_arg(&args, type, old_key);
	te_arg(&args, type, key);
	te_arg_text(&args, te_tracked_text(row, to->thumbnail_path));
	te_arg_int8(&args, path_hash);
	moved = te_sql(move_sql(to), &args) > 0;
	*same_path = moved && te_out_int(0, 1, ~path_hash) == path_hash;
	sizes = moved && (te_out_int(0, 2, 0) & TE_WROTE_SIZES) != 0;
	te_sql_free();
	if (sizes)
		move_sizes(from, to, old_key, key);
	return moved;
}

TeMovedResult
te_moving_row_arrives(const TeTrackedTable *table, Datum key, TupleTableSlot *row)
{
	MovingRow  *last = moving != NIL ? linitial(moving) : NULL;
	const TeTrackedTable *from;
	bool		same_path;

	if (last == NULL || last->level != GetCurrentTransactionNestLevel() || last->folder != table->folder)
		return TE_MOVED_NOT;
	from = te_tracked_table(last->relation);
	if (from->folder != table->folder || !move_state(from, table, last->key, key, row, &same_path))
		return TE_MOVED_NOT;
	moving = list_delete_first(moving);
	return same_path ? TE_MOVED_AS_IT_WAS : TE_MOVED_CHANGED;
}
