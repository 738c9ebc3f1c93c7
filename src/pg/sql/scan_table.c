/*
 * scan_table.c
 *		What thumbexif_scan() asks of its table: that no other scan is at it, and that its paths are quickly found.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "pg/base/extension.h"
#include "pg/catalog/citus.h"
#include "scan.h"

#define LARGE_PAGES		1000	/* some ten thousand rows: read in some ten milliseconds */

/* Beside the locks of claims, which have 0 in the place of the 1. */
static void
scan_tag(LOCKTAG *tag, Oid relation)
{
	TeExtension extension;

	te_extension_get(&extension);
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, get_relname_relid("thumbexif_asset", extension.schema), relation, 1);
}

void
te_scan_lock(const TeAttachment *attachment)
{
	LOCKTAG		tag;

	if (te_citus_kind(attachment->relation) != TE_CITUS_NONE && !te_citus_is_coordinator())
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot scan a folder for table %s on this node", attachment->name),
				 errdetail("It is a table of a Citus cluster, and a scan on another node could insert a file twice."),
				 errhint("Call thumbexif_scan() on the coordinator.")));
	scan_tag(&tag, attachment->relation);
	if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("another session scans a folder for table %s", attachment->name),
				 errhint("Wait until its thumbexif_scan() has ended, or cancel it: two at once could insert a file twice.")));
}

void
te_scan_unlock(const TeAttachment *attachment)
{
	LOCKTAG		tag;

	scan_tag(&tag, attachment->relation);
	LockRelease(&tag, ExclusiveLock, true);
}

/* Can the index find a path? */
static bool
finds_path(Oid index, AttrNumber path, Oid collation)
{
	Relation	relation = index_open(index, AccessShareLock);
	const FormData_pg_index *form = relation->rd_index;
	bool		found = form->indisvalid && form->indkey.values[0] == path && relation->rd_indcollation[0] == collation &&
	(relation->rd_rel->relam == BTREE_AM_OID || relation->rd_rel->relam == HASH_AM_OID) &&
	heap_attisnull(relation->rd_indextuple, Anum_pg_index_indpred, NULL);

	index_close(relation, NoLock);
	return found;
}

void
te_scan_check_index(TeScan *scan)
{
	const TeAttachment *attachment = scan->attachment;
	Relation	table;
	AttrNumber	path;
	bool		found = false;
	ListCell   *cell;

	if (scan->warned_of_index)
		return;
	table = table_open(attachment->relation, NoLock);
	if (table->rd_rel->relkind == RELKIND_RELATION && RelationGetNumberOfBlocks(table) > LARGE_PAGES)
	{
		path = get_attnum(attachment->relation, attachment->path);
		foreach(cell, RelationGetIndexList(table))
			found |= finds_path(lfirst_oid(cell), path, TupleDescAttr(RelationGetDescr(table), path - 1)->attcollation);
		if (!found)
			ereport(WARNING,
					(errmsg("each batch reads the whole of table %s, which has no index on column \"%s\"",
							attachment->name, attachment->path),
					 errhint("CREATE INDEX ON %s (%s), better a UNIQUE one, makes it much faster.",
							 attachment->name, quote_identifier(attachment->path))));
		scan->warned_of_index = true;
	}
	table_close(table, NoLock);
}
