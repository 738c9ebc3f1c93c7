/*
 * grant.c
 *		SQL functions thumbexif_grant() and thumbexif_revoke(): the rights that a role needs for a table.
 *
 * These are ordinary rights on the table and on the extension's functions and views, granted and revoked by the caller
 * with the caller's rights, so that pg_dump dumps them and \dp shows them.  With 'own', a role receives the grant options
 * that it needs to pass on the others.  PostgreSQL keeps who granted a right: a caller revokes what it granted,
 * and nothing of others.  Rights on functions and views do not name a table: they are revoked only if the role has no
 * other attached table for which it needs them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/citus.h"
#include "pg/compat.h"
#include "cluster.h"
#include "object_rights.h"

PG_FUNCTION_INFO_V1(thumbexif_grant);
PG_FUNCTION_INFO_V1(thumbexif_revoke);

/* What may be granted; each includes those before it. */
typedef enum Level
{
	LEVEL_READ,
	LEVEL_PROCESS,
	LEVEL_UPLOAD,
	LEVEL_OWN
} Level;
#define LEVELS (LEVEL_OWN + 1)

static const struct
{
	const char *name;
	const char *table_right;	/* on the table, for a role that does not own it */
	AclMode		right;			/* the same; it tells that a role has this level */
	const char *views[8];
	const char *functions[16];	/* with all their overloads */
}			levels[LEVELS] = {

	[LEVEL_READ] = {"read", "SELECT", ACL_SELECT,
	{"thumbexif_status", "thumbexif_progress", "thumbexif_failures", "thumbexif_thumbnails"}, {"thumbexif_gallery", "thumbexif_gallery_part"}},
	[LEVEL_PROCESS] = {"process", "UPDATE", ACL_UPDATE, {NULL},
	{"thumbexif_process", "thumbexif_file", "thumbexif_srcset", "thumbexif_enqueue", "thumbexif_retry", "thumbexif_retry_all"}},
	[LEVEL_UPLOAD] = {"upload", "INSERT", ACL_INSERT, {NULL}, {"thumbexif_upload"}},
	[LEVEL_OWN] = {"own", NULL, 0, {NULL},
	{"thumbexif_attach", "thumbexif_detach", "thumbexif_pause", "thumbexif_resume", "thumbexif_backfill",
	"thumbexif_sweep", "thumbexif_process_session", "thumbexif_grant", "thumbexif_revoke", "thumbexif_api", "thumbexif_attach_node", "thumbexif_backfill_node",
	"thumbexif_session_node", "thumbexif_sweep_node"}},
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
	TeAttachment *attachment;	/* NULL if the table is not attached */
	Level		level;
	bool		distributed;	/* a table of a Citus cluster */
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
			 errhint("Grant 'read' (views, gallery), 'process' (also process, enqueue and retry assets, read thumbnails), 'upload' (also store originals) or 'own' (also attach, backfill and grant).")));
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

pg_noreturn static void
throw_renamed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the table was renamed or dropped concurrently"),
			 errhint("Try again.")));
}

/* Check, before the table is locked, that the caller may grant rights on it. */
static void
check_table(const RangeVar *table, Oid relation, Oid old_relation, void *argument)
{
	Grant	   *grant = argument;
	char		kind;

	if (relation != grant->relation)
		throw_renamed();
	kind = get_rel_relkind(relation);
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", table->relname),
				 errhint("Name an attached table, or one that is to be attached.")));
	grant->owner = relation_owner(relation);
	grant->table = quote_qualified_identifier(table->schemaname, table->relname);
	if (!object_ownercheck(RelationRelationId, relation, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", grant->table),
				 errhint("Ask the table's owner, or a superuser, to do this.")));
}

static RangeVar *
table_name(const Grant *grant)
{
	char	   *name = get_rel_name(grant->relation);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", grant->relation)));
	return makeRangeVar(get_namespace_name(get_rel_namespace(grant->relation)), name, -1);
}

/*
 * Lock the table against changes of its name and owner.  One caller at a time changes rights: PostgreSQL's GRANT fails
 * if another one changes the same rights.
 */
static void
find_table(Grant *grant)
{
	(void) RangeVarGetRelidExtended(table_name(grant), AccessShareLock, 0, check_table, grant);
	LockDatabaseObject(ExtensionRelationId, grant->extension.oid, 0, ShareUpdateExclusiveLock);
	grant->attachment = te_attachment_find(grant->relation);
	grant->distributed = te_citus_kind(grant->relation) != TE_CITUS_NONE;
	/* whose columns 'process' is about; a superuser may also tidy up after a table */
	if (grant->attachment == NULL && (grant->revoke ? !superuser() : grant->level == LEVEL_PROCESS || grant->level == LEVEL_UPLOAD))
		(void) te_attachment_get(grant->relation);	/* raises the ERROR */
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

/* Has a role a right on a table, or on one of its columns? */
static bool
may_use(Oid relation, Oid role, AclMode right)
{
	return pg_class_aclcheck(relation, role, right) == ACLCHECK_OK ||
		(right == ACL_UPDATE && pg_attribute_aclcheck_all(relation, role, right, ACLMASK_ANY) == ACLCHECK_OK);
}

/* UPDATE of the columns that are written, or, if there are none, of the path: some column must be the role's to update. */
static const char *
update_columns(const TeAttachment *attachment)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < TE_COLUMNS; i++)
		if (attachment->column[i] != NULL)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", quote_identifier(attachment->column[i]));
	return psprintf("UPDATE (%s)", list.len > 0 ? list.data : quote_identifier(attachment->path));
}

/* The right on the table, which its owner has anyway.  Revoked from a table, a right is revoked from its columns too. */
static void
change_table(Grant *grant, Level level)
{
	const char *right = levels[level].table_right;
	TeArgs		none = {0};

	if (right == NULL || has_privs_of_role(grant->role, grant->owner))
		return;
	/* Citus takes this right to all nodes, from the coordinator and on all columns only */
	if (grant->distributed && !te_citus_is_coordinator())
		return;
	if (level == LEVEL_PROCESS && !grant->revoke && !grant->distributed)
		right = update_columns(grant->attachment);
	te_sql(psprintf("%s %s ON TABLE %s %s %s", grant->revoke ? "REVOKE" : "GRANT", right, grant->table,
					grant->revoke ? "FROM" : "TO", quote_identifier(grant->role_name)), &none);
	if (RangeVarGetRelid(table_name(grant), NoLock, true) != grant->relation ||
		(!grant->revoke && !may_use(grant->relation, grant->role, levels[level].right)))
		throw_renamed();
	note(grant, psprintf("%s on table %s", right, grant->table));
}

/* May the role do what this level stands for at another attached table that is the caller's? */
static bool
needed_elsewhere(const Grant *grant, Level level)
{
	List	   *attachments = te_attachment_all();
	ListCell   *cell;

	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);

		if (attachment->relation == grant->relation ||
			!object_ownercheck(RelationRelationId, attachment->relation, GetUserId()))
			continue;
		if (has_privs_of_role(grant->role, attachment->owner) ||
			(levels[level].right != 0 && may_use(attachment->relation, grant->role, levels[level].right)))
			return true;
	}
	return false;
}

/*
 * The rights that a level adds to those before it.  With 'own', the role may pass the others on.  pg_monitor has the views
 * from CREATE EXTENSION, for all tables.
 */
static void
change_level(Grant *grant, Level level)
{
	TeRightsChange change = {
		.revoke = grant->revoke, .with_option = grant->level == LEVEL_OWN && level < LEVEL_OWN,
		.role = grant->role, .role_name = grant->role_name
	};

	change_table(grant, level);
	if (grant->revoke && (grant->role == ROLE_PG_MONITOR || needed_elsewhere(grant, level)))
		return;
	for (int i = 0; levels[level].views[i] != NULL; i++)
		if (te_rights_on_view(&change, levels[level].views[i]))
			note(grant, psprintf("SELECT on view %s", levels[level].views[i]));
	for (int i = 0; levels[level].functions[i] != NULL; i++)
		if (te_rights_on_functions(&change, levels[level].functions[i]))
			note(grant, psprintf("EXECUTE on %s", levels[level].functions[i]));
}

/* Warn if the role cannot find the table or the extension's objects: other objects in their schemas are not ours to open. */
static void
check_schema(const Grant *grant, Oid schema, const char *object)
{
	if (object_aclcheck(NamespaceRelationId, schema, grant->role, ACL_USAGE) != ACLCHECK_OK)
		ereport(WARNING,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not use the schema of %s", grant->role_name, object),
				 errhint("GRANT USAGE ON SCHEMA %s TO %s.", quote_identifier(get_namespace_name(schema)),
						 quote_identifier(grant->role_name))));
}

/* Rights on functions and views are each node's own.  A role without them on a node could not use that node's rows. */
static void
change_on_nodes(const Grant *grant)
{
	const char *function = grant->revoke ? "thumbexif_revoke" : "thumbexif_grant";
	List	   *nodes;

	if (!grant->distributed || !te_citus_is_coordinator())
		return;
	te_cluster_refuse_block(psprintf("given to %s()", function));
	nodes = te_cluster_nodes();
	te_cluster_run(nodes, psprintf("SELECT %s(%s::pg_catalog.name, %s::pg_catalog.regclass, %s::pg_catalog.text)", te_user_name(function),
								   quote_literal_cstr(grant->role_name), quote_literal_cstr(grant->table), quote_literal_cstr(levels[grant->level].name)));
	te_cluster_check(nodes, psprintf("call %s() for table %s", function, grant->table),
					 "Nodes that answered have done it. Call it again when this node answers.");
}

static Datum
change_rights(FunctionCallInfo fcinfo, bool revoke)
{
	Grant		grant = {.revoke = revoke};

	PreventCommandIfReadOnly(revoke ? "thumbexif_revoke()" : "thumbexif_grant()");
	SPI_connect();
	te_extension_get(&grant.extension);
	read_arguments(fcinfo, &grant);
	if (!revoke)
	{
		check_schema(&grant, grant.extension.home, "the extension's functions and views");
		check_schema(&grant, get_rel_namespace(grant.relation), psprintf("table %s", grant.table));
	}
	change_on_nodes(&grant);
	for (int i = 0; i <= (int) grant.level; i++)
		change_level(&grant, (Level) i);
	ereport(NOTICE,
			(errmsg("%s role \"%s\": %s", revoke ? "revoked from" : "granted to", grant.role_name,
					grant.done.len > 0 ? grant.done.data : "nothing"),
			 revoke ? errdetail("Rights that the role needs for another attached table, or that others granted, are kept.") :
			 grant.level == LEVEL_OWN ? errdetail("It can grant 'read', 'process' and 'upload' to others.") : 0));
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
