/*
 * table_trigger.c
 *		Creates and drops the triggers of an attached table.
 *
 * The relation is given by OID, not by name: the lock on it does not keep its schema from
 * being renamed, so the name could lead to another relation.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "parser/parse_func.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "key_sql.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "table_trigger.h"

/*
 * The triggers: which tables have it, the name, and the clauses before and after ON <table>; the last one for triggers that always
 * fire.  Logical replication fires triggers of rows only, and of statements that of TRUNCATE.
 */
static const struct
{
	TeTriggerSet set;
	const char *name;
	const char *event;
	const char *level;
	const char *level_always;	/* NULL: the same */
}			triggers[] = {
	{TE_TRIGGERS_TABLE, "thumbexif_insert", "AFTER INSERT", "REFERENCING NEW TABLE AS thumbexif_new FOR EACH STATEMENT", "FOR EACH ROW"},
	{TE_TRIGGERS_TABLE, "thumbexif_delete", "AFTER DELETE", "REFERENCING OLD TABLE AS thumbexif_old FOR EACH STATEMENT", "FOR EACH ROW"},
	{TE_TRIGGERS_TABLE | TE_TRIGGERS_PARTITION, "thumbexif_truncate", "AFTER TRUNCATE", "FOR EACH STATEMENT"},
	{TE_TRIGGERS_TABLE, "thumbexif_update", "AFTER UPDATE", "FOR EACH ROW"},
	{TE_TRIGGERS_PARTITIONED, "thumbexif_row_insert", "AFTER INSERT", "FOR EACH ROW"},
	{TE_TRIGGERS_PARTITIONED | TE_TRIGGERS_PARTITION, "thumbexif_rows_end", "AFTER INSERT OR UPDATE", "FOR EACH STATEMENT"},
	{TE_TRIGGERS_PARTITIONED, "thumbexif_row_delete", "AFTER DELETE", "FOR EACH ROW"},
	{TE_TRIGGERS_PARTITIONED, "thumbexif_row_update", "AFTER UPDATE", "FOR EACH ROW"}
};
#define TRIGGERS ((int) lengthof(triggers))

#define STATEMENT_FUNCTION	"thumbexif_track"
#define ROW_FUNCTION		"thumbexif_track_row"

/* A function that triggers call. */
static Oid
track_function(const char *name)
{
	return LookupFuncName(list_make2(makeString(pstrdup(TE_SCHEMA)), makeString(pstrdup(name))), 0, NULL, false);
}

/* Add the functions that triggers call as parameters $2 and $3, after the relation. */
static void
add_arguments(TeArgs *args, Oid relation)
{
	te_arg(args, OIDOID, ObjectIdGetDatum(relation));
	te_arg(args, OIDOID, ObjectIdGetDatum(track_function(STATEMENT_FUNCTION)));
	te_arg(args, OIDOID, ObjectIdGetDatum(track_function(ROW_FUNCTION)));
}

const char *
te_table_triggers_taken(Oid relation, TeTriggerSet set)
{
	for (int i = 0; i < TRIGGERS; i++)
	{
		TeArgs		args = {0};

		if (!(triggers[i].set & set))
			continue;
		add_arguments(&args, relation);
		te_arg_text(&args, triggers[i].name);
		if (te_sql("SELECT FROM pg_trigger WHERE tgrelid = $1 AND tgfoid <> $2 AND tgfoid <> $3 AND tgname = $4", &args) > 0)
			return triggers[i].name;
	}
	return NULL;
}

/* Create a trigger from its statement on the relation given by OID; the relation's name in the statement is ignored. */
static void
create_trigger(Oid relation, const char *sql, bool always, Oid extension)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
	ObjectAddress trigger;
	ObjectAddress owner;

	trigger = CreateTriggerFiringOn(castNode(CreateTrigStmt, raw->stmt), sql, relation, InvalidOid, InvalidOid,
									InvalidOid, InvalidOid, InvalidOid, NULL, false, false,
									always ? TRIGGER_FIRES_ALWAYS : TRIGGER_FIRES_ON_ORIGIN);
	CommandCounterIncrement();
	/* like ALTER TRIGGER ... DEPENDS ON EXTENSION, so that a plain DROP EXTENSION drops the trigger too */
	ObjectAddressSet(owner, ExtensionRelationId, extension);
	deleteDependencyRecordsForSpecific(TriggerRelationId, trigger.objectId, DEPENDENCY_AUTO_EXTENSION,
									   ExtensionRelationId, extension);
	recordDependencyOn(&trigger, &owner, DEPENDENCY_AUTO_EXTENSION);
	CommandCounterIncrement();
}

void
te_table_triggers_create(Relation relation, TeTriggerSet set, bool always, const TeKeyColumns *key, const char *path)
{
	const char *taken = te_table_triggers_taken(RelationGetRelid(relation), set);
	char	   *when = psprintf("WHEN (%s OR OLD.%s::text COLLATE \"C\" IS DISTINCT FROM NEW.%s::text COLLATE \"C\")",
								te_key_differs_sql(key, "OLD.", "NEW."), quote_identifier(path), quote_identifier(path));
	TeExtension extension;

	te_extension_get(&extension);
	if (taken != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("trigger \"%s\" of table \"%s\" does not belong to thumbexif", taken, RelationGetRelationName(relation)),
				 errhint("Rename that trigger; thumbexif needs its name.")));
	for (int i = 0; i < TRIGGERS; i++)
	{
		bool		update = strcmp(triggers[i].event, "AFTER UPDATE") == 0;
		bool		rows = strncmp(triggers[i].name, "thumbexif_row", strlen("thumbexif_row")) == 0;

		if (triggers[i].set & set)
			create_trigger(RelationGetRelid(relation),
						   psprintf("CREATE OR REPLACE TRIGGER %s %s ON %s %s %s EXECUTE FUNCTION %s()",
									triggers[i].name, triggers[i].event,
									quote_identifier(RelationGetRelationName(relation)),
									always && triggers[i].level_always != NULL ? triggers[i].level_always : triggers[i].level,
									update ? when : "", te_internal_name(rows ? ROW_FUNCTION : STATEMENT_FUNCTION)),
						   always, extension.oid);
	}
}

/* Does a trigger of that name, one of ours, tell of inserted rows? */
static bool
tells_inserts(const char *name)
{
	for (int i = 0; i < TRIGGERS; i++)
	{
		if (strcmp(triggers[i].event, "AFTER INSERT") == 0 && strcmp(triggers[i].name, name) == 0)
			return true;
	}
	return false;
}

bool
te_table_triggers_tell_inserts(Relation relation)
{
	const TriggerDesc *all = relation->trigdesc;

	for (int i = 0; all != NULL && i < all->numtriggers; i++)
	{
		if (all->triggers[i].tgenabled != TRIGGER_DISABLED && tells_inserts(all->triggers[i].tgname))
			return true;
	}
	return false;
}

void
te_table_triggers_drop(Oid relation)
{
	ObjectAddresses *objects = new_object_addresses();
	TeArgs		args = {0};
	uint64		count;

	add_arguments(&args, relation);
	count = te_sql("SELECT oid FROM pg_trigger WHERE tgrelid = $1 AND tgfoid IN ($2, $3) AND tgparentid = 0", &args);
	for (uint64 i = 0; i < count; i++)
	{
		ObjectAddress trigger;

		ObjectAddressSet(trigger, TriggerRelationId, DatumGetObjectId(te_out((int) i, 1)));
		add_exact_object_address(&trigger, objects);
	}
	te_sql_free();
	performMultipleDeletions(objects, DROP_RESTRICT, 0);
	free_object_addresses(objects);
}
