/*
 * hierarchy.c
 *		Where attached tables stand among partitions and tables that inherit.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "hierarchy.h"
#include "pg/compat.h"

#define MOST_LEVELS	100			/* should the catalog be damaged */

/* A parent or child of a relation, or InvalidOid.  "column" is the column of pg_inherits to search for the relation. */
static Oid
find_inherits(Oid relation, AttrNumber column)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			other = InvalidOid;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, column == Anum_pg_inherits_inhrelid ? InheritsRelidSeqnoIndexId :
							  InheritsParentIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		other = column == Anum_pg_inherits_inhrelid ?
			((Form_pg_inherits) GETSTRUCT(tuple))->inhparent : ((Form_pg_inherits) GETSTRUCT(tuple))->inhrelid;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return other;
}

Oid
te_hierarchy_top(Oid relation)
{
	for (int i = 0; i < MOST_LEVELS; i++)
	{
		Oid			parent = find_inherits(relation, Anum_pg_inherits_inhrelid);

		if (!OidIsValid(parent) || get_rel_relkind(parent) != RELKIND_PARTITIONED_TABLE)
			break;
		relation = parent;
	}
	return relation;
}

bool
te_hierarchy_is_below(Oid relation, Oid ancestor)
{
	for (int i = 0; i < MOST_LEVELS && OidIsValid(relation); i++)
	{
		relation = find_inherits(relation, Anum_pg_inherits_inhrelid);
		if (relation == ancestor)
			return OidIsValid(ancestor);
	}
	return false;
}

/* Why a table that was named cannot be processed now, or NULL. */
static const char *
problem_of_named(const TeAttachment *attachment)
{
	Oid			parent = find_inherits(attachment->relation, Anum_pg_inherits_inhrelid);

	if (OidIsValid(parent))
		return get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE ?
			"has become a partition" : "now inherits from another table";
	if (!attachment->has_members && OidIsValid(find_inherits(attachment->relation, Anum_pg_inherits_inhparent)))
		return "now has tables that inherit from it";
	return NULL;
}

void
te_hierarchy_check(const TeAttachment *attachment)
{
	const char *reason;

	if (attachment->shard != 0)
		return;					/* that a shard is still here is certain only while it is held, before it is written */
	if (attachment->parent != 0)
	{
		if (!te_hierarchy_is_below(attachment->relation, attachment->named))
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("table %s is no longer a partition of attached table %s", attachment->name, attachment->named_name),
					 errhint("The background worker, a backfill and thumbexif_attach() notice partitions that came or left.")));
		return;
	}
	reason = problem_of_named(attachment);
	if (reason != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("attached table %s %s", attachment->name, reason),
				 errdetail("Changes made through another table of the hierarchy do not fire the triggers of thumbexif."),
				 errhint("Remove the table from its hierarchy, or call thumbexif_detach().")));
}
