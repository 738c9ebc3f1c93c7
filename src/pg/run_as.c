/*
 * run_as.c
 *		Another role's rights for the length of one statement.
 *
 * All kinds open a GUC nest level, so whatever the statement or code it fires does to settings ends
 * with it; all but the caller's own with a search_path that no user can put anything into.  All are
 * security-restricted operations: what they fire cannot put anything off to the end of the transaction, where
 * it would run with the rights of whoever commits.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/syscache.h"

#include "compat.h"
#include "extension.h"
#include "guard.h"
#include "run_as.h"

static void
become(TeRunAs *save, Oid user, bool guarded, bool foreign)
{
	GetUserIdAndSecContext(&save->saved_user, &save->saved_context);
	save->guarded = guarded;
	if (guarded)
		te_guard_begin(foreign);
	SetUserIdAndSecContext(user, save->saved_context | SECURITY_RESTRICTED_OPERATION);
	save->guc_level = NewGUCNestLevel();
}

void
te_run_as_extension(TeRunAs *save)
{
	TeExtension extension;

	te_extension_get(&extension);
	become(save, extension.owner, false, false);
	RestrictSearchPath();
}

void
te_run_as_owner(TeRunAs *save, Oid owner)
{
	become(save, owner, true, false);
	RestrictSearchPath();
}

/* Does the owner of a relation lack rights of the current user? */
static bool
is_foreign(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return true;			/* dropped meanwhile: the statement will fail */
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return !has_privs_of_role(owner, GetUserId());
}

void
te_run_as_caller(TeRunAs *save, Oid relation)
{
	become(save, GetUserId(), true, is_foreign(relation));
}

void
te_run_as_end(TeRunAs *save)
{
	AtEOXact_GUC(false, save->guc_level);
	SetUserIdAndSecContext(save->saved_user, save->saved_context);
	if (save->guarded)
		te_guard_end();
}
