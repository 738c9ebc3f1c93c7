/*
 * object_rights.c
 *		Granting and revoking rights on the extension's functions and views.
 *
 * GRANT and REVOKE are built as trees and not as texts: a text would name argument types in thumbexif_internal, which the
 * current user may not use.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/compat.h"
#include "object_rights.h"

/* Grant: ERROR unless the current user may.  Revoke: has the current user granted the right to the role? */
static bool
is_ours(const TeRightsChange *change, Oid owner, Datum rights, AclMode right, const char *object)
{
	Acl		   *acl = DatumGetAclP(rights);
	const AclItem *items = (AclItem *) ((char *) acl + ARR_OVERHEAD_NONULLS(1));	/* ACL_DAT, without its warning */
	Oid			grantor;
	AclMode		options;

	select_best_grantor(GetUserId(), right, acl, owner, &grantor, &options);
	if (!change->revoke && options == ACL_NO_RIGHTS)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for %s", object),
				 errdetail("A role can grant to others only what was granted to itself with grant option."),
				 errhint("Ask a superuser to call thumbexif_grant(): with 'own' for the table's owner, who can then grant 'read' and 'process'.")));
	if (!change->revoke)
		return true;
	for (int i = 0; i < ACL_NUM(acl); i++)
		if (items[i].ai_grantee == change->role && items[i].ai_grantor == grantor &&
			(ACLITEM_GET_PRIVS(items[i]) & right) != 0)
			return true;
	return false;
}

/* GRANT or REVOKE a right on an object. */
static void
execute(const TeRightsChange *change, const char *right, ObjectType type, void *object)
{
	GrantStmt  *grant = makeNode(GrantStmt);
	AccessPriv *privilege = makeNode(AccessPriv);
	RoleSpec   *role = makeNode(RoleSpec);
	PlannedStmt *statement = makeNode(PlannedStmt);

	privilege->priv_name = pstrdup(right);
	role->roletype = ROLESPEC_CSTRING;
	role->rolename = pstrdup(change->role_name);
	role->location = -1;
	grant->is_grant = !change->revoke;
	grant->targtype = ACL_TARGET_OBJECT;
	grant->objtype = type;
	grant->objects = list_make1(object);
	grant->privileges = list_make1(privilege);
	grant->grantees = list_make1(role);
	grant->grant_option = !change->revoke && change->with_option;
	grant->behavior = DROP_CASCADE;
	statement->commandType = CMD_UTILITY;
	statement->utilityStmt = (Node *) grant;
	statement->stmt_location = -1;
	ProcessUtility(statement, change->revoke ? "thumbexif_revoke()" : "thumbexif_grant()", false, PROCESS_UTILITY_QUERY,
				   NULL, NULL, None_Receiver, NULL);
	CommandCounterIncrement();
}

bool
te_rights_on_view(const TeRightsChange *change, const char *name)
{
	TeExtension extension;
	Oid			view;
	HeapTuple	tuple;
	Form_pg_class form;
	Datum		rights;
	bool		none;

	te_extension_get(&extension);
	view = get_relname_relid(name, extension.home);
	if (!OidIsValid(view) || getExtensionOfObject(RelationRelationId, view) != extension.oid)
		return false;
	tuple = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(view));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for view %u", view);
	form = (Form_pg_class) GETSTRUCT(tuple);
	rights = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &none);
	if (none)
		rights = PointerGetDatum(acldefault(OBJECT_TABLE, form->relowner));
	if (!is_ours(change, form->relowner, rights, ACL_SELECT, psprintf("view %s", name)))
		return false;
	execute(change, "select", OBJECT_TABLE, makeRangeVar(get_namespace_name(extension.home), pstrdup(name), -1));
	return true;
}

static bool
change_function(const TeRightsChange *change, Oid oid)
{
	HeapTuple	tuple = SearchSysCacheCopy1(PROCOID, ObjectIdGetDatum(oid));
	ObjectWithArgs *object = makeNode(ObjectWithArgs);
	Form_pg_proc form;
	Datum		rights;
	bool		none;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", oid);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	rights = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proacl, &none);
	if (none)
		rights = PointerGetDatum(acldefault(OBJECT_FUNCTION, form->proowner));
	if (!is_ours(change, form->proowner, rights, ACL_EXECUTE, psprintf("function %s", NameStr(form->proname))))
		return false;
	object->objname = list_make2(makeString(get_namespace_name(form->pronamespace)), makeString(NameStr(form->proname)));
	for (int i = 0; i < form->pronargs; i++)
		object->objargs = lappend(object->objargs, makeTypeNameFromOid(form->proargtypes.values[i], -1));
	execute(change, "execute", OBJECT_ROUTINE, object);
	return true;
}

bool
te_rights_on_functions(const TeRightsChange *change, const char *name)
{
	TeExtension extension;
	TeArgs		args = {0};
	uint64		count;
	Oid		   *functions;
	bool		changed = false;

	te_extension_get(&extension);
	te_arg_text(&args, name);
	te_arg(&args, OIDOID, ObjectIdGetDatum(extension.home));
	count = te_sql_as_extension("SELECT oid FROM pg_proc WHERE proname = $1 AND pronamespace = $2", &args);
	functions = palloc(sizeof(Oid) * Max(count, 1));
	for (uint64 i = 0; i < count; i++)
		functions[i] = DatumGetObjectId(te_out((int) i, 1));
	te_sql_free();
	for (uint64 i = 0; i < count; i++)
	{
		if (getExtensionOfObject(ProcedureRelationId, functions[i]) == extension.oid && change_function(change, functions[i]))
			changed = true;
	}
	return changed;
}
