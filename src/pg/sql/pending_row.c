/*
 * pending_row.c
 *		Rows that a statement inserts into partitions, to be queued together.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "bulk_insert.h"
#include "pending_row.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/key.h"
#include "range_insert.h"
#include "trigger.h"

#define MANY_KEYS	4000000		/* of integers, each 8 bytes: less than PostgreSQL itself remembers of a row whose trigger it is to fire */
#define OTHER_KEY	40			/* a key of another type counts as so many */
#define BULK_KEYS	100			/* as BULK_ROWS in trigger.c */

/* The rows of one table that were inserted in a subtransaction. */
typedef struct PendingTable
{
	/* hash key, without padding */
	Oid			relation;
	int			level;			/* nesting of the subtransaction */

	Datum	   *keys;
	int			count;
	int			most;
	int			weight;			/* of a key */
} PendingTable;

static HTAB *pending = NULL;	/* in TopTransactionContext; NULL = empty */
static int	num_pending = 0;	/* keys, by their weight */
static int	deepest = 0;		/* level of any of them */

static PendingTable *
find(Oid relation, int level, int weight)
{
	PendingTable key = {.relation = relation, .level = level};
	PendingTable *table;
	bool		found;

	table = hash_search(pending, &key, HASH_ENTER, &found);
	if (!found)
	{
		table->count = 0;
		table->weight = weight;
		table->most = 16;
		table->keys = MemoryContextAlloc(TopTransactionContext, sizeof(Datum) * table->most);
	}
	return table;
}

static void
append(PendingTable *table, Datum key)
{
	if (table->count == table->most)
	{
		table->most *= 2;
		table->keys = repalloc_huge(table->keys, sizeof(Datum) * table->most);
	}
	table->keys[table->count++] = key;
	num_pending += table->weight;
}

/* Take out what was inserted in this nesting and deeper: a list of copies. */
static List *
take(int level)
{
	HASH_SEQ_STATUS all;
	PendingTable *table;
	List	   *taken = NIL;

	hash_seq_init(&all, pending);
	while ((table = hash_seq_search(&all)) != NULL)
	{
		if (table->level < level)
			continue;
		taken = lappend(taken, memcpy(palloc(sizeof(PendingTable)), table, sizeof(PendingTable)));
		num_pending -= table->count * table->weight;
		hash_search(pending, table, HASH_REMOVE, NULL);
	}
	deepest = level - 1;
	return taken;
}

/* --- the end of transactions and subtransactions */

/*
 * Rows may be left to queue: the statement was one on a table between the partitioned one and a partition, or its triggers were off.  Called before
 * the callback that writes the numbers of assets, which was registered earlier.
 */
static void
on_transaction_end(XactEvent event, void *arg)
{
	if (pending == NULL)
		return;
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		te_trigger_run_at_end(te_pending_rows_queue);
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		pending = NULL;
}

/* The rows of a subtransaction become those of its parent, or are forgotten. */
static void
on_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	List	   *ended;
	ListCell   *cell;

	if (pending == NULL || deepest < level || (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB))
		return;
	ended = take(level);
	foreach(cell, ended)
	{
		PendingTable *gone = lfirst(cell);

		if (event == SUBXACT_EVENT_COMMIT_SUB)
		{
			PendingTable *table = find(gone->relation, level - 1, gone->weight);

			for (int i = 0; i < gone->count; i++)
				append(table, gone->keys[i]);
		}
		pfree(gone->keys);
	}
	list_free_deep(ended);
}

/* --- keeping and queueing */

static void
begin(void)
{
	static bool registered = false;
	HASHCTL		control = {
		.keysize = offsetof(PendingTable, keys),
		.entrysize = sizeof(PendingTable),
		.hcxt = TopTransactionContext
	};

	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	pending = hash_create("thumbexif rows to queue", 32, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	num_pending = deepest = 0;
}

void
te_pending_row_add(const TeTrackedTable *table, Datum key)
{
	int			level = GetCurrentTransactionNestLevel();
	int			weight = te_key_state_type(table->key_type) == INT8OID ? 1 : OTHER_KEY;

	if (pending == NULL)
		begin();
	append(find(table->relation, level, weight), te_tracked_key_copy(table, key, TopTransactionContext));
	deepest = Max(deepest, level);
}

bool
te_pending_rows_any(bool many)
{
	return pending != NULL && num_pending > (many ? MANY_KEYS : 0);
}

bool
te_pending_rows_of(Oid relation)
{
	for (int level = pending != NULL ? deepest : 0; level > 0; level--)
	{
		PendingTable key = {.relation = relation, .level = level};

		if (hash_search(pending, &key, HASH_FIND, NULL) != NULL)
			return true;
	}
	return false;
}

/* Tables with the same state table. */
typedef struct Bulk
{
	TeBulkKeys *rows;
	int			tables;
	int64		keys;
} Bulk;

static void
insert_bulk(void *arg)
{
	Bulk	   *bulk = arg;

	te_bulk_insert_keys(bulk->rows, bulk->tables);
}

/* Insert the states of many rows.  False, with nothing inserted, if there are states for some of the keys. */
static bool
try_insert_bulk(Bulk *bulk)
{
	ErrorData  *error;

	if (bulk->keys < BULK_KEYS)
		return false;
	error = te_subtransaction(insert_bulk, bulk);
	if (error != NULL && error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(error);
	return error == NULL;
}

/* Insert or queue the states of a table's rows. */
static void
queue_keys(const TeBulkKeys *rows)
{
	const TeTrackedTable *table = rows->table;
	Datum	   *keys = palloc(sizeof(Datum) * rows->count);
	TeArgs		args = {0};

	memcpy(keys, rows->keys, sizeof(Datum) * rows->count);
	te_arg_int4(&args, table->attachment);
	te_arg_int8(&args, te_asset_state_new_version());
	te_arg_array(&args, te_key_state_type(table->key_type), keys, NULL, rows->count);
	te_sql(te_asset_state_queue_sql(table->state, "SELECT DISTINCT k FROM unnest($3) AS k"), &args);
	pfree(keys);
}

/* Queue the rows of tables whose keys are of one type. */
static void
queue_tables(List *tables, Oid type)
{
	Bulk		bulk = {.rows = palloc(sizeof(TeBulkKeys) * Max(list_length(tables), 1))};
	int64		total = 0;
	ListCell   *cell;

	foreach(cell, tables)
		total += ((PendingTable *) lfirst(cell))->count;
	foreach(cell, tables)
	{
		const PendingTable *rows = lfirst(cell);
		const TeTrackedTable *table = te_tracked_table(rows->relation);

		/* it may have been detached meanwhile */
		if (table->attachment == 0 || te_key_state_type(table->key_type) != type || te_range_insert_keys(table, rows->keys, rows->count, total))
			continue;
		bulk.rows[bulk.tables++] = (TeBulkKeys) {table, rows->keys, rows->count};
		bulk.keys += rows->count;
	}
	if (!try_insert_bulk(&bulk))
		for (int i = 0; i < bulk.tables; i++)
			queue_keys(&bulk.rows[i]);
	pfree(bulk.rows);
}

void
te_pending_rows_queue(void)
{
	static const Oid types[] = {INT8OID, UUIDOID, TEXTOID};
	int			level = GetCurrentTransactionNestLevel();
	List	   *tables;
	ListCell   *cell;

	if (pending == NULL || deepest < level)
		return;					/* those of outer levels are not lost if this one is rolled back */
	tables = take(level);
	for (int i = 0; tables != NIL && i < (int) lengthof(types); i++)
		queue_tables(tables, types[i]);
	foreach(cell, tables)
		pfree(((PendingTable *) lfirst(cell))->keys);
	list_free_deep(tables);
}
