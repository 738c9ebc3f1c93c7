/*
 * run_as.c
 *		Another role's rights for the length of one statement.
 *
 * Both kinds open a GUC nest level with a search_path that no user can put
 * anything into, so whatever the statement or code it fires does to settings ends with it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "compat.h"
#include "extension.h"
#include "run_as.h"

static void
become(TeRunAs *save, Oid user, int add_context)
{
	GetUserIdAndSecContext(&save->saved_user, &save->saved_context);
	SetUserIdAndSecContext(user, save->saved_context | add_context);
	save->guc_level = NewGUCNestLevel();
	RestrictSearchPath();
}

void
te_run_as_extension(TeRunAs *save)
{
	TeExtension extension;

	te_extension_get(&extension);
	become(save, extension.owner, SECURITY_LOCAL_USERID_CHANGE);
}

void
te_run_as_owner(TeRunAs *save, Oid owner)
{
	become(save, owner, SECURITY_RESTRICTED_OPERATION);
}

void
te_run_as_end(TeRunAs *save)
{
	AtEOXact_GUC(false, save->guc_level);
	SetUserIdAndSecContext(save->saved_user, save->saved_context);
}
