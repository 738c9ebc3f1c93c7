/*
 * clean.c
 *		SQL functions thumbexif_clean(), thumbexif_clean_dropped() and thumbexif_claim_folder().
 *
 * thumbexif_clean() removes, in this order: states whose row was deleted while triggers were
 * disabled; thumbnails of sizes that are no longer wanted; attachments whose table was dropped while event triggers were disabled; files
 * listed for removal; files that neither states nor rows name.  Then it counts again what the views show.  All decisions are made in one snapshot,
 * that of the calling query.  Files of states that this call deletes are counted too, although
 * they are only listed now and unlinked after its commit.
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/xid8.h"

#include "clean_named.h"
#include "clean_shards.h"
#include "clean_sizes.h"
#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/dropped_table.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/member_change.h"
#include "pg/compat.h"
#include "pg/files/cluster_folder.h"
#include "pg/files/thumbnail_folder.h"
#include "pg/files/thumbnail_store.h"
#include "pg/files/thumbnail_sweep.h"
#include "pg/pipeline/batch_write.h"
#include "pg/pipeline/moved_state.h"

PG_FUNCTION_INFO_V1(thumbexif_clean);
PG_FUNCTION_INFO_V1(thumbexif_clean_dropped);
PG_FUNCTION_INFO_V1(thumbexif_claim_folder);

#define CHUNK_STATES "1000"		/* state rows compared with the table at a time */

/* The first column of the only row of SPI_tuptable. */
static Datum
single_value(bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
}

/* Execute a query in the snapshot of the calling query.  Inside SPI. */
static void
select_now(const char *sql)
{
	TeArgs		none = {0};

	te_sql_read(sql, &none);
}

/* Execute a query that returns attachment numbers.  Palloc'd. */
static int *
select_numbers(const char *sql, int *count)
{
	int		   *list;
	bool		isnull;

	select_now(sql);
	*count = (int) SPI_processed;
	list = palloc(sizeof(int) * (*count + 1));
	for (int i = 0; i < *count; i++)
		list[i] = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	return list;
}

/* Forget attachments whose table no longer exists. */
static void
forget_dropped_tables(void)
{
	int			count;
	int		   *list;
	Oid		   *relations;
	bool		isnull;

	list = select_numbers(psprintf("SELECT attachment, relation::oid FROM %s WHERE dropped_name IS NULL", te_internal_name("thumbexif_attachment")), &count);
	relations = palloc(sizeof(Oid) * (count + 1));
	for (int i = 0; i < count; i++)
		relations[i] = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
	/* not by a query of pg_class, from which extensions may hide tables, as Citus does its shards */
	for (int i = 0; i < count; i++)
		if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relations[i])))
			te_dropped_attachment_forget(list[i]);
	te_dropped_tables_forget();
}

/* A chunk of keys, whose rows are looked for. */
typedef struct KeyChunk
{
	const TeAttachment *attachment;
	Oid			array_type;
	Datum		keys;			/* an array */
	Datum		without_row;	/* an array of the keys that have no row */
	bool		any_without_row;
	bool		dry_run;
} KeyChunk;

/*
 * Find the keys of a chunk that have no row.  As the table's owner.  States of rows whose key has changed go to the new keys, with
 * their files.
 */
static void
find_keys_without_row(void *arg)
{
	KeyChunk   *chunk = arg;
	const TeAttachment *attachment = chunk->attachment;
	char	   *sql = psprintf("SELECT pg_catalog.array_agg(k.id) FROM pg_catalog.unnest($1) AS k(id) "
							   "WHERE NOT EXISTS (SELECT FROM %s t WHERE %s)",
							   attachment->rows, te_key_equals_sql(&attachment->key, "t.", "k.id"));
	TeArgs		args = {0};
	bool		isnull;

	te_arg(&args, chunk->array_type, chunk->keys);
	te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql, &args);
	chunk->without_row = single_value(&isnull);
	chunk->any_without_row = !isnull;
	if (chunk->any_without_row && !chunk->dry_run)
		chunk->without_row = te_moved_states_of_keys(attachment, chunk->without_row, &chunk->any_without_row);
}

/*
 * The same in a subtransaction.  False if an ERROR was raised by code of the table, for example by a function in an
 * index; it is reported as a WARNING.
 */
static bool
try_find_keys_without_row(KeyChunk *chunk)
{
	ErrorData  *error = te_subtransaction(find_keys_without_row, chunk);

	if (error == NULL)
		return true;
	if (te_error_is_interrupt(error))
		ReThrowError(error);
	te_clean_not_compared(chunk->attachment, error->message, "Check the functions that indexes and policies of the table call.");
	return false;
}

/*
 * Delete the states of a chunk (keys, versions) whose keys are in "without", except those that were changed since or
 * are locked, and list their files for removal.  Returns the number of files.
 */
static int64
delete_states(const TeAttachment *attachment, Oid array_type, Datum keys, Datum versions,
			  Datum without, bool dry_run)
{
	TeArgs		args = {0};
	char	   *sql;
	bool		isnull;

	if (dry_run)
		sql = psprintf("SELECT count(file) FROM (SELECT file FROM %s WHERE attachment = $1 AND id = ANY ($4)"
					   " UNION ALL SELECT file FROM %s WHERE attachment = $1 AND id = ANY ($4)) AS named",
					   attachment->state, attachment->thumbnails);
	else
		sql = te_asset_state_delete_sql(attachment->state,
										psprintf("WHERE s.attachment = $1 AND s.id IN "
												 "(SELECT t.id FROM unnest($2, $3) AS u(id, version) JOIN %s t USING (id, version) "
												 "WHERE t.attachment = $1 AND t.id = ANY ($4) FOR UPDATE OF t SKIP LOCKED)",
												 attachment->state));
	te_arg_int4(&args, attachment->number);
	te_arg(&args, array_type, keys);
	te_arg(&args, INT8ARRAYOID, versions);
	te_arg(&args, array_type, without);
	if (!dry_run)
		return (int64) te_sql_as_extension(sql, &args);
	te_sql_read(sql, &args);
	return DatumGetInt64(single_value(&isnull));
}

/* Read the next chunk of states, after the last of "keys" unless it is the first one, as two arrays.  False at the end. */
static bool
next_chunk(const TeAttachment *attachment, Oid array_type, bool first, Datum *keys, Datum *versions)
{
	/* no condition that holds for the first chunk, too: by that the index would be read from the start for each */
	char	   *sql = psprintf("SELECT array_agg(id ORDER BY id), array_agg(version ORDER BY id) FROM "
							   "(SELECT id, version FROM %s WHERE attachment = $1%s "
							   "ORDER BY id LIMIT " CHUNK_STATES ") chunk",
							   attachment->state, first ? "" : " AND id > ($2)[cardinality($2)]");
	TeArgs		args = {0};
	bool		isnull;

	te_arg_int4(&args, attachment->number);
	if (!first)
		te_arg(&args, array_type, *keys);
	te_sql_read(sql, &args);
	*keys = single_value(&isnull);
	*versions = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	return !isnull;
}

/* Delete states that have no row.  Returns the number of files they named. */
static int64
clean_states(const TeAttachment *attachment, bool dry_run)
{
	Oid			array_type = te_key_array_type(te_key_state_type(attachment->key_type));
	Datum		keys = (Datum) 0;
	int64		files = 0;
	bool		first = true;
	bool		more = te_clean_comparable(attachment);
	bool		refused = false;

	while (more)
	{
		KeyChunk	chunk = {.attachment = attachment, .array_type = array_type, .dry_run = dry_run};
		Datum		last_keys = keys;
		Datum		versions;

		CHECK_FOR_INTERRUPTS();
		SPI_connect();			/* SPI_finish() frees the chunk */
		more = next_chunk(attachment, array_type, first, &keys, &versions);
		chunk.keys = keys;
		refused = more && !try_find_keys_without_row(&chunk);
		if (more && !refused && chunk.any_without_row)
			files += delete_states(attachment, array_type, keys, versions, chunk.without_row, dry_run);
		if (more)
			keys = SPI_datumTransfer(keys, false, -1);
		SPI_finish();
		if (!first)
			pfree(DatumGetPointer(last_keys));
		first = false;
		more = more && !refused;
	}
	return files;
}

/* Remove files that nothing refers to, of attachments that exist and of those that were dropped.  Returns their number. */
static int64
sweep_folders(const TeThumbnailFolders *folders, bool dry_run)
{
	uint64		horizon;
	int64		files = 0;
	int			count;
	int		   *list;
	bool		isnull;
	List	   *swept = NIL;
	ListCell   *cell;

	select_now("SELECT pg_snapshot_xmin(pg_current_snapshot())");
	horizon = U64FromFullTransactionId(DatumGetFullTransactionId(single_value(&isnull)));

	list = select_numbers(psprintf("SELECT attachment FROM %s WHERE parent IS NULL UNION SELECT attachment FROM %s WHERE attachment > 0",
								   te_internal_name("thumbexif_attachment"), te_internal_name("thumbexif_dropped")), &count);
	for (int i = 0; i < count; i++)
		for (int j = 0; j < folders->count; j++)
			files += te_thumbnail_sweep(folders->name[j], list[i], horizon, te_clean_keep_named, dry_run);
	foreach(cell, te_attachment_with_rows())
	{
		const TeAttachment *shard = lfirst(cell);

		if (shard->shard == 0 || list_member_int(swept, shard->folder))
			continue;
		files += te_thumbnail_sweep_shard(shard, horizon, te_clean_keep_named, dry_run);
		swept = lappend_int(swept, shard->folder);	/* which shards of several partitions have */
	}
	return files + te_clean_shards(dry_run);
}

/* Remove empty folders of dropped attachments, and forget each attachment of which no file is left. */
static void
forget_empty_folders(const TeThumbnailFolders *folders)
{
	int			count;
	int		   *list = select_numbers(psprintf("SELECT attachment FROM %s", te_internal_name("thumbexif_dropped")), &count);

	for (int i = 0; i < count; i++)
	{
		bool		removed = true;

		for (int j = 0; j < folders->count && list[i] > 0; j++)
			removed = te_thumbnail_remove_folders(psprintf("%s/%d", folders->name[j], list[i])) && removed;
		if (list[i] < 0)
			removed = te_cluster_folder_is_usable() && te_thumbnail_remove_folders(psprintf("%s/%d", te_folder_of(list[i], ""), te_folder_number(list[i])));
		if (removed)
		{
			TeArgs		args = {0};

			te_arg_int4(&args, list[i]);
			te_sql_as_extension(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_dropped")), &args);
		}
	}
}

/* Remove the files that are listed for removal and no longer kept, or count them.  Returns their number. */
static int64
clean_removals(bool dry_run)
{
	int64		unlinked = 0;

	if (dry_run)
		return te_thumbnail_count_removals();
	te_thumbnail_process_removals(0, &unlinked);
	return unlinked;
}

/* Clean thumbnail_dir, which must be set.  Returns the number of files. */
static int64
clean_files(bool dry_run)
{
	const TeThumbnailFolders *found = te_thumbnail_folders_to_clean(dry_run);
	int64		files = 0;

	te_thumbnail_folders_warn();
	if (found != NULL)
	{
		TeThumbnailFolders folders = *found;

		files += clean_removals(dry_run);
		files += sweep_folders(&folders, dry_run);
		if (!dry_run)
			forget_empty_folders(&folders);
	}
	if (te_thumbnail_folders()->state != TE_FOLDER_TROUBLE && te_thumbnail_any_dropped())
		ereport(NOTICE,
				(errmsg("there are thumbnails of dropped databases in folder \"%s\"", te_thumbnail_dir),
				 errhint("Call thumbexif_clean_dropped() to remove them.")));
	if (te_clean_any_dropped_shard())
		ereport(NOTICE,
				(errmsg("there are thumbnails of distributed tables that were dropped by functions, or were partitioned, in folder \"%s\"", te_thumbnail_dir),
				 errhint("Call thumbexif_clean_dropped() to remove them, if no table has their rows now.")));
	return files;
}

/* Last, since the counts stay locked until the transaction ends. */
static void
correct_counts(void)
{
	ListCell   *cell;

	te_count_fold_all();
	foreach(cell, te_attachment_with_rows())
		te_recount(lfirst(cell), true);
}

/* thumbexif_clean(dry_run boolean) RETURNS bigint */
Datum
thumbexif_clean(PG_FUNCTION_ARGS)
{
	bool		dry_run = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
	int64		files = 0;
	TeMemberChange change = {0};
	ListCell   *cell;
	TeRunAs		save;

	if (!dry_run)
		PreventCommandIfReadOnly("thumbexif_clean()");
	SPI_connect();

	if (!dry_run)
		te_members_update_all(TE_MEMBERS_LATER, &change);
	foreach(cell, te_attachment_with_rows())
	{
		files += clean_states(lfirst(cell), dry_run);
		files += te_clean_sizes(lfirst(cell), dry_run);
	}

	te_run_as_extension(&save);
	if (!dry_run)
		forget_dropped_tables();
	if (te_thumbnail_dir != NULL && te_thumbnail_dir[0] != '\0')
		files += clean_files(dry_run);
	te_run_as_end(&save);
	if (!dry_run)
		correct_counts();
	files += te_cluster_clean(dry_run);

	SPI_finish();
	PG_RETURN_INT64(files);
}

/* thumbexif_clean_dropped(dry_run boolean) RETURNS bigint */
Datum
thumbexif_clean_dropped(PG_FUNCTION_ARGS)
{
	bool		dry_run = !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
	int64		files;
	TeRunAs		save;

	if (!dry_run)
		PreventCommandIfReadOnly("thumbexif_clean_dropped()");
	te_thumbnail_check_is_set();
	files = te_thumbnail_clean_dropped(dry_run);
	SPI_connect();
	te_run_as_extension(&save);
	files += te_clean_dropped_shards(dry_run);
	te_run_as_end(&save);
	SPI_finish();
	PG_RETURN_INT64(files);
}

/* thumbexif_claim_folder() RETURNS text */
Datum
thumbexif_claim_folder(PG_FUNCTION_ARGS)
{
	PreventCommandIfReadOnly("thumbexif_claim_folder()");
	te_thumbnail_check_is_set();
	PG_RETURN_TEXT_P(cstring_to_text(te_thumbnail_folder_claim()));
}
