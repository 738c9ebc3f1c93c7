/*
 * clean_named.c
 *		Comparison of states and files with the rows of attached tables, for thumbexif_clean().
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "utils/syscache.h"

#include "clean_named.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/member.h"
#include "pg/pipeline/moved_state.h"

void
te_clean_not_compared(const TeAttachment *attachment, const char *detail, const char *hint)
{
	ereport(WARNING,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("states of table %s were not compared with its rows", attachment->name),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

bool
te_clean_readable(const TeAttachment *attachment)
{
	HeapTuple	tuple;
	bool		forced;

	if (!ConditionalLockRelationOid(attachment->relation, AccessShareLock))
	{
		te_clean_not_compared(attachment, "Another session has locked the table.", "Call thumbexif_clean() again later.");
		return false;
	}
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(attachment->relation));
	if (!HeapTupleIsValid(tuple))
		return false;
	forced = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity &&
		((Form_pg_class) GETSTRUCT(tuple))->relforcerowsecurity;
	ReleaseSysCache(tuple);
	if (forced)
		te_clean_not_compared(attachment, "Row security is forced for the table's owner.",
						  "Use ALTER TABLE ... NO FORCE ROW LEVEL SECURITY to let thumbexif see all rows.");
	return !forced;
}

bool
te_clean_comparable(const TeAttachment *attachment)
{
	if (!te_clean_readable(attachment))
		return false;
	if (te_attachment_accepts_key(attachment, attachment->key_type))
		return true;
	te_clean_not_compared(attachment, "Its key column was dropped or its type was changed.",
					  "Call thumbexif_attach() again with the current columns of the table.");
	return false;
}

/* --- files that rows name */

typedef struct Comparison
{
	const TeAttachment *table;
	char	  **names;
	int			count;
	bool	   *keep;
} Comparison;

static void
find_named(void *arg)
{
	Comparison *comparison = arg;

	te_rows_naming(comparison->table, comparison->names, comparison->count, comparison->keep);
}

/* False if it cannot be told which files the rows name. */
static bool
compare(Comparison *comparison)
{
	ErrorData  *error;

	if (!te_clean_readable(comparison->table))
		return false;
	error = te_subtransaction(find_named, comparison);
	if (error == NULL)
		return true;
	if (te_error_is_interrupt(error))
		ReThrowError(error);
	te_clean_not_compared(comparison->table, error->message, "Check the functions that indexes and policies of the table call.");
	return false;
}

/*
 * Of shards of partitions: the tables that are beside these on this node, and may have rows that name files in their folder: a partition that
 * was detached, or one that is just being attached.  "shard" is one of those that are attached.
 */
static List *
tables_beside(const TeAttachment *shard, const List *compared)
{
	List	   *tables = NIL;
	ListCell   *cell;

	foreach(cell, te_citus_shards_beside(shard->shard))
	{
		if (!list_member_oid(compared, lfirst_oid(cell)))
			tables = list_concat(tables, te_member_once(shard, lfirst_oid(cell)));
	}
	return tables;
}

/* The tables whose rows may name files in a folder. */
static List *
tables_of_folder(int folder)
{
	List	   *tables = NIL;
	List	   *compared = NIL;
	const TeAttachment *shard = NULL;
	ListCell   *cell;

	foreach(cell, te_attachment_with_rows())
	{
		const TeAttachment *table = lfirst(cell);

		if (table->folder != folder)
			continue;
		tables = lappend(tables, lfirst(cell));
		compared = lappend_oid(compared, table->relation);
		if (table->shard != 0 && te_attachment_shares_folder(table))
			shard = table;
	}
	return shard != NULL ? list_concat(tables, tables_beside(shard, compared)) : tables;
}

void
te_clean_keep_named(int folder, char **names, int count, bool *keep)
{
	ListCell   *cell;

	SPI_connect();
	foreach(cell, tables_of_folder(folder))
	{
		Comparison	comparison = {lfirst(cell), names, count, keep};

		if (compare(&comparison))
			continue;
		memset(keep, true, sizeof(bool) * count);
		break;
	}
	SPI_finish();
}
