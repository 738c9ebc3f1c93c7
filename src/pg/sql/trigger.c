/*
 * trigger.c
 *		The trigger function of attached tables, which keeps the state rows up to date.
 *
 * One function serves all four triggers.  It runs as the extension's owner (SECURITY
 * DEFINER, search_path pg_catalog, pg_temp) and never accesses the user's table: it sees
 * keys and paths only in transition tables and tuples.  Partitioned tables have others (row_trigger.c).  Plans are kept for the session
 * until the table's definition changes (tracked_table.c).
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "bulk_insert.h"
#include "moved_row.h"
#include "pending_row.h"
#include "pg/base/extension.h"
#include "pg/base/plan_size.h"
#include "pg/base/run_as.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/inserted_range.h"
#include "pg/catalog/key.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/swept.h"
#include "pg/compat.h"
#include "pg/shared/wakeup.h"
#include "range_insert.h"
#include "tracked_table.h"
#include "trigger.h"

/*
 * From this number of rows on, states are inserted without a query (bulk_insert.c) in a
 * subtransaction.  That fails if there are states for new keys already, which is rare
 * (rows were deleted while triggers were disabled).
 */
#define BULK_ROWS	100

PG_FUNCTION_INFO_V1(thumbexif_track);

/* The SQL of a plan; $1 is the attachment, $2 the new version, $3 and $4 keys. */
static char *
plan_sql(const TeTrackedTable *table, TePlanKind plan)
{
	const char *state = table->state;
	const char *key = te_key_sql(&table->key, "n.");
	const char *old_key = te_key_sql(&table->key, "o.");
	const char *fits = te_key_fits_sql(&table->key, "n.");
	char	   *move;
	char	   *sizes;

	switch (plan)
	{
		case TE_PLAN_INSERT:
			return te_asset_state_queue_sql(state, psprintf("SELECT %s FROM thumbexif_new n WHERE %s", key, fits));
		case TE_PLAN_DELETE:
			if (table->arrived)
				return te_asset_state_queue_sql(state, psprintf("SELECT %s FROM thumbexif_old o WHERE %s", old_key, te_key_fits_sql(&table->key, "o.")));
			return te_asset_state_delete_sql(state, psprintf("USING thumbexif_old o WHERE s.attachment = $1 AND s.id = %s",
															 old_key));
		case TE_PLAN_DELETE_ONE:
			return te_asset_state_delete_sql(state, "WHERE s.attachment = $1 AND s.id = $3");
		case TE_PLAN_QUEUE_ONE:
			return te_asset_state_queue_sql(state, "VALUES ($3)");
		case TE_PLAN_EXISTS:
			return psprintf("SELECT FROM %s WHERE attachment = $1 AND id = $3", state);
		case TE_PLAN_MOVE:
			move = te_asset_state_move_sql(state);
			sizes = te_asset_state_move_sizes_sql(state);
			if (te_key_state_type(table->key_type) != INT8OID)
				return psprintf("WITH sizes AS (%s) %s", sizes, move);

			/*
			 * An asset that waits to be queued would not be found under its new key.  One statement, since the worker may
			 * replace its range by its state at any time.
			 */
			return psprintf("WITH sizes AS (%s), moved AS (%s RETURNING s.id) %s", sizes, move,
							te_asset_state_queue_sql(state, psprintf("SELECT $4 WHERE NOT EXISTS (SELECT FROM moved) AND %s",
																	 te_inserted_ranges_have_sql("$3"))));
		case TE_PLAN_COUNT:
			break;
	}
	pg_unreachable();
}

void
te_trigger_run_plan(TeTrackedTable *table, TePlanKind plan, Datum key, Datum new_key)
{
	Oid			id_type = te_key_state_type(table->key_type);
	Oid			types[] = {INT4OID, INT8OID, id_type, id_type};
	Datum		values[] = {Int32GetDatum(table->attachment), Int64GetDatum(te_asset_state_new_version()), key, new_key};
	static const int arguments[TE_PLAN_COUNT] = {2, 2, 3, 3, 3, 4};

	if (table->plans[plan] == NULL)
	{
		SPIPlanPtr	new_plan = SPI_prepare(plan_sql(table, plan), arguments[plan], types);

		if (new_plan == NULL || SPI_keepplan(new_plan) != 0)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		table->plans[plan] = new_plan;
	}
	if (te_plan_size_execute(table->plans[plan], InvalidOid, values, NULL, false) < 0)
		elog(ERROR, "could not keep the state of table \"%s\"", get_rel_name(table->relation));
}

typedef struct BulkRows
{
	const TeTrackedTable *table;
	TriggerData *trigger;
	int64		inserted;
} BulkRows;

static void
insert_bulk(void *arg)
{
	BulkRows   *rows = arg;

	rows->inserted = te_bulk_insert(rows->table, rows->trigger->tg_newtable, RelationGetDescr(rows->trigger->tg_relation));
}

/* Insert the states of all rows.  -1, with nothing inserted, if there are states for some of the keys. */
static int64
try_insert_bulk(const TeTrackedTable *table, TriggerData *trigger)
{
	BulkRows	rows = {.table = table, .trigger = trigger};
	ErrorData  *error = te_subtransaction(insert_bulk, &rows);

	if (error == NULL)
		return rows.inserted;
	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(error);
	FreeErrorData(error);
	return -1;
}

/*
 * Refuse a key that cannot be one.  The column was NOT NULL when the table was attached; a text may also be too long.  An ERROR would
 * end a process that applies what is replicated, which would begin again for ever: there, the row is only not tracked.
 */
void
te_trigger_refuse_key(const TeTrackedTable *table)
{
	int			level = SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA ? WARNING : ERROR;

	if (table->key_type == TEXTOID)
		ereport(level,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("key \"%s\" of attached table \"%s\" must not be NULL or longer than %d bytes", te_key_list_sql(&table->key, "", ""),
						get_rel_name(table->relation), TE_KEY_MAX_TEXT),
				 errhint("Use a shorter key, or call thumbexif_detach() for the table.")));
	else
		ereport(level,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("key \"%s\" of attached table \"%s\" must not be NULL", te_key_list_sql(&table->key, "", ""),
						get_rel_name(table->relation)),
				 errhint("Make the column NOT NULL again, or call thumbexif_detach() for the table.")));
}

static void
rows_inserted(TeTrackedTable *table, TriggerData *trigger)
{
	int64		rows = tuplestore_tuple_count(trigger->tg_newtable);
	int64		inserted = -1;

	if (rows == 0 || te_range_insert(table, trigger->tg_newtable, RelationGetDescr(trigger->tg_relation)))
		return;
	if (rows >= BULK_ROWS)
		inserted = try_insert_bulk(table, trigger);
	if (inserted < 0)
	{
		te_trigger_run_plan(table, TE_PLAN_INSERT, (Datum) 0, (Datum) 0);
		inserted = (int64) SPI_processed;
	}
	if (inserted != rows)
		te_trigger_refuse_key(table);
}

static void
rows_deleted(TeTrackedTable *table, TriggerData *trigger)
{
	if (tuplestore_tuple_count(trigger->tg_oldtable) > 0)
		te_trigger_run_plan(table, TE_PLAN_DELETE, (Datum) 0, (Datum) 0);
}

static void
throw_key_taken(const TeTrackedTable *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot change a key of attached table \"%s\" to one whose state is still in use",
					get_rel_name(table->relation)),
			 errhint("Change the keys in two steps, using values that no row has. If no row had that key, call thumbexif_clean() first.")));
}

void
te_trigger_row_updated(TeTrackedTable *table, TriggerData *trigger)
{
	TupleTableSlot *old = trigger->tg_trigslot;
	TupleTableSlot *new = trigger->tg_newslot;
	Datum		old_key;
	Datum		new_key;
	Datum		old_path;
	Datum		new_path;
	bool		old_null;
	bool		new_null;

	if (!te_tracked_key(table, new, &new_key))
	{
		te_trigger_refuse_key(table);
		return;
	}
	if (!te_tracked_key(table, old, &old_key))
	{
		/* it was written before the table was attached or while triggers were disabled */
		te_trigger_run_plan(table, TE_PLAN_QUEUE_ONE, new_key, (Datum) 0);
		return;
	}
	if (!te_tracked_same_key(table, old_key, new_key))
	{
		te_trigger_run_plan(table, TE_PLAN_EXISTS, new_key, (Datum) 0);
		if (SPI_processed == 0)
			te_trigger_run_plan(table, TE_PLAN_MOVE, old_key, new_key);
		else if (SessionReplicationRole != SESSION_REPLICATION_ROLE_REPLICA)
			throw_key_taken(table);
		else
			te_swept_request(table->attachment);	/* a sweep is to sort it out: an ERROR would stop replication */
	}

	old_path = slot_getattr(old, table->path, &old_null);
	new_path = slot_getattr(new, table->path, &new_null);
	if (old_null != new_null ||
		(!new_null && !DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, old_path, new_path))))
		te_trigger_run_plan(table, TE_PLAN_QUEUE_ONE, new_key, (Datum) 0);
}

/* A row was inserted or deleted, and the table's triggers are those of rows. */
static void
row_changed(TeTrackedTable *table, TriggerData *trigger)
{
	bool		inserted = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	Datum		key;

	if (te_tracked_key(table, trigger->tg_trigslot, &key))
		te_trigger_run_plan(table, inserted ? TE_PLAN_QUEUE_ONE : TE_PLAN_DELETE_ONE, key, (Datum) 0);
	else if (inserted)
		te_trigger_refuse_key(table);
}

/* Count the rows that a statement has inserted or deleted, also if their states cannot be kept. */
static void
count_rows(TeTrackedTable *table, TriggerData *trigger)
{
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
			te_count_rows(table->attachment, TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ? 1 : -1);
	}
	else if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		te_count_rows(table->attachment, tuplestore_tuple_count(trigger->tg_newtable));
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		te_count_rows(table->attachment, -tuplestore_tuple_count(trigger->tg_oldtable));
}

void
te_trigger_warn(const TeTrackedTable *table)
{
	ereport(WARNING,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("change of table \"%s\" is not tracked: a mapped column was dropped or has another type",
					get_rel_name(table->relation)),
			 errhint("Call thumbexif_attach() again with the current columns of the table.")));
}

static void
fire(TeTrackedTable *table, TriggerData *trigger)
{
	count_rows(table, trigger);
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
	{
		te_pending_rows_queue();
		te_asset_state_delete_all(table->attachment, false);
		te_count_no_rows(table->attachment);
	}
	else if (!table->has_key || table->path == 0)
		te_trigger_warn(table);
	else if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		te_trigger_row_updated(table, trigger);
	else if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		row_changed(table, trigger);
	else if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		rows_inserted(table, trigger);
	else
		rows_deleted(table, trigger);
}

/*
 * The SQL objects have another version than the library, since ALTER EXTENSION UPDATE was not run yet.  An ERROR
 * would keep users from writing to the table, so this is a WARNING, once a statement.  Changes that are missed now are
 * found later: rows without state and changed paths by a backfill, states without a row by thumbexif_clean().
 */
static void
warn_other_version(Relation relation)
{
	static TimestampTz warned = 0;	/* start of the statement that was warned about */

	if (warned == GetCurrentStatementStartTimestamp())
		return;
	warned = GetCurrentStatementStartTimestamp();
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("change of table \"%s\" is not tracked: extension \"thumbexif\" in this database was not updated to version %s",
					RelationGetRelationName(relation), TE_VERSION),
			 errhint("Run ALTER EXTENSION thumbexif UPDATE, then thumbexif_backfill() and thumbexif_clean().")));
}

/* Keep the states of a table whose trigger was fired. */
static void
track(TriggerData *trigger)
{
	TeTrackedTable *table;
	Oid			user;
	int			context;

	/* keep triggers on our own tables from being deferred: at commit they would run as the role that commits */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_RESTRICTED_OPERATION);
	SPI_connect();
	if (SPI_register_trigger_data(trigger) != SPI_OK_TD_REGISTER)
		elog(ERROR, "could not register the trigger's transition tables");
	table = te_tracked_table(RelationGetRelid(trigger->tg_relation));
	if (table->attachment != 0)
	{
		fire(table, trigger);
		te_wake_at_commit();
	}
	SPI_finish();
	SetUserIdAndSecContext(user, context);
}

void
te_trigger_run_at_end(void (*work) (void))
{
	TeRunAs		save;

	te_run_as_extension(&save);
	te_set_index_only();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	work();
	PopActiveSnapshot();
	SPI_finish();
	te_run_as_end(&save);
}

Datum
te_trigger_called(FunctionCallInfo fcinfo, const char *name, void (*keep) (TriggerData *trigger))
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TeExtension extension;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("%s was not called as a trigger", name),
				 errhint("thumbexif_attach() creates the triggers that call it.")));

	if (te_extension_lookup(&extension) == TE_EXTENSION_OTHER)
	{
		warn_other_version(trigger->tg_relation);
		return PointerGetDatum(NULL);
	}
	keep(trigger);
	return PointerGetDatum(NULL);
}

/* thumbexif_track() RETURNS trigger */
Datum
thumbexif_track(PG_FUNCTION_ARGS)
{
	return te_trigger_called(fcinfo, "thumbexif_track()", track);
}
