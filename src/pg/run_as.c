/*
 * run_as.c
 *		Another role's rights for the length of one statement.
 *
 * All kinds open a GUC nest level, so whatever the statement or code it fires does to settings ends
 * with it; all but the caller's own with a search_path that no user can put anything into.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "compat.h"
#include "extension.h"
#include "guard.h"
#include "run_as.h"

static void
become(TeRunAs *save, Oid user, int add_context, bool guarded)
{
	GetUserIdAndSecContext(&save->saved_user, &save->saved_context);
	save->guarded = guarded;
	if (guarded)
		te_guard_begin();
	SetUserIdAndSecContext(user, save->saved_context | add_context);
	save->guc_level = NewGUCNestLevel();
}

void
te_run_as_extension(TeRunAs *save)
{
	TeExtension extension;

	te_extension_get(&extension);
	become(save, extension.owner, SECURITY_LOCAL_USERID_CHANGE, false);
	RestrictSearchPath();
}

void
te_run_as_owner(TeRunAs *save, Oid owner)
{
	become(save, owner, SECURITY_RESTRICTED_OPERATION, true);
	RestrictSearchPath();
}

void
te_run_as_caller(TeRunAs *save)
{
	become(save, GetUserId(), 0, true);
}

void
te_run_as_end(TeRunAs *save)
{
	AtEOXact_GUC(false, save->guc_level);
	SetUserIdAndSecContext(save->saved_user, save->saved_context);
	if (save->guarded)
		te_guard_end();
}
