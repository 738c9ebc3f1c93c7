/*
 * run_as.c
 *		Another role's rights for the length of one statement.
 *
 * Both kinds open a GUC nest level with a search_path that no user can put
 * anything into, so whatever the statement or code it fires does to settings ends with it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "compat.h"
#include "run_as.h"

/* Whose the extension is, and so its tables.  ERROR if it is not installed here. */
static Oid
extension_owner(void)
{
	Relation	extensions = table_open(ExtensionRelationId, AccessShareLock);
	Oid			owner = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("thumbexif"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"thumbexif\" is not installed in this database"),
				 errhint("Run CREATE EXTENSION thumbexif.")));
	return owner;
}

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
	become(save, extension_owner(), SECURITY_LOCAL_USERID_CHANGE);
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
