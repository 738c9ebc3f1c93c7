/*
 * clean_shards.c
 *		Removing thumbnails in folders of former shards, for thumbexif_clean() and thumbexif_clean_dropped().
 *
 * A former shard was split, or its table converted.  Nobody writes to its folder any more, and rows that name files there may be on any
 * node.  So they are asked for by one statement on the table as a whole, which Citus sends to the shards; of each name, its random number is kept in
 * memory (some 40 bytes).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "clean_named.h"
#include "clean_shards.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/hierarchy.h"
#include "pg/catalog/member.h"
#include "pg/catalog/shard_folder.h"
#include "pg/files/cluster_folder.h"
#include "pg/files/thumbnail_sweep.h"

#define RANDOM_DIGITS 16		/* of a name, before its suffix */

/* The random numbers in the names of files that rows name. */
static HTAB *named = NULL;

/* The random number in a name or path; 0 if it has none. */
static uint64
random_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL && dot - path >= RANDOM_DIGITS ? strtoull(pnstrdup(dot - RANDOM_DIGITS, RANDOM_DIGITS), NULL, 16) : 0;
}

static void
add_named(void *arg)
{
	char	   *path = te_out_text(0, 1);
	uint64		random = random_of(path);

	(void) hash_search(named, &random, HASH_ENTER, NULL);
	pfree(path);
}

static void
keep_named(int folder, char **names, int count, bool *keep)
{
	for (int i = 0; i < count; i++)
	{
		uint64		random = random_of(names[i]);

		keep[i] = hash_search(named, &random, HASH_FIND, NULL) != NULL;
	}
}

static void
keep_none(int folder, char **names, int count, bool *keep)
{
}

typedef struct Search
{
	const TeAttachment *table;
	List	   *others;			/* TeAttachment *: tables that were partitions of it perhaps, with rows that name files there */
	List	   *shards;
} Search;

/* Read the paths of one of these tables that lead into the folders. */
static void
find_named_by(const TeAttachment *table, const char *pattern)
{
	const char *path = psprintf("t.%s", quote_identifier(table->column[TE_COL_THUMBNAIL_PATH]));
	TeArgs		args = {.each = add_named};

	te_arg_text(&args, pattern);
	te_sql_as_owner(table->relation, table->owner, table->search_path,
					psprintf("SELECT %s::pg_catalog.text FROM %s AS t WHERE %s::pg_catalog.text OPERATOR(pg_catalog.~) $1",
							 path, table->rows, path), &args);
}

static void
find_named(void *arg)
{
	const Search *search = arg;
	StringInfoData pattern;
	ListCell   *cell;

	initStringInfo(&pattern);
	appendStringInfo(&pattern, "/%s/(", te_folder_of(-1, ""));
	foreach(cell, search->shards)
		appendStringInfo(&pattern, "%s%d", foreach_current_index(cell) > 0 ? "|" : "", lfirst_int(cell));
	appendStringInfoString(&pattern, ")/../../[^/]+$");
	find_named_by(search->table, pattern.data);
	foreach(cell, search->others)
		find_named_by(lfirst(cell), pattern.data);
}

/* Of a partitioned table: the tables beside it that are no partitions, but may have been.  False if the rows of one cannot be read. */
static bool
find_others(const TeAttachment *table, List **others)
{
	ListCell   *cell;

	*others = NIL;
	if (get_rel_relkind(table->relation) != RELKIND_PARTITIONED_TABLE)
		return true;
	foreach(cell, te_citus_tables_beside(table->relation))
	{
		if (!te_hierarchy_is_below(lfirst_oid(cell), table->relation))
			*others = list_concat(*others, te_member_once(table, lfirst_oid(cell)));
	}
	foreach(cell, *others)
	{
		if (!te_clean_readable(lfirst(cell)))
			return false;
	}
	return true;
}

/* Remove files in folders of former shards of a table that no row of it names, nor one of a table that was a partition. */
static int64
clean_table(const TeAttachment *table, List *shards, bool dry_run)
{
	HASHCTL		options = {.keysize = sizeof(uint64), .entrysize = sizeof(uint64), .hcxt = CurrentMemoryContext};
	Search		search = {table, NIL, shards};
	ErrorData  *error;
	int64		files = 0;
	ListCell   *cell;

	if (table->column[TE_COL_THUMBNAIL_PATH] == NULL || !te_clean_comparable(table) || !find_others(table, &search.others))
		return 0;
	named = hash_create("thumbexif named files", 1024, &options, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	error = te_subtransaction(find_named, &search);
	if (error != NULL && te_error_is_interrupt(error))
		ReThrowError(error);
	if (error != NULL)
		te_clean_not_compared(table, error->message, "All nodes must answer. Call thumbexif_clean() again later.");
	else
	{
		foreach(cell, shards)
			files += te_thumbnail_sweep_former(lfirst_int(cell), keep_named, dry_run);
	}
	hash_destroy(named);
	named = NULL;
	return files;
}

/* Remove the folders of shards as far as they are empty.  Those that are not, remain in the list. */
static List *
remove_empty(List *shards, bool dry_run)
{
	List	   *left = NIL;
	ListCell   *cell;

	foreach(cell, shards)
	{
		if (!dry_run && te_thumbnail_remove_folders(psprintf("%s/%d", te_folder_of(-1, ""), lfirst_int(cell))))
			te_shard_folder_forget(lfirst_int(cell));
		else
			left = lappend_int(left, lfirst_int(cell));
	}
	return left;
}

/* Files of shards of tables that were dropped; in that table, these have numbers below zero. */
static int64
clean_dropped(bool dry_run)
{
	TeArgs		none = {0};
	uint64		count = te_sql_read(psprintf("SELECT -attachment FROM %s WHERE attachment < 0", te_internal_name("thumbexif_dropped")), &none);
	int		   *shards = palloc(sizeof(int) * (count + 1));
	int64		files = 0;

	for (uint64 i = 0; i < count; i++)
		shards[i] = (int) te_out_int((int) i, 1, 0);
	te_sql_free();
	for (uint64 i = 0; i < count; i++)
		files += te_thumbnail_sweep_former(shards[i], keep_none, dry_run);
	return files;
}

/*
 * The relations (List of OIDs) that had shards, and were dropped: on the coordinator by functions, or partitioned ones, since of others that
 * its user drops himself nothing is kept.
 */
static List *
dropped_relations(void)
{
	TeArgs		none = {0};
	List	   *relations = NIL;
	uint64		count = te_sql_read(psprintf("SELECT DISTINCT f.relation::oid FROM %s AS f WHERE NOT EXISTS (SELECT FROM %s AS a WHERE a.relation = f.relation)",
											 te_internal_name("thumbexif_shard"), te_internal_name("thumbexif_attachment")), &none);

	for (uint64 i = 0; i < count; i++)
	{
		Oid			relation = DatumGetObjectId(te_out((int) i, 1));

		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
			relations = lappend_oid(relations, relation);
	}
	te_sql_free();
	return relations;
}

int64
te_clean_shards(bool dry_run)
{
	int64		files = 0;
	ListCell   *cell;

	if (!te_cluster_folder_is_usable())
		return 0;
	if (te_citus_is_coordinator())
	{
		foreach(cell, te_attachment_all())
		{
			const TeAttachment *table = lfirst(cell);
			List	   *shards = remove_empty(te_shard_folders_former(table->relation), dry_run);

			if (shards != NIL)
				files += clean_table(table, shards, dry_run);
		}
		files += clean_dropped(dry_run);
	}
	else
	{
		foreach(cell, dry_run ? NIL : dropped_relations())
			te_shard_folders_forget(lfirst_oid(cell));
	}
	list_free(remove_empty(te_shard_folders_former(InvalidOid), dry_run));
	return files;
}

bool
te_clean_any_dropped_shard(void)
{
	return te_citus_is_coordinator() && dropped_relations() != NIL;
}

int64
te_clean_dropped_shards(bool dry_run)
{
	int64		files = 0;
	ListCell   *cell;

	foreach(cell, te_citus_is_coordinator() ? dropped_relations() : NIL)
	{
		ListCell   *shard;

		foreach(shard, te_shard_folders_of(lfirst_oid(cell)))
			files += te_thumbnail_sweep_former(lfirst_int(shard), keep_none, dry_run);
		if (!dry_run)
			te_shard_folders_drop(lfirst_oid(cell), true);
	}
	return files;
}
