/*
 * run_as.c
 *		Running a statement with another role's rights.
 *
 * Each function opens a GUC nest level, so that settings changed by the statement, or by code
 * it fires, are restored.  te_run_as_extension sets a search_path without schemas that users
 * can create objects in; the others set the one kept with the attached table, if any and if the table's owner may choose
 * which objects the role finds.  All set a security-restricted operation, so that code cannot be deferred to the end of the
 * transaction, where it would run with the rights of the committing role.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "code_rights.h"
#include "extension.h"
#include "pg/compat.h"
#include "run_as.h"
#include "table_path.h"

static void
switch_user(TeRunAs *save, Oid user, bool guarded, bool foreign, bool every_function)
{
	GetUserIdAndSecContext(&save->saved_user, &save->saved_context);
	save->guarded = guarded;
	if (guarded)
		te_code_rights_begin(user, foreign, every_function);
	SetUserIdAndSecContext(user, save->saved_context | SECURITY_RESTRICTED_OPERATION);
	save->guc_level = NewGUCNestLevel();
}

void
te_run_as_extension(TeRunAs *save)
{
	TeExtension extension;

	te_extension_get(&extension);
	switch_user(save, extension.owner, false, false, false);
	RestrictSearchPath();
}

void
te_run_as_owner(TeRunAs *save, Oid owner, const char *search_path)
{
	switch_user(save, owner, true, false, search_path != NULL);
	if (search_path != NULL)
		te_table_path_set(search_path, owner);
	else
		RestrictSearchPath();
}

/* Does the owner of a relation lack rights of the current user? */
static bool
is_foreign(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return true;			/* dropped concurrently: the statement will fail */
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return !has_privs_of_role(owner, GetUserId());
}

void
te_run_as_caller(TeRunAs *save, Oid relation, const char *search_path)
{
	bool		foreign = is_foreign(relation);

	switch_user(save, GetUserId(), true, foreign, foreign || search_path != NULL);
	if (search_path != NULL && !foreign)
		te_table_path_set(search_path, GetUserId());
}

void
te_run_as_end(TeRunAs *save)
{
	AtEOXact_GUC(false, save->guc_level);
	SetUserIdAndSecContext(save->saved_user, save->saved_context);
	if (save->guarded)
		te_code_rights_end();
}
