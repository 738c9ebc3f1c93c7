/*
 * citus.c
 *		What Citus tells of a table: whether its rows are in shards, and which of these are on this node.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "citus.h"
#include "hierarchy.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"

/* Columns of pg_dist_partition, which have had these places since its first version. */
enum
{
	PARTITION_RELATION = 1, PARTITION_METHOD, PARTITION_KEY, PARTITION_COLOCATION, PARTITION_REPLICATION
};

/* A catalog or index of Citus; InvalidOid without Citus. */
static Oid
find_catalog(const char *name)
{
	return get_relname_relid(name, PG_CATALOG_NAMESPACE);
}

bool
te_citus_is_installed(void)
{
	return OidIsValid(find_catalog("pg_dist_partition")) && OidIsValid(find_catalog("pg_dist_local_group"));
}

/* The number of this node's group; 0 is the coordinator's. */
static int32
local_group(void)
{
	Relation	catalog = table_open(find_catalog("pg_dist_local_group"), AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple = systable_getnext(scan);
	bool		isnull = true;
	Datum		group = HeapTupleIsValid(tuple) ? heap_getattr(tuple, 1, RelationGetDescr(catalog), &isnull) : (Datum) 0;
	int32		number = isnull ? 0 : DatumGetInt32(group);

	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return number;
}

bool
te_citus_is_coordinator(void)
{
	return te_citus_is_installed() && local_group() == 0;
}

static char
char_of(HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? '\0' : DatumGetChar(value);
}

/* h, a, r and n: by hash, appended, by ranges, no column; s, t and c: by streaming, two-phase commit, statements. */
static TeCitusKind
kind_of(char method, char replication)
{
	if (method == 'h' && replication == 's')
		return TE_CITUS_HASH;
	if (method == 'n' && replication == 's')
		return TE_CITUS_SINGLE;
	if (method == 'n' && replication == 't')
		return TE_CITUS_REFERENCE;
	return TE_CITUS_OTHER;
}

TeCitusKind
te_citus_kind(Oid relation)
{
	TeCitusKind kind = TE_CITUS_NONE;
	Relation	catalog;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!te_citus_is_installed())
		return TE_CITUS_NONE;
	catalog = table_open(find_catalog("pg_dist_partition"), AccessShareLock);
	ScanKeyInit(&key, PARTITION_RELATION, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, find_catalog("pg_dist_partition_logical_relid_index"), true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		kind = kind_of(char_of(tuple, RelationGetDescr(catalog), PARTITION_METHOD),
					   char_of(tuple, RelationGetDescr(catalog), PARTITION_REPLICATION));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return kind;
}

char *
te_citus_distribution_column(Oid relation)
{
	TeArgs		args = {0};
	char	   *name = NULL;

	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	if (te_sql_as_extension("SELECT pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) FROM pg_catalog.pg_dist_partition AS p"
							" WHERE p.logicalrelid OPERATOR(pg_catalog.=) $1 AND p.partkey IS NOT NULL", &args) > 0)
		name = te_out_text(0, 1);
	te_sql_free();
	return name;
}

/*
 * The table with the rows of a shard.  Citus names it after the table, cut to fit; what it calls shard_name() tells how.  It is
 * looked up in the caches, since Citus hides shards from statements that read pg_class.
 */
static Oid
shard_relation(Oid relation, char *shard_name)
{
	List	   *names;
	Oid			found = InvalidOid;

	if (shard_name == NULL)
		return InvalidOid;
	names = textToQualifiedNameList(cstring_to_text(shard_name));
	found = get_relname_relid(strVal(llast(names)), get_rel_namespace(relation));
	list_free_deep(names);
	return found;
}

/*
 * The shards of this node that meet a condition on "s".  Shards of partitions have the bounds of those of the partitioned table, $1, and stay with
 * these when they are moved.
 */
static List *
read_shards(const char *condition, const TeArgs *args)
{
	List	   *shards = NIL;
	uint64		count;

	count = te_sql_as_extension(psprintf("SELECT s.shardid, shard_name(s.logicalrelid, s.shardid)::text, COALESCE(f.shardid, s.shardid), s.logicalrelid::oid"
										 " FROM pg_dist_local_group AS g, pg_dist_shard AS s LEFT JOIN pg_dist_shard AS f"
										 " ON f.logicalrelid = $1 AND COALESCE(f.shardminvalue, '') = COALESCE(s.shardminvalue, ''), " TE_CITUS_PLACEMENT_SQL
										 " AND p.shardid = s.shardid AND p.groupid = g.groupid AND %s ORDER BY s.shardid", condition), args);
	for (uint64 i = 0; i < count; i++)
	{
		TeCitusShard *shard = palloc(sizeof(TeCitusShard));

		shard->number = te_out_int((int) i, 1, 0);
		shard->folder = te_out_int((int) i, 3, 0);
		shard->of = DatumGetObjectId(te_out((int) i, 4));
		shard->relation = shard_relation(shard->of, te_out_text((int) i, 2));
		if (OidIsValid(shard->relation))
			shards = lappend(shards, shard);
	}
	te_sql_free();
	return shards;
}

List *
te_citus_local_shards(Oid relation, const List *tables)
{
	Datum	   *oids = palloc(sizeof(Datum) * (list_length(tables) + 1));
	TeArgs		args = {0};
	ListCell   *cell;

	if (!te_citus_is_installed())
		return NIL;
	foreach(cell, tables)
		oids[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	te_arg_array(&args, OIDOID, oids, NULL, list_length(tables));
	return read_shards("s.logicalrelid = ANY ($2)", &args);
}

bool
te_citus_shard_of(Oid relation, Oid table, TeCitusShard *shard)
{
	const char *name = get_rel_name(table);
	const char *digits = name != NULL ? strrchr(name, '_') : NULL;
	TeArgs		args = {0};
	List	   *found;

	if (digits == NULL || !te_citus_is_installed())
		return false;
	/* all names of shards end with the number */
	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	te_arg_int8(&args, strtoll(digits + 1, NULL, 10));
	found = read_shards("s.shardid = $2", &args);
	if (found == NIL || ((TeCitusShard *) linitial(found))->relation != table)
		return false;
	*shard = *(TeCitusShard *) linitial(found);
	return shard->of == relation || te_hierarchy_is_below(shard->of, relation);
}

Oid
te_citus_shard_table(Oid relation, int64 number)
{
	TeArgs		args = {0};
	List	   *found;

	if (!te_citus_is_installed())
		return InvalidOid;
	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	te_arg_int8(&args, number);
	found = read_shards("s.logicalrelid = $1 AND s.shardid = $2", &args);
	return found != NIL ? ((TeCitusShard *) linitial(found))->relation : InvalidOid;
}

List *
te_citus_shards_beside(int64 number)
{
	TeArgs		args = {0};
	List	   *relations = NIL;
	ListCell   *cell;

	te_arg_null(&args, OIDOID);
	te_arg_int8(&args, number);
	foreach(cell, read_shards("(s.logicalrelid, COALESCE(s.shardminvalue, '')) IN (SELECT b.logicalrelid, COALESCE(o.shardminvalue, '')"
							  " FROM pg_dist_shard AS o JOIN pg_dist_partition AS t USING (logicalrelid) JOIN pg_dist_partition AS b USING (colocationid)"
							  " WHERE o.shardid = $2)", &args))
		relations = lappend_oid(relations, ((TeCitusShard *) lfirst(cell))->relation);
	return relations;
}

List *
te_citus_tables_beside(Oid relation)
{
	TeArgs		args = {0};
	List	   *relations = NIL;
	uint64		count;

	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	count = te_sql_as_extension("SELECT b.logicalrelid::oid FROM pg_dist_partition AS t JOIN pg_dist_partition AS b USING (colocationid)"
								" WHERE t.logicalrelid = $1 AND b.logicalrelid <> $1", &args);
	for (uint64 i = 0; i < count; i++)
		relations = lappend_oid(relations, DatumGetObjectId(te_out((int) i, 1)));
	te_sql_free();
	return relations;
}

bool
te_citus_has_shard(int64 shard)
{
	TeArgs		args = {0};
	bool		here;

	te_arg_int8(&args, shard);
	here = te_sql("SELECT FROM pg_catalog.pg_dist_local_group AS g, " TE_CITUS_PLACEMENT_SQL
				  " AND p.shardid OPERATOR(pg_catalog.=) $1 AND p.groupid OPERATOR(pg_catalog.=) g.groupid", &args) > 0;
	te_sql_free();
	return here;
}

bool
te_citus_hold_shard(int64 shard, Oid owner)
{
	TeArgs		args = {0};
	TeRunAs		save;
	bool		here;

	SPI_connect();
	te_arg_int8(&args, shard);
	te_run_as_owner(&save, owner, NULL);	/* Citus lets nobody else take the lock */
	te_sql("SELECT pg_catalog.lock_shard_metadata(5, ARRAY[$1])", &args);	/* ShareLock */
	te_sql_free();
	here = te_citus_has_shard(shard);
	te_run_as_end(&save);
	SPI_finish();
	return here;
}
