/*
 * object_rights.c
 *		Granting and revoking rights on the extension's functions and views.
 *
 * A dump contains these grants, as commands of the role that granted them.  So a role that may not use thumbexif_internal
 * grants nothing on functions with a type of that schema: it could not name them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
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
	const AclItem *items = te_acl_items(acl);
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
	if (change->role == owner)
		return false;			/* has them as the owner */
	for (int i = 0; i < ACL_NUM(acl); i++)
		if (items[i].ai_grantee == change->role && items[i].ai_grantor == grantor &&
			(ACLITEM_GET_PRIVS(items[i]) & right) != 0)
			return true;
	return false;
}

/* GRANT or REVOKE a right on an object. */
static void
execute(const TeRightsChange *change, const char *right, const char *object, bool with_option)
{
	TeArgs		none = {0};

	te_sql(psprintf("%s %s ON %s %s %s%s", change->revoke ? "REVOKE" : "GRANT", right, object, change->revoke ? "FROM" : "TO",
					quote_identifier(change->role_name), change->revoke ? " CASCADE" : with_option ? " WITH GRANT OPTION" : ""), &none);
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
	execute(change, "SELECT", psprintf("TABLE %s", te_user_name(name)), change->with_option);
	return true;
}

/* Has a function an argument with a type in our schema? */
static bool
takes_our_type(const FormData_pg_proc *function, const TeExtension *extension)
{
	for (int i = 0; i < function->pronargs; i++)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(function->proargtypes.values[i]));
		bool		ours = HeapTupleIsValid(tuple) && ((Form_pg_type) GETSTRUCT(tuple))->typnamespace == extension->schema;

		if (HeapTupleIsValid(tuple))
			ReleaseSysCache(tuple);
		if (ours)
			return true;
	}
	return false;
}

static bool
change_function(const TeRightsChange *change, const TeExtension *extension, Oid oid)
{
	HeapTuple	tuple = SearchSysCacheCopy1(PROCOID, ObjectIdGetDatum(oid));
	Form_pg_proc form;
	Datum		rights;
	bool		none;
	bool		nameable;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", oid);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	nameable = !takes_our_type(form, extension);
	if (!nameable && !has_privs_of_role(GetUserId(), form->proowner))
		return false;
	rights = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proacl, &none);
	if (none)
		rights = PointerGetDatum(acldefault(OBJECT_FUNCTION, form->proowner));
	if (!is_ours(change, form->proowner, rights, ACL_EXECUTE, psprintf("function %s", NameStr(form->proname))))
		return false;
	execute(change, "EXECUTE", psprintf("ROUTINE %s", format_procedure_qualified(oid)), change->with_option && nameable);
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
		if (getExtensionOfObject(ProcedureRelationId, functions[i]) == extension.oid && change_function(change, &extension, functions[i]))
			changed = true;
	}
	return changed;
}
