/*
 * shard_folder.c
 *		The shards that an attached table of Citus has or had: their numbers name folders of thumbnails.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/lsyscache.h"

#include "citus.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "shard_folder.h"

/* Run a statement about one relation ($1) with the extension's rights.  Returns the number of rows. */
static uint64
run(const char *sql, Oid relation)
{
	TeArgs		args = {0};

	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	return te_sql_as_extension(sql, &args);
}

void
te_shard_folders_update(const TeAttachment *table)
{
	const char *noted = te_internal_name("thumbexif_shard");

	(void) run(psprintf("INSERT INTO %s (relation, shard, shared) SELECT $1, s.shardid, %s FROM pg_dist_shard AS s WHERE s.logicalrelid = $1"
						" AND s.shardid <= %d AND NOT EXISTS (SELECT FROM %s AS f WHERE f.relation = $1 AND f.shard = s.shardid)"
						" ON CONFLICT DO NOTHING", noted, get_rel_relkind(table->relation) == RELKIND_PARTITIONED_TABLE ? "true" : "false",
						TE_MAX_SHARD, noted), table->relation);
	(void) run(psprintf("UPDATE %s AS f SET former = true WHERE f.relation = $1 AND NOT f.former"
						" AND NOT EXISTS (SELECT FROM pg_dist_shard AS s WHERE s.shardid = f.shard)", noted), table->relation);
}

bool
te_shard_folders_exist(Oid relation)
{
	bool		exist = run(psprintf("SELECT FROM %s WHERE relation = $1 LIMIT 1", te_internal_name("thumbexif_shard")), relation) > 0;

	te_sql_free();
	return exist;
}

bool
te_shard_folder_is_former(const TeAttachment *attachment, int64 shard)
{
	TeArgs		args = {0};
	bool		former;

	SPI_connect();
	te_arg_int4(&args, attachment->parent != 0 ? attachment->parent : attachment->number);
	te_arg_int8(&args, shard);
	former = te_sql_as_extension(psprintf("SELECT FROM %s AS f JOIN %s AS a USING (relation) WHERE a.attachment = $1 AND f.shard = $2 AND f.former",
										  te_internal_name("thumbexif_shard"), te_internal_name("thumbexif_attachment")), &args) > 0;
	te_sql_free();
	SPI_finish();
	return former;
}

/* The shards (List of int) that meet a condition with $1, a relation. */
static List *
list_shards(const char *condition, Oid relation)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *shards = NIL;
	uint64		count;

	SPI_connect();
	count = run(psprintf("SELECT shard FROM %s WHERE %s ORDER BY shard", te_internal_name("thumbexif_shard"), condition), relation);
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < count; i++)
		shards = lappend_int(shards, (int) te_out_int((int) i, 1, 0));
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return shards;
}

List *
te_shard_folders_former(Oid relation)
{
	return list_shards("former AND ($1 = 0 OR relation = $1)", relation);
}

List *
te_shard_folders_of(Oid relation)
{
	return list_shards("relation = $1", relation);
}

/*
 * The list comes from whoever may attach the table, as the coordinator does with the caller's role.  So it names no shard that is there, or that
 * may still come, nor one that another attached table has had: files of theirs are not this table's to read and remove.
 */
void
te_shard_folders_add_former(Oid relation, const char *shards)
{
	const char *noted = te_internal_name("thumbexif_shard");
	TeArgs		args = {0};

	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	te_arg_text(&args, shards);
	te_sql_as_extension(psprintf("INSERT INTO %s (relation, shard, former) SELECT $1, s, true FROM unnest($2::int4[]) AS s"
								 " WHERE s < (SELECT max(d.shardid) FROM pg_dist_shard AS d) AND NOT EXISTS (SELECT FROM pg_dist_shard AS d WHERE d.shardid = s)"
								 " AND NOT EXISTS (SELECT FROM %s AS f JOIN %s AS a USING (relation) WHERE f.shard = s AND f.relation <> $1 AND a.dropped_name IS NULL)"
								 " ON CONFLICT DO NOTHING", noted, noted, te_internal_name("thumbexif_attachment")), &args);
}

void
te_shard_folders_give(Oid from, Oid to)
{
	TeArgs		args = {0};

	te_arg(&args, OIDOID, ObjectIdGetDatum(from));
	te_arg(&args, OIDOID, ObjectIdGetDatum(to));
	te_sql_as_extension(psprintf("UPDATE %s SET relation = $2, former = true WHERE relation = $1", te_internal_name("thumbexif_shard")), &args);
}

void
te_shard_folders_drop(Oid relation, bool shared_too)
{
	uint64		shared = run(psprintf("SELECT FROM %s WHERE relation = $1 AND shared LIMIT 1", te_internal_name("thumbexif_shard")), relation);

	te_sql_free();
	if (shared > 0 && !shared_too)
		return;
	/* in that table, a folder of a shard has the number below zero */
	(void) run(psprintf("WITH gone AS (DELETE FROM %s WHERE relation = $1 RETURNING shard) INSERT INTO %s SELECT -gone.shard::integer FROM gone ON CONFLICT DO NOTHING",
						te_internal_name("thumbexif_shard"), te_internal_name("thumbexif_dropped")), relation);
}

void
te_shard_folders_forget(Oid relation)
{
	(void) run(psprintf("DELETE FROM %s WHERE relation = $1", te_internal_name("thumbexif_shard")), relation);
}

void
te_shard_folder_forget(int shard)
{
	TeArgs		args = {0};

	te_arg_int8(&args, shard);
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE shard = $1 AND former", te_internal_name("thumbexif_shard")), &args);
}
