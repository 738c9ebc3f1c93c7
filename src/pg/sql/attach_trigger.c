/*
 * attach_trigger.c
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

#include "attach_trigger.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/key_sql.h"

/* The triggers: the name, and the clauses before and after ON <table>. */
static const struct
{
	const char *name;
	const char *event;
	const char *level;
}			triggers[] = {
	{"thumbexif_insert", "AFTER INSERT", "REFERENCING NEW TABLE AS thumbexif_new FOR EACH STATEMENT"},
	{"thumbexif_delete", "AFTER DELETE", "REFERENCING OLD TABLE AS thumbexif_old FOR EACH STATEMENT"},
	{"thumbexif_truncate", "AFTER TRUNCATE", "FOR EACH STATEMENT"},
	{"thumbexif_update", "AFTER UPDATE", "FOR EACH ROW"}
};
#define TRIGGERS ((int) lengthof(triggers))

/* The function that the triggers call. */
static Oid
track_function(void)
{
	return LookupFuncName(list_make2(makeString(pstrdup(TE_SCHEMA)), makeString(pstrdup("thumbexif_track"))), 0, NULL, false);
}

/* ERROR if the user has a trigger with one of our names, which we must not replace.  Inside SPI. */
static void
check_trigger_names(Relation relation, Oid function)
{
	for (int i = 0; i < TRIGGERS; i++)
	{
		TeArgs		args = {0};

		te_arg(&args, OIDOID, ObjectIdGetDatum(RelationGetRelid(relation)));
		te_arg(&args, OIDOID, ObjectIdGetDatum(function));
		te_arg_text(&args, triggers[i].name);
		if (te_sql("SELECT FROM pg_trigger WHERE tgrelid = $1 AND tgfoid <> $2 AND tgname = $3", &args) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("trigger \"%s\" of table \"%s\" does not belong to thumbexif",
							triggers[i].name, RelationGetRelationName(relation)),
					 errhint("Rename that trigger; thumbexif needs its name.")));
	}
}

/* Create a trigger from its statement on the relation given by OID; the relation's name in the statement is ignored. */
static void
create_trigger(Oid relation, const char *sql, Oid extension)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
	ObjectAddress trigger;
	ObjectAddress owner;

	trigger = CreateTrigger(castNode(CreateTrigStmt, raw->stmt), sql, relation, InvalidOid, InvalidOid,
							InvalidOid, InvalidOid, InvalidOid, NULL, false, false);
	CommandCounterIncrement();
	/* like ALTER TRIGGER ... DEPENDS ON EXTENSION, so that a plain DROP EXTENSION drops the trigger too */
	ObjectAddressSet(owner, ExtensionRelationId, extension);
	deleteDependencyRecordsForSpecific(TriggerRelationId, trigger.objectId, DEPENDENCY_AUTO_EXTENSION,
									   ExtensionRelationId, extension);
	recordDependencyOn(&trigger, &owner, DEPENDENCY_AUTO_EXTENSION);
	CommandCounterIncrement();
}

void
te_attach_create_triggers(Relation relation, const TeMapping *mapping)
{
	const char *path = quote_identifier(mapping->path);
	char	   *function = te_internal_name("thumbexif_track");
	char	   *when = psprintf("WHEN (%s OR OLD.%s::text COLLATE \"C\" IS DISTINCT FROM NEW.%s::text COLLATE \"C\")",
								te_key_differs_sql(&mapping->key, "OLD.", "NEW."), path, path);
	TeExtension extension;

	te_extension_get(&extension);
	check_trigger_names(relation, track_function());
	for (int i = 0; i < TRIGGERS; i++)
	{
		bool		update = strcmp(triggers[i].name, "thumbexif_update") == 0;

		create_trigger(RelationGetRelid(relation),
					   psprintf("CREATE OR REPLACE TRIGGER %s %s ON %s %s %s EXECUTE FUNCTION %s()",
								triggers[i].name, triggers[i].event,
								quote_identifier(RelationGetRelationName(relation)), triggers[i].level,
								update ? when : "", function),
					   extension.oid);
	}
}

void
te_attach_drop_triggers(Oid relation)
{
	ObjectAddresses *objects = new_object_addresses();
	TeArgs		args = {0};
	uint64		count;

	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	te_arg(&args, OIDOID, ObjectIdGetDatum(track_function()));
	count = te_sql("SELECT oid FROM pg_trigger WHERE tgrelid = $1 AND tgfoid = $2", &args);
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
