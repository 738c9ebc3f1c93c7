/*
 * grant.c
 *		SQL functions thumbexif_grant() and thumbexif_revoke(): the rights that a role needs for a table.
 *
 * These are ordinary rights on the table and on the extension's functions and views, so that pg_dump dumps them and
 * \dp shows them.  A caller passes on what it may use itself.  Rights on functions and views do not name a table: they
 * are revoked only if the role has no other attached table for which it needs them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/attachment.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_grant);
PG_FUNCTION_INFO_V1(thumbexif_revoke);

/* What may be granted; each includes those before it. */
typedef enum Level
{
	LEVEL_READ,
	LEVEL_PROCESS,
	LEVEL_OWN
} Level;
#define LEVELS (LEVEL_OWN + 1)

static const struct
{
	const char *name;
	const char *table_rights;	/* on the table, for a role that does not own it */
	AclMode		right;			/* the one of them that tells that a role has this level */
	const char *views[8];
	const char *functions[12];	/* with all their overloads */
}			levels[LEVELS] = {
	[LEVEL_READ] = {"read", "SELECT", ACL_SELECT,
	{"thumbexif_status", "thumbexif_progress", "thumbexif_failures", "thumbexif_tables"}, {NULL}},
	[LEVEL_PROCESS] = {"process", "UPDATE", ACL_UPDATE, {NULL},
	{"thumbexif_process", "thumbexif_enqueue", "thumbexif_retry", "thumbexif_retry_all"}},
	[LEVEL_OWN] = {"own", NULL, 0, {NULL},
	{"thumbexif_attach", "thumbexif_detach", "thumbexif_pause", "thumbexif_resume", "thumbexif_backfill",
	"thumbexif_process_session", "thumbexif_grant", "thumbexif_revoke"}},
};

typedef struct Grant
{
	TeExtension extension;
	bool		revoke;
	Oid			role;
	const char *role_name;
	Oid			relation;
	Oid			owner;
	const char *table;			/* qualified and quoted */
	Level		level;
	StringInfoData done;		/* what was granted or revoked, for the NOTICE */
} Grant;

/* --- arguments */

static Level
parse_level(const char *what)
{
	for (int i = 0; i < LEVELS; i++)
		if (strcmp(what, levels[i].name) == 0)
			return (Level) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is nothing that can be granted", what),
			 errhint("Grant 'read' (views), 'process' (also process, enqueue and retry assets) or 'own' (also attach, backfill and grant).")));
}

static Oid
relation_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Look up the table, lock it against changes of its name and owner, and check that the caller may grant rights on it. */
static void
find_table(Grant *grant)
{
	char		kind;

	LockRelationOid(grant->relation, AccessShareLock);
	kind = get_rel_relkind(grant->relation);
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation with OID %u is not a table", grant->relation),
				 errhint("Name an attached table, or one that is to be attached.")));
	grant->owner = relation_owner(grant->relation);
	grant->table = quote_qualified_identifier(get_namespace_name(get_rel_namespace(grant->relation)),
											  get_rel_name(grant->relation));
	if (!object_ownercheck(RelationRelationId, grant->relation, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", grant->table),
				 errhint("Ask the table's owner, or a superuser, to do this.")));
}

static void
read_arguments(FunctionCallInfo fcinfo, Grant *grant)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("role, relation and right must not be NULL"),
				 errhint("For example: thumbexif_grant('app', 'photos', 'process').")));
	grant->role_name = NameStr(*PG_GETARG_NAME(0));
	grant->role = get_role_oid(grant->role_name, false);
	grant->relation = PG_GETARG_OID(1);
	grant->level = parse_level(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	find_table(grant);
	initStringInfo(&grant->done);
	if (grant->level == LEVEL_OWN && !grant->revoke && !has_privs_of_role(grant->role, grant->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" does not own table %s", grant->role_name, grant->table),
				 errdetail("What 'own' stands for, only the table's owner may do."),
				 errhint("Grant 'process', or change the owner by ALTER TABLE.")));
}

/* --- the rights */

static void
note(Grant *grant, const char *right)
{
	appendStringInfo(&grant->done, "%s%s", grant->done.len > 0 ? ", " : "", right);
}

/* Grant or revoke rights on an object, as the current user or as the extension's owner. */
static void
change(Grant *grant, bool as_extension, const char *rights, const char *kind, const char *object)
{
	TeArgs		none = {0};
	char	   *sql = psprintf("%s %s ON %s %s %s %s", grant->revoke ? "REVOKE" : "GRANT", rights, kind, object,
							   grant->revoke ? "FROM" : "TO", quote_identifier(grant->role_name));

	if (as_extension)
		te_sql_as_extension(sql, &none);
	else
		te_sql(sql, &none);
}

/* The rights on the table, which its owner has anyway. */
static void
change_table(Grant *grant, Level level)
{
	RangeVar   *table;

	if (levels[level].table_rights == NULL || has_privs_of_role(grant->role, grant->owner))
		return;
	change(grant, false, levels[level].table_rights, "TABLE", grant->table);
	table = makeRangeVar(get_namespace_name(get_rel_namespace(grant->relation)), get_rel_name(grant->relation), -1);
	if (RangeVarGetRelid(table, NoLock, true) != grant->relation ||
		(!grant->revoke &&
		 pg_class_aclcheck(grant->relation, grant->role, levels[level].right) != ACLCHECK_OK))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s was renamed concurrently", grant->table),
				 errhint("Try again.")));
	note(grant, psprintf("%s on table %s", levels[level].table_rights, grant->table));
}

/* May the role do at another attached table what this level stands for? */
static bool
needed_elsewhere(const Grant *grant, Level level)
{
	List	   *attachments = te_attachment_all();
	ListCell   *cell;

	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);

		if (attachment->relation == grant->relation)
			continue;
		if (has_privs_of_role(grant->role, attachment->owner) ||
			(levels[level].right != 0 &&
			 pg_class_aclcheck(attachment->relation, grant->role, levels[level].right) == ACLCHECK_OK))
			return true;
	}
	return false;
}

pg_noreturn static void
throw_not_held(const Grant *grant, const char *object)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for %s", object),
			 errdetail("A role can grant to others only what was granted to itself."),
			 errhint("Ask a superuser to call thumbexif_grant() with 'own' for the table's owner.")));
}

/* A view of the extension. */
static void
change_view(Grant *grant, const char *name)
{
	Oid			view = get_relname_relid(name, grant->extension.home);

	if (!OidIsValid(view) || getExtensionOfObject(RelationRelationId, view) != grant->extension.oid)
		return;
	if (pg_class_aclcheck(view, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		throw_not_held(grant, psprintf("view %s", name));
	change(grant, true, "SELECT", "TABLE", te_user_name(name));
	note(grant, psprintf("SELECT on view %s", name));
}

/* All functions and procedures of the extension that have a name.  Inside SPI. */
static void
change_functions(Grant *grant, const char *name)
{
	TeArgs		args = {0};
	uint64		count;
	Oid		   *functions;

	te_arg_text(&args, name);
	te_arg(&args, OIDOID, ObjectIdGetDatum(grant->extension.home));
	count = te_sql_as_extension("SELECT oid FROM pg_proc WHERE proname = $1 AND pronamespace = $2", &args);
	functions = palloc(sizeof(Oid) * Max(count, 1));
	for (uint64 i = 0; i < count; i++)
		functions[i] = DatumGetObjectId(te_out((int) i, 1));
	te_sql_free();
	for (uint64 i = 0; i < count; i++)
	{
		if (getExtensionOfObject(ProcedureRelationId, functions[i]) != grant->extension.oid)
			continue;
		if (object_aclcheck(ProcedureRelationId, functions[i], GetUserId(), ACL_EXECUTE) != ACLCHECK_OK)
			throw_not_held(grant, psprintf("function %s", name));
		change(grant, true, "EXECUTE", "ROUTINE", format_procedure_qualified(functions[i]));
	}
	note(grant, psprintf("EXECUTE on %s", name));
}

static void
change_level(Grant *grant, Level level)
{
	change_table(grant, level);
	if (grant->revoke && needed_elsewhere(grant, level))
		return;
	for (int i = 0; levels[level].views[i] != NULL; i++)
		change_view(grant, levels[level].views[i]);
	for (int i = 0; levels[level].functions[i] != NULL; i++)
		change_functions(grant, levels[level].functions[i]);
}

/* Let the role find the extension's objects; warn if it cannot find the table. */
static void
open_schemas(Grant *grant)
{
	Oid			home = grant->extension.home;
	Oid			schema = get_rel_namespace(grant->relation);

	if (object_aclcheck(NamespaceRelationId, home, grant->role, ACL_USAGE) != ACLCHECK_OK)
	{
		const char *name = quote_identifier(get_namespace_name(home));

		change(grant, true, "USAGE", "SCHEMA", name);
		note(grant, psprintf("USAGE on schema %s", name));
	}
	if (object_aclcheck(NamespaceRelationId, schema, grant->role, ACL_USAGE) != ACLCHECK_OK)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not use the schema of table %s", grant->role_name, grant->table),
				 errhint("GRANT USAGE ON SCHEMA %s TO %s.", quote_identifier(get_namespace_name(schema)),
						 quote_identifier(grant->role_name))));
}

static Datum
change_rights(FunctionCallInfo fcinfo, bool revoke)
{
	Grant		grant = {.revoke = revoke};

	PreventCommandIfReadOnly(revoke ? "thumbexif_revoke()" : "thumbexif_grant()");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	te_extension_get(&grant.extension);
	read_arguments(fcinfo, &grant);
	if (!revoke)
		open_schemas(&grant);
	for (int i = 0; i <= (int) grant.level; i++)
		change_level(&grant, (Level) i);
	ereport(NOTICE,
			(errmsg("%s role \"%s\": %s", revoke ? "revoked from" : "granted to", grant.role_name,
					grant.done.len > 0 ? grant.done.data : "nothing"),
			 revoke && grant.level != LEVEL_READ ? errdetail("Rights that the role needs for another attached table are kept.") : 0));
	SPI_finish();
	PG_RETURN_VOID();
}

/* thumbexif_grant(role name, relation regclass, what text) RETURNS void */
Datum
thumbexif_grant(PG_FUNCTION_ARGS)
{
	return change_rights(fcinfo, false);
}

/* thumbexif_revoke(role name, relation regclass, what text) RETURNS void */
Datum
thumbexif_revoke(PG_FUNCTION_ARGS)
{
	return change_rights(fcinfo, true);
}
