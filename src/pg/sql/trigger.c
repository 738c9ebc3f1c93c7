/*
 * trigger.c
 *		The triggers of attached tables, which keep the state right.
 *
 * One function serves all four.  It runs as the extension's owner (SECURITY
 * DEFINER, search_path pg_catalog, pg_temp) and never touches the user's table: it sees
 * keys and paths in transition tables and tuples only.  What it needs to know of
 * a table, and the plans, are kept for the session until the table's definition changes.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "pg/base/extension.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attachment.h"
#include "pg/compat.h"
#include "pg/shared/wakeup.h"

/*
 * From so many rows on, an INSERT is tried without ON CONFLICT, in a
 * subtransaction: that saves a third of the time.  States of keys not yet in use are a rarity
 * (rows deleted while triggers were off), but must not make an INSERT fail.
 */
#define BULK_ROWS	100

#define UNKNOWN		(-1)		/* for the number of an attachment: not looked up yet */

typedef enum TrackPlan
{
	PLAN_INSERT,				/* transition table; ON CONFLICT queue again */
	PLAN_INSERT_BULK,			/* transition table; a conflict is an ERROR */
	PLAN_DELETE,				/* transition table */
	PLAN_QUEUE_ONE,				/* attachment, version, key */
	PLAN_EXISTS,				/* attachment, version (unused), new key */
	PLAN_MOVE,					/* attachment, version, old key, new key */
	PLAN_COUNT
} TrackPlan;

typedef struct TrackedTable
{
	Oid			relation;		/* hash key */
	bool		valid;			/* false: look again, its definition has changed */
	int			attachment;
	Oid			key_type;

	/*
	 * 0: no such column any more, or it is of another type.  One of a type of the user's must never get into a statement of
	 * ours: a cast of the user's would then run with the extension's rights.
	 */
	AttrNumber	key;
	AttrNumber	path;
	char		key_name[NAMEDATALEN];
	char		state[2 * (2 * NAMEDATALEN + 3)];	/* qualified and quoted */
	SPIPlanPtr	plans[PLAN_COUNT];
} TrackedTable;

static HTAB *tracked_tables = NULL;

PG_FUNCTION_INFO_V1(thumbexif_track);

static void
table_changed(Datum arg, Oid relation)
{
	HASH_SEQ_STATUS all;
	TrackedTable *table;

	if (OidIsValid(relation))
	{
		table = hash_search(tracked_tables, &relation, HASH_FIND, NULL);
		if (table != NULL)
			table->valid = false;
		return;
	}
	hash_seq_init(&all, tracked_tables);
	while ((table = hash_seq_search(&all)) != NULL)
		table->valid = false;
}

/* A schema may have been renamed, perhaps ours. */
static void
schema_changed(Datum arg, int cache, uint32 hash)
{
	table_changed(arg, InvalidOid);
}

/* Is there still a key column, for whose type our state table is? */
static bool
is_key(const TeAttachment *attachment, TeColumnInfo *column)
{
	return te_column_find(attachment->relation, attachment->key, column) &&
		te_key_state(column->type) != NULL &&
		strcmp(te_internal_name(te_key_state(column->type)), attachment->state) == 0;
}

static void
look_at_table(TrackedTable *table)
{
	TeAttachment *attachment;
	TeColumnInfo key;
	TeColumnInfo path;

	for (int i = 0; i < PLAN_COUNT; i++)
	{
		if (table->plans[i] != NULL)
			SPI_freeplan(table->plans[i]);
		table->plans[i] = NULL;
	}
	table->valid = true;		/* until an invalidation arrives, perhaps during what follows */
	table->attachment = UNKNOWN;	/* what follows may throw */
	attachment = te_attachment_find(table->relation);
	table->attachment = 0;
	if (attachment == NULL)
	{
		table->valid = false;	/* in a restore, it may come without further notice */
		return;
	}
	table->attachment = attachment->number;
	strlcpy(table->state, attachment->state, sizeof(table->state));
	strlcpy(table->key_name, attachment->key, NAMEDATALEN);
	table->key_type = attachment->key_type;
	table->key = is_key(attachment, &key) ? key.number : 0;
	table->path = te_column_find(table->relation, attachment->path, &path) &&
		te_path_takes(path.type) ? path.number : 0;
}

/* What is known of the trigger's table.  Inside SPI. */
static TrackedTable *
tracked_table(Oid relation)
{
	TrackedTable *table;
	bool found;

	if (tracked_tables == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(TrackedTable)};

		tracked_tables = hash_create("thumbexif tracked tables", 16, &control, HASH_ELEM | HASH_BLOBS);
		CacheRegisterRelcacheCallback(table_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, schema_changed, (Datum) 0);
	}
	table = hash_search(tracked_tables, &relation, HASH_ENTER, &found);
	if (!found)
	{
		memset(table, 0, sizeof(TrackedTable));
		table->relation = relation;
	}
	if (!table->valid || table->attachment == UNKNOWN)
		look_at_table(table);
	return table;
}

/* The SQL of a plan; $1 is the attachment, $2 the new version, $3 and $4 keys. */
static char *
plan_sql(const TrackedTable *table, TrackPlan plan)
{
	const char *state = table->state;
	const char *key = quote_identifier(table->key_name);

	switch (plan)
	{
		case PLAN_INSERT:
			return psprintf("INSERT INTO %s AS s (attachment, id, status, version, next_try) "
							"SELECT $1, n.%s, 'queued', $2, now() FROM thumbexif_new n WHERE n.%s IS NOT NULL "
							"ON CONFLICT (attachment, id) DO UPDATE SET " TE_REQUEUE("$2"),
							state, key, key);
		case PLAN_INSERT_BULK:
			return psprintf("INSERT INTO %s (attachment, id, status, version, next_try) "
							"SELECT $1, n.%s, 'queued', $2, now() FROM thumbexif_new n WHERE n.%s IS NOT NULL",
							state, key, key);
		case PLAN_DELETE:
			return psprintf("WITH gone AS (DELETE FROM %s s USING thumbexif_old o "
							"WHERE s.attachment = $1 AND s.id = o.%s RETURNING s.file) "
							"INSERT INTO %s (attachment, file) "
							"SELECT $1, file FROM gone WHERE file IS NOT NULL",
							state, key, te_internal_name("thumbexif_removal"));
		case PLAN_QUEUE_ONE:
			return psprintf("INSERT INTO %s AS s (attachment, id, status, version, next_try) "
							"VALUES ($1, $3, 'queued', $2, now()) "
							"ON CONFLICT (attachment, id) DO UPDATE SET " TE_REQUEUE("$2"),
							state);
		case PLAN_EXISTS:
			return psprintf("SELECT FROM %s WHERE attachment = $1 AND id = $3", state);
		case PLAN_MOVE:
			/* whoever was at it works for a key that is no more: as if never claimed */
			return psprintf("UPDATE %s s SET id = $4, version = GREATEST(s.version + 1, $2), "
							"status = CASE status WHEN 'running' THEN COALESCE(claimed_from, 'queued') ELSE status END, "
							"attempts = CASE status WHEN 'running' THEN GREATEST(attempts - 1, 0) ELSE attempts END, "
							"claimed_from = NULL, claim = NULL "
							"WHERE attachment = $1 AND id = $3",
							state);
		case PLAN_COUNT:
			break;
	}
	pg_unreachable();
}

/* Run a plan of the table's, made at its first use.  SPI_processed tells how many rows. */
static void
run_plan(TrackedTable *table, TrackPlan plan, Datum key, Datum new_key)
{
	Oid			id_type = table->key_type == UUIDOID ? UUIDOID : INT8OID;
	Oid			types[] = {INT4OID, INT8OID, id_type, id_type};
	Datum		values[] = {Int32GetDatum(table->attachment), Int64GetDatum(te_asset_state_new_version()), key, new_key};
	static const int arguments[PLAN_COUNT] = {2, 2, 1, 3, 3, 4};

	if (table->plans[plan] == NULL)
	{
		SPIPlanPtr	new_plan = SPI_prepare(plan_sql(table, plan), arguments[plan], types);

		if (new_plan == NULL || SPI_keepplan(new_plan) != 0)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		table->plans[plan] = new_plan;
	}
	if (SPI_execute_plan(table->plans[plan], values, NULL, false, 0) < 0)
		elog(ERROR, "could not keep the state of table \"%s\"", get_rel_name(table->relation));
}

static void
insert_bulk(void *arg)
{
	run_plan(arg, PLAN_INSERT_BULK, (Datum) 0, (Datum) 0);
}

/* The bulk INSERT; false, and nothing done, if there are states for some of the keys already. */
static bool
try_insert_bulk(TrackedTable *table)
{
	ErrorData  *error = te_subtransaction(insert_bulk, table);

	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

/* The column was NOT NULL when the table was attached. */
static void
throw_null_key(const TrackedTable *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("key \"%s\" of attached table \"%s\" must not be NULL", table->key_name,
					get_rel_name(table->relation)),
			 errhint("Make the column NOT NULL again, or call thumbexif_detach() for the table.")));
}

static void
rows_inserted(TrackedTable *table, TriggerData *trigger)
{
	int64		rows = tuplestore_tuple_count(trigger->tg_newtable);

	if (rows == 0)
		return;
	if (rows < BULK_ROWS || !try_insert_bulk(table))
		run_plan(table, PLAN_INSERT, (Datum) 0, (Datum) 0);
	if (SPI_processed != (uint64) rows)
		throw_null_key(table);
}

static void
rows_deleted(TrackedTable *table, TriggerData *trigger)
{
	if (tuplestore_tuple_count(trigger->tg_oldtable) > 0)
		run_plan(table, PLAN_DELETE, (Datum) 0, (Datum) 0);
}

/* A key as a value of the state table's id. */
static Datum
key_datum(const TrackedTable *table, Datum value)
{
	switch (table->key_type)
	{
		case INT2OID:
			return Int64GetDatum(DatumGetInt16(value));
		case INT4OID:
			return Int64GetDatum(DatumGetInt32(value));
		default:
			return value;
	}
}

static bool
same_key(const TrackedTable *table, Datum one, Datum other)
{
	if (table->key_type == UUIDOID)
		return memcmp(DatumGetUUIDP(one), DatumGetUUIDP(other), UUID_LEN) == 0;
	return DatumGetInt64(one) == DatumGetInt64(other);
}

static void
throw_key_taken(const TrackedTable *table)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot change a key of attached table \"%s\" to one whose state is still in use",
					get_rel_name(table->relation)),
			 errhint("Change the keys in two steps, by way of values that no row has. If no row had that key, call thumbexif_clean() first.")));
}

/* The key or the path of a row has changed, as the trigger's WHEN says. */
static void
row_updated(TrackedTable *table, TriggerData *trigger)
{
	TupleTableSlot *old = trigger->tg_trigslot;
	TupleTableSlot *new = trigger->tg_newslot;
	Datum		old_key;
	Datum		new_key;
	Datum		old_path;
	Datum		new_path;
	bool		old_null;
	bool		new_null;

	old_key = slot_getattr(old, table->key, &old_null);
	new_key = slot_getattr(new, table->key, &new_null);
	if (new_null)
		throw_null_key(table);
	new_key = key_datum(table, new_key);
	if (old_null)
	{
		/* it comes from before the table was attached, or from while triggers were off */
		run_plan(table, PLAN_QUEUE_ONE, new_key, (Datum) 0);
		return;
	}
	old_key = key_datum(table, old_key);
	if (!same_key(table, old_key, new_key))
	{
		run_plan(table, PLAN_EXISTS, new_key, (Datum) 0);
		if (SPI_processed > 0)
			throw_key_taken(table);
		run_plan(table, PLAN_MOVE, old_key, new_key);
	}

	old_path = slot_getattr(old, table->path, &old_null);
	new_path = slot_getattr(new, table->path, &new_null);
	if (old_null != new_null ||
		(!new_null && !DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, old_path, new_path))))
		run_plan(table, PLAN_QUEUE_ONE, new_key, (Datum) 0);
}

static void
fire(TrackedTable *table, TriggerData *trigger)
{
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		te_asset_state_delete_all(table->attachment, false);
	else if (table->key == 0 || table->path == 0)
		ereport(WARNING,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("thumbexif does not see this change of table \"%s\", as a mapped column is gone or of another type",
						get_rel_name(table->relation)),
				 errhint("Call thumbexif_attach() again with the table's columns as they are now.")));
	else if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		rows_inserted(table, trigger);
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		rows_deleted(table, trigger);
	else
		row_updated(table, trigger);
}

/*
 * The SQL objects are of another version: a newer package, and no ALTER EXTENSION UPDATE yet.  An ERROR would stop
 * whoever writes to the table, so it is a WARNING, once a statement.  What is not seen now is found later: rows without
 * state and changed paths by a backfill, states without a row by thumbexif_clean().
 */
static void
warn_other_version(Relation relation)
{
	static TimestampTz warned = 0;	/* for the statement that began then */

	if (warned == GetCurrentStatementStartTimestamp())
		return;
	warned = GetCurrentStatementStartTimestamp();
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("thumbexif does not see this change of table \"%s\", as extension \"thumbexif\" in this database is not of version %s, as its library is",
					RelationGetRelationName(relation), TE_VERSION),
			 errhint("Run ALTER EXTENSION thumbexif UPDATE, and after it thumbexif_backfill() and thumbexif_clean().")));
}

/* thumbexif_track() RETURNS trigger */
Datum
thumbexif_track(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TeExtension extension;
	TrackedTable *table;
	Oid			user;
	int			context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("thumbexif_track() was not called as a trigger"),
				 errhint("thumbexif_attach() creates the triggers that call it.")));

	if (te_extension_look(&extension) == TE_EXTENSION_OTHER)
	{
		warn_other_version(trigger->tg_relation);
		return PointerGetDatum(NULL);
	}
	/* a trigger on our own tables must not be put off to the end of the transaction, where it would run as whoever commits */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_RESTRICTED_OPERATION);
	if (SPI_connect() != SPI_OK_CONNECT || SPI_register_trigger_data(trigger) != SPI_OK_TD_REGISTER)
		elog(ERROR, "could not begin to keep the state of a table");
	table = tracked_table(RelationGetRelid(trigger->tg_relation));
	if (table->attachment != 0)
	{
		fire(table, trigger);
		te_wake_at_commit();
	}
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	return PointerGetDatum(NULL);
}
