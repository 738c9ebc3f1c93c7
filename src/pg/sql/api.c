/*
 * api.c
 *		SQL function thumbexif_api(): makes a view and functions for an application, in a schema of the caller's.
 *
 * What is made is plain SQL on the caller's table and our public functions.  It belongs to the caller and not to the extension, pg_dump
 * dumps it, and DROP SCHEMA removes it.  All of it is made with the caller's rights, and names are bound when it is made: with
 * search_path pg_catalog.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

#include "api_replace.h"
#include "api_text.h"
#include "pg/base/extension.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/citus.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_api);

typedef struct Making
{
	TeApi		text;
	const char *schema;
	const char *role;			/* to grant to, quoted; NULL = nobody */
	bool		create_indexes;
	StringInfoData made;		/* for the NOTICE */
	StringInfoData wanted;		/* statements for indexes */
} Making;

static void
execute(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result < 0)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
}

/* --- the schema */

/* Create the schema unless it exists.  ERROR if it is another role's, who could replace what is made there. */
static void
prepare_schema(const Making *making)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(making->schema));
	bool		owned;

	if (!HeapTupleIsValid(tuple))
	{
		execute(psprintf("CREATE SCHEMA %s; COMMENT ON SCHEMA %s IS 'photos for applications, made by thumbexif_api()'",
						 making->text.schema, making->text.schema));
		return;
	}
	owned = has_privs_of_role(GetUserId(), ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner);
	ReleaseSysCache(tuple);
	if (!owned)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of schema %s", making->schema),
				 errhint("Name another schema in the parameter \"schema\": it is created if it does not exist.")));
}

/*
 * ERROR if the schema, or anything in it, belongs to a role that has neither the caller's rights nor those of the table's owner: it could
 * replace what is made there, and run code with the rights of whoever uses it.  Called when all is made, so that nothing can be added
 * in between; CREATE OR REPLACE keeps the owner.
 */
static void
check_owners(const Making *making)
{
	Oid			schema = get_namespace_oid(making->schema, false);
	char	   *sql = psprintf("SELECT o.name, pg_catalog.pg_get_userbyid(o.owner) FROM ("
							   "SELECT n.nspname, n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.oid OPERATOR(pg_catalog.=) %u"
							   " UNION ALL SELECT p.proname, p.proowner FROM pg_catalog.pg_proc AS p WHERE p.pronamespace OPERATOR(pg_catalog.=) %u"
							   " UNION ALL SELECT c.relname, c.relowner FROM pg_catalog.pg_class AS c WHERE c.relnamespace OPERATOR(pg_catalog.=) %u"
							   ") AS o (name, owner), pg_catalog.pg_class AS t WHERE t.oid OPERATOR(pg_catalog.=) %u"
							   " AND NOT pg_catalog.pg_has_role(o.owner, %u::pg_catalog.oid, 'USAGE'::pg_catalog.text)"
							   " AND NOT pg_catalog.pg_has_role(o.owner, t.relowner, 'USAGE'::pg_catalog.text) LIMIT 1",
							   schema, schema, schema, making->text.attachment->relation, GetUserId());

	execute(sql);
	if (SPI_processed > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("schema %s is not only yours: \"%s\" belongs to role \"%s\"", making->text.schema,
						SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1),
						SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2)),
				 errdetail("That role could replace what is made there."),
				 errhint("Name another schema in the parameter \"schema\": it is created if it does not exist.")));
}

/* --- objects */

static Oid
schema_oid(const Making *making)
{
	return get_namespace_oid(making->schema, false);
}

/* Does the schema have the function already, whatever its parameters are? */
static bool
has_function(const Making *making, const char *name)
{
	FuncCandidateList candidates = FuncnameGetCandidates(list_make2(makeString(pstrdup(making->schema)), makeString(pstrdup(name))),
														 -1, NIL, false, false, false, true);

	return candidates != NULL;
}

static bool
is_view(const char *name)
{
	return strcmp(name, "photos") == 0;
}

/* Is it the view or a function? */
static bool
is_object(const TeApiTemplate *template)
{
	return !te_api_is_part(template) && strcmp(template->name, "indexes") != 0;
}

static void
make_object(Making *making, const TeApiTemplate *template)
{
	bool		is_new_function = !is_view(template->name) && !has_function(making, template->name);
	const char *name = psprintf("%s.%s", making->text.schema, template->name);

	execute(te_api_text(&making->text, template->text));
	/* what a new function may do without a grant; those that exist keep theirs */
	if (is_new_function)
		execute(psprintf("REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC", name));
	if (template->name[0] != '_')
		appendStringInfo(&making->made, "%s%s", making->made.len > 0 ? ", " : "", is_view(template->name) ? name : psprintf("%s()", name));
}

/* The view's key has the type of the table's, and what depends on it cannot be replaced by another type. */
static void
check_key_type(const Making *making)
{
	Oid			view = get_relname_relid("photos", schema_oid(making));
	AttrNumber	number = OidIsValid(view) ? get_attnum(view, "id") : InvalidAttrNumber;

	if (number != InvalidAttrNumber && get_atttype(view, number) != making->text.attachment->key_type)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("view %s.photos is of a table with another type of key", making->text.schema),
				 errhint("Name another schema, or remove this one by DROP SCHEMA %s CASCADE.", making->text.schema)));
}

static void
grant_access(const Making *making)
{
	for (int i = 0; i < making->text.template_count; i++)
	{
		const char *name = making->text.templates[i].name;
		ListCell   *cell;

		if (!is_object(&making->text.templates[i]))
			continue;
		if (making->role != NULL)
			execute(psprintf("GRANT %s %s.%s TO %s", is_view(name) ? "SELECT ON" : "EXECUTE ON FUNCTION", making->text.schema, name, making->role));
		if (name[0] == '_')
			foreach(cell, te_api_helper_rights(name, schema_oid(making)))
				execute(lfirst(cell));
	}
	if (making->role != NULL)
		execute(psprintf("GRANT USAGE ON SCHEMA %s TO %s", making->text.schema, making->role));
}

/* --- indexes */

/* Is one of the values known that an index needs?  "names" ends with a bracket. */
static bool
is_wanted(const TeApi *api, const char *names)
{
	while (*names != ']' && *names != '\0')
	{
		size_t		length = strcspn(names, " ]");
		const TeApiValue *value = te_api_value(api, names, length);

		if (value == NULL)
			elog(ERROR, "unknown name of a value in the list of indexes");
		if (value->known)
			return true;
		names += length;
		names += strspn(names, " ");
	}
	return false;
}

/* The end of an index's name, which tells its definition: another one if that changes. */
static char *
index_suffix(const char *label, const char *definition)
{
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) definition, (int) strlen(definition)));

	return psprintf("_%s_%04x", label, hash & 0xFFFF);
}

/* Its name; tables whose names do not fit have different ones all the same. */
static char *
index_name(const Making *making, const char *suffix)
{
	const char *table = get_rel_name(making->text.attachment->relation);
	int			room = NAMEDATALEN - 1 - (int) strlen(suffix);
	uint32		hash = DatumGetUInt32(hash_any((const unsigned char *) table, (int) strlen(table)));

	if ((int) strlen(table) <= room)
		return psprintf("%s%s", table, suffix);
	return psprintf("%.*s_%04x%s", pg_mbcliplen(table, (int) strlen(table), room - 5), table, hash & 0xFFFF, suffix);
}

/* The table's index whose name ends so, whatever the table's name was when it was made; InvalidOid if there is none. */
static Oid
find_index(const Making *making, const char *suffix)
{
	Relation	table = table_open(making->text.attachment->relation, AccessShareLock);
	Oid			found = InvalidOid;
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(table))
	{
		const char *name = get_rel_name(lfirst_oid(cell));
		size_t		length = name != NULL ? strlen(name) : 0;

		if (length > strlen(suffix) && strcmp(name + length - strlen(suffix), suffix) == 0)
			found = lfirst_oid(cell);
	}
	table_close(table, NoLock);
	return found;
}

/* CREATE INDEX CONCURRENTLY that fails leaves an index that is written to and serves nobody. */
static void
make_index(Making *making, const char *label, const char *definition)
{
	const TeAttachment *attachment = making->text.attachment;
	const char *suffix = index_suffix(label, definition);
	const char *method = making->create_indexes ? "" : "CONCURRENTLY ";
	Oid			index = find_index(making, suffix);
	char	   *statement;

	if (!OidIsValid(index))
		statement = psprintf("CREATE INDEX %s%s ON %s %s", method, quote_identifier(index_name(making, suffix)), attachment->name, definition);
	else if (!get_index_isvalid(index))
		statement = psprintf("REINDEX INDEX %s%s", method, te_relation_name(index));
	else
		return;
	if (making->create_indexes)
		execute(statement);
	else
		appendStringInfo(&making->wanted, "%s%s;", making->wanted.len > 0 ? "\n" : "", statement);
}

/* The lines "label [needed values]: definition" of a template. */
static void
make_indexes(Making *making, const char *lines)
{
	while (*lines != '\0')
	{
		size_t		length = strcspn(lines, "\n");
		const char *line = pnstrdup(lines, length);
		const char *names = strchr(line, '[');
		const char *definition = names != NULL ? strstr(names, "]: ") : NULL;

		if (definition != NULL && is_wanted(&making->text, names + 1))
			make_index(making, pnstrdup(line, names - line - 1), te_api_text(&making->text, definition + 3));
		lines += length + (lines[length] == '\n');
	}
}

/* --- all */

/* For te_subtransaction(): the view and the functions. */
static void
make_objects(void *arg)
{
	Making	   *making = arg;

	resetStringInfo(&making->made);
	for (int i = 0; i < making->text.template_count; i++)
	{
		if (is_object(&making->text.templates[i]))
			make_object(making, &making->text.templates[i]);
	}
}

/* For te_subtransaction(): one statement. */
static void
execute_one(void *arg)
{
	execute(arg);
}

/* Make the objects anew, with the rights of those that are dropped. */
static void
make_objects_anew(Making *making)
{
	List	   *rights = te_api_drop(&making->text, schema_oid(making));
	ListCell   *cell;

	make_objects(making);
	CommandCounterIncrement();
	foreach(cell, rights)
	{
		ErrorData  *error = te_subtransaction(execute_one, lfirst(cell));

		/* a column or a function may be there no more */
		if (error != NULL && error->sqlerrcode != ERRCODE_UNDEFINED_COLUMN && error->sqlerrcode != ERRCODE_UNDEFINED_FUNCTION)
			ReThrowError(error);
	}
}

/* What is made is made on this node of a Citus cluster only: its queries name none of it on the others. */
static void
make_schema(Making *making)
{
	ErrorData  *error = NULL;
	int			level = NewGUCNestLevel();

	if (te_citus_is_installed())
		(void) set_config_option("citus.enable_ddl_propagation", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	prepare_schema(making);
	CommandCounterIncrement();
	/* in two sessions at once, CREATE OR REPLACE fails */
	LockDatabaseObject(NamespaceRelationId, schema_oid(making), 0, ShareUpdateExclusiveLock);
	te_api_check_names(&making->text, schema_oid(making));
	check_key_type(making);
	if (!te_api_has_former(&making->text, schema_oid(making)))
	{
		error = te_subtransaction(make_objects, making);
		if (error != NULL && !te_api_is_in_the_way(error))
			ReThrowError(error);
	}
	if (error != NULL || making->made.len == 0)
		make_objects_anew(making);
	CommandCounterIncrement();
	grant_access(making);
	check_owners(making);
	AtEOXact_GUC(false, level);
}

/* On the table, on all nodes that have a part of it. */
static void
change_table(Making *making)
{
	if (making->role != NULL)
		execute(psprintf("GRANT SELECT ON TABLE %s TO %s", making->text.attachment->name, making->role));
	for (int i = 0; i < making->text.template_count; i++)
		if (strcmp(making->text.templates[i].name, "indexes") == 0)
			make_indexes(making, making->text.templates[i].text);
}

static void
report(const Making *making)
{
	ereport(NOTICE,
			(errmsg("made %s", making->made.data),
			 making->role != NULL
			 ? errdetail("Role %s may use all of them, and read table %s.", making->role, making->text.attachment->name)
			 : errdetail("Only the owner may use them until rights are granted: name a role in the parameter \"grant_to\".")));
	if (making->wanted.len > 0)
		ereport(NOTICE,
				(errmsg("indexes for the filters were not made"),
				 errdetail("%s", making->wanted.data),
				 errhint("Run those for the filters in use, each by itself, then ANALYZE; or add create_indexes => true, which locks the table against writing.")));
}

/* thumbexif_api(relation regclass, schema name, grant_to name, base text, create_indexes boolean) RETURNS void */
Datum
thumbexif_api(PG_FUNCTION_ARGS)
{
	Making	   *making = palloc0(sizeof(Making));
	TeAttachment *attachment;
	int			level;

	PreventCommandIfReadOnly("thumbexif_api()");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parameter \"schema\" must not be NULL"),
				 errhint("Omit it to make schema photos_api.")));
	attachment = te_attachment_get(PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0));
	te_attachment_check_owner(attachment);
	/* two sessions create the schema one after the other; no statement on the table waits for this lock */
	LockDatabaseObject(RelationRelationId, attachment->relation, 0, ShareUpdateExclusiveLock);
	making->schema = NameStr(*PG_GETARG_NAME(1));
	if (!PG_ARGISNULL(2))
		making->role = quote_identifier(GetUserNameFromId(get_role_oid(NameStr(*PG_GETARG_NAME(2)), false), false));
	making->create_indexes = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	initStringInfo(&making->made);
	initStringInfo(&making->wanted);

	level = NewGUCNestLevel();
	RestrictSearchPath();
	(void) set_config_option("standard_conforming_strings", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	te_api_text_prepare(&making->text, attachment, making->schema, PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3)));
	make_schema(making);
	change_table(making);
	report(making);
	SPI_finish();
	AtEOXact_GUC(true, level);
	PG_RETURN_VOID();
}
