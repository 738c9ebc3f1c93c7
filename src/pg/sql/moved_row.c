/*
 * moved_row.c
 *		Rows that move from one partition to another: their state goes along.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "moved_row.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/hierarchy.h"
#include "pg/catalog/key.h"
#include "pg/pipeline/staleness.h"

/* So many deleted states are remembered.  An UPDATE that moves rows needs one, since each insertion follows its deletion. */
#define MOST_LEFT	200

/* A state that was deleted. */
typedef struct LeftRow
{
	int			folder;			/* of its thumbnails, which the partition to which it moves must have, too */
	Oid			key_type;
	Datum		key;
	int64		path_hash;
	bool		has_path_hash;
	char	   *file;			/* NULL = none */
	SubTransactionId left_in;	/* where it was deleted */
	SubTransactionId taken_in;	/* a subtransaction in it that has taken it over, or invalid */
	bool		moves;			/* it was not deleted for good: UPDATE moves it to another partition */
	Datum		state;			/* the row of the state table */
	Datum		sizes;			/* an array of rows of the table of thumbnails, or 0 */
	Datum		removals;		/* an array of numbers in thumbexif_removal, or 0 */
} LeftRow;

static MemoryContext left_context = NULL;	/* of the list and what is in it, below TopTransactionContext */
static List *left_rows = NIL;	/* LeftRow *, the last one first */
static FullTransactionId left_in;	/* the transaction of the list */
static int	num_left = 0;		/* remembered in it, also those that were taken over */
static bool last_left = false;	/* the first of the list was the last that happened */

/* Is the list of this transaction?  It had an id when it deleted a state. */
static bool
is_of_now(void)
{
	return left_context != NULL && FullTransactionIdEquals(left_in, GetTopFullTransactionIdIfAny());
}

static void
forget(void)
{
	if (is_of_now())
		MemoryContextDelete(left_context);
	left_context = NULL;
	left_rows = NIL;
	num_left = 0;
}

/*
 * SubXactCallback: what was deleted or taken over in a subtransaction that is rolled back was not; otherwise it was in its parent.
 */
static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	bool		aborted = event == SUBXACT_EVENT_ABORT_SUB;
	ListCell   *cell;

	if ((!aborted && event != SUBXACT_EVENT_COMMIT_SUB) || !is_of_now())
		return;
	if (aborted)
		last_left = false;
	foreach(cell, left_rows)
	{
		LeftRow    *left = lfirst(cell);

		if (left->taken_in == mine)
			left->taken_in = aborted ? InvalidSubTransactionId : parent;
		if (left->left_in == mine && !aborted)
			left->left_in = parent;
		if (left->left_in == mine || left->left_in == left->taken_in)
			left_rows = foreach_delete_current(left_rows, cell);
	}
}

/* Begin a list, if that of this transaction has not begun. */
static void
begin_list(void)
{
	static bool registered = false;

	if (!registered)
		RegisterSubXactCallback(subtransaction_ended, NULL);
	registered = true;
	if (is_of_now() && num_left < MOST_LEFT)
		return;
	forget();
	left_context = AllocSetContextCreate(TopTransactionContext, "thumbexif rows that left", ALLOCSET_SMALL_SIZES);
	left_in = GetTopFullTransactionId();
}

/* --- deletion */

/* A copy of a row or array in SPI_tuptable, 0 if it is NULL. */
static Datum
copy_out(int column)
{
	return te_out_null(0, column) ? (Datum) 0 : datumCopy(te_out(0, column), false, -1);
}

/* Remember the deleted state in SPI_tuptable; if there are too many, from here on. */
static void
remember(const TeTrackedTable *table, Datum key, bool moves)
{
	MemoryContext caller = CurrentMemoryContext;
	LeftRow    *row;

	begin_list();
	num_left++;
	MemoryContextSwitchTo(left_context);
	row = palloc0(sizeof(LeftRow));
	row->folder = table->folder;
	row->key_type = table->key_type;
	row->key = te_tracked_key_copy(table, key, left_context);
	row->has_path_hash = !te_out_null(0, 1);
	row->path_hash = te_out_int(0, 1, 0);
	row->file = te_out_text(0, 2);
	row->left_in = GetCurrentSubTransactionId();
	row->moves = moves;
	row->state = copy_out(3);
	row->sizes = copy_out(4);
	row->removals = copy_out(5);
	left_rows = lcons(row, left_rows);
	MemoryContextSwitchTo(caller);
}

bool
te_moved_row_leaves(const TeTrackedTable *table, Datum key, bool moves)
{
	TeArgs		args = {0};
	char	   *sql = psprintf("WITH gone AS (DELETE FROM %s AS s WHERE s.attachment = $1 AND s.id = $2"
							   " RETURNING s.path_hash, s.file, s.wrote, s AS whole),"
							   " sizes AS (DELETE FROM %s AS t USING gone WHERE t.attachment = $1 AND t.id = $2"
							   " AND (gone.wrote & " INT64_FORMAT ") <> 0 RETURNING t.file, t AS whole),"
							   " listed AS (INSERT INTO %s (attachment, file) SELECT $3, named.file"
							   " FROM (SELECT file FROM gone UNION ALL SELECT file FROM sizes) AS named WHERE named.file IS NOT NULL AND $4 RETURNING removal)"
							   " SELECT gone.path_hash, gone.file, gone.whole, (SELECT array_agg(sizes.whole) FROM sizes),"
							   " (SELECT array_agg(listed.removal) FROM listed) FROM gone",
							   table->state, te_thumbnail_table(table->state), TE_WROTE_SIZES, te_internal_name("thumbexif_removal"));

	/*
	 * Files of a shard's row that moves are not listed: the shard to which it moves may have no triggers yet, and tell nothing.  What no row names
	 * thumbexif_clean() finds.
	 */
	te_arg_int4(&args, table->attachment);
	te_arg(&args, te_key_state_type(table->key_type), key);
	te_arg_int4(&args, table->folder);
	te_arg(&args, BOOLOID, BoolGetDatum(!moves || table->folder > 0));
	last_left = te_sql(sql, &args) > 0;
	if (last_left)
		remember(table, key, moves);
	te_sql_free();
	pfree(sql);
	return last_left;
}

/* --- insertion */

/*
 * Is it the row that has left?  Keys may be the same in two partitions, and may change when a row moves.  A row that names the
 * file of the state is; where there is no file, UPDATE must have moved it, and two of these have to agree: the key, the path, and that
 * nothing has happened since.
 */
static bool
is_same_row(const LeftRow *left, const char *thumbnail_path, bool same_key, bool same_path, bool followed)
{
	if (left->file != NULL)
		return te_path_names_file(thumbnail_path, left->file);
	return left->moves && (int) same_key + same_path + followed >= 2;
}

/* The type of the rows of a table of ours. */
static Oid
row_type(const char *relation)
{
	TeExtension extension;

	te_extension_get(&extension);
	return get_rel_type_id(get_relname_relid(relation, extension.schema));
}

/* Append the columns of a relation, each after a comma, with a prefix, except those that are named (a comma behind each). */
static void
append_columns(StringInfo sql, const char *relation, const char *prefix, const char *except)
{
	TupleDesc	desc = lookup_rowtype_tupdesc(row_type(relation), -1);

	for (int i = 0; i < desc->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(desc, i)->attname);

		if (!TupleDescAttr(desc, i)->attisdropped && strstr(except, psprintf(",%s,", name)) == NULL)
			appendStringInfo(sql, ", %s%s", prefix, quote_identifier(name));
	}
	ReleaseTupleDesc(desc);
}

/* The statement that inserts a state again: $1 attachment, $2 version, $3 state, $4 sizes, $5 removals, $6 key. */
static char *
arrive_sql(const TeTrackedTable *table)
{
	static const char changed[] = ",attachment,id,status,claimed_from,claim,version,attempts,";
	const char *states = te_key_state_table(table->key_type);
	const char *thumbnails = psprintf("thumbexif_thumbnail%s", strrchr(states, '_'));
	StringInfoData sql;

	initStringInfo(&sql);
	/* a process that works on the asset knows only the partition where it was: restore the state before its claim */
	appendStringInfo(&sql, "WITH arrived AS (INSERT INTO %s AS s (attachment, id, status, version, attempts", table->state);
	append_columns(&sql, states, "", changed);
	appendStringInfoString(&sql, ") SELECT $1, $6, CASE ($3).status WHEN 'running' THEN COALESCE(($3).claimed_from, 'queued') ELSE ($3).status END,"
						   " GREATEST(($3).version + 1, $2),"
						   " CASE ($3).status WHEN 'running' THEN GREATEST(($3).attempts - 1, 0) ELSE ($3).attempts END");
	append_columns(&sql, states, "($3).", changed);
	appendStringInfo(&sql, " ON CONFLICT DO NOTHING RETURNING s.id), sizes AS (INSERT INTO %s (attachment, id", te_thumbnail_table(table->state));
	append_columns(&sql, thumbnails, "", ",attachment,id,");
	appendStringInfoString(&sql, ") SELECT $1, $6");
	append_columns(&sql, thumbnails, "t.", ",attachment,id,");
	appendStringInfo(&sql, " FROM unnest($4) AS t, arrived),"
					 " kept AS (DELETE FROM %s AS r USING unnest($5) AS k(removal), arrived WHERE r.removal = k.removal)"
					 " SELECT FROM arrived", te_internal_name("thumbexif_removal"));
	return sql.data;
}

/* An argument of the type of rows of a relation, or of an array of these. */
static void
arg_rows(TeArgs *args, const char *relation, Datum value, bool array)
{
	Oid			type = array ? get_array_type(row_type(relation)) : row_type(relation);

	if (value == (Datum) 0)
		te_arg_null(args, type);
	else
		te_arg(args, type, value);
}

/* Insert the state again, under this key.  False if the row has a state already. */
static bool
take_over(const TeTrackedTable *table, const LeftRow *left, Datum key)
{
	const char *states = te_key_state_table(table->key_type);
	TeArgs		args = {0};
	bool		taken;

	te_arg_int4(&args, table->attachment);
	te_arg_int8(&args, te_asset_state_new_version());
	arg_rows(&args, states, left->state, false);
	arg_rows(&args, psprintf("thumbexif_thumbnail%s", strrchr(states, '_')), left->sizes, true);
	if (left->removals == (Datum) 0)
		te_arg_null(&args, INT8ARRAYOID);
	else
		te_arg(&args, INT8ARRAYOID, left->removals);
	te_arg(&args, te_key_state_type(table->key_type), key);
	taken = te_sql(arrive_sql(table), &args) > 0;
	te_sql_free();
	return taken;
}

bool
te_moved_rows_any(void)
{
	ListCell   *cell;

	foreach(cell, is_of_now() ? left_rows : NIL)
	{
		if (((LeftRow *) lfirst(cell))->taken_in == InvalidSubTransactionId)
			return true;
	}
	return false;
}

/* The row that has left has arrived: forget it, as soon as that cannot be rolled back without its having left. */
static void
mark_taken(LeftRow *left)
{
	if (left->left_in != GetCurrentSubTransactionId())
		left->taken_in = GetCurrentSubTransactionId();
	else
		left_rows = list_delete_ptr(left_rows, left);
	if (left_rows == NIL)
		forget();
}

TeMovedResult
te_moved_row_arrives(const TeTrackedTable *table, Datum key, TupleTableSlot *row)
{
	bool		followed = last_left;
	char	   *thumbnail_path;
	int64		path_hash;
	ListCell   *cell;

	last_left = false;
	if (!te_moved_rows_any())
		return TE_MOVED_NOT;
	thumbnail_path = te_tracked_text(row, table->thumbnail_path);
	path_hash = te_path_hash(te_tracked_text(row, table->path));
	foreach(cell, left_rows)
	{
		LeftRow    *left = lfirst(cell);
		bool		same_path = left->has_path_hash && left->path_hash == path_hash;

		if (left->taken_in != InvalidSubTransactionId || left->folder != table->folder || left->key_type != table->key_type ||
			!is_same_row(left, thumbnail_path, te_tracked_same_key(table, left->key, key), same_path,
						 followed && foreach_current_index(cell) == 0))
			continue;
		if (!take_over(table, left, key))
			return TE_MOVED_NOT;
		mark_taken(left);
		return same_path ? TE_MOVED_AS_IT_WAS : TE_MOVED_CHANGED;
	}
	return TE_MOVED_NOT;
}

void
te_moved_row_escapes(Oid relation, TupleTableSlot *row)
{
	TeAttachment *attachment = te_attachment_find(te_hierarchy_top(relation));
	const char *name = attachment != NULL ? attachment->column[TE_COL_THUMBNAIL_PATH] : NULL;
	char	   *thumbnail_path;
	TeColumnInfo column;
	ListCell   *cell;

	if (name == NULL || !te_column_find(relation, name, &column) || !te_path_accepts(column.type))
		return;
	thumbnail_path = te_tracked_text(row, column.number);
	foreach(cell, left_rows)
	{
		LeftRow    *left = lfirst(cell);
		TeArgs		args = {0};

		if (left->taken_in != InvalidSubTransactionId || !te_path_names_file(thumbnail_path, left->file))
			continue;
		te_arg(&args, INT8ARRAYOID, left->removals);
		te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
		te_sql(psprintf("WITH kept AS (DELETE FROM %s AS r USING unnest($1) AS k(removal) WHERE r.removal = k.removal RETURNING r.attachment, r.file)"
						" INSERT INTO %s (attachment, relation, file) SELECT kept.attachment, $2, kept.file FROM kept ON CONFLICT DO NOTHING",
						te_internal_name("thumbexif_removal"), te_internal_name("thumbexif_released")), &args);
		mark_taken(left);
		return;
	}
}
