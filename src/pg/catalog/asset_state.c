/*
 * asset_state.c
 *		Queueing and deleting state rows.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"

#include "asset.h"
#include "asset_state.h"
#include "inserted_range.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"

/* Leaves room for 2^20 versions of one asset before the first version of the next transaction. */
#define VERSION_SHIFT	20

int64
te_asset_state_new_version(void)
{
	return (int64) (U64FromFullTransactionId(GetTopFullTransactionId()) << VERSION_SHIFT);
}

char *
te_asset_state_queue_sql(const char *state, const char *source)
{
	return psprintf("INSERT INTO %s AS s (attachment, id, status, version, next_try) "
					"SELECT $1, source.id, 'queued', $2, now() FROM (%s) AS source (id) "
					"ON CONFLICT (attachment, id) DO UPDATE SET " TE_STATE_REQUEUE,
					state, source);
}

/* SQL: the folder of an attachment ($1). */
static char *
folder_sql(void)
{
	return psprintf("COALESCE((SELECT COALESCE(-a.folder_shard::integer, a.parent) FROM %s AS a WHERE a.attachment = $1), $1)", te_internal_name("thumbexif_attachment"));
}

char *
te_asset_state_delete_sql(const char *state, const char *where)
{
	return psprintf("WITH gone AS (DELETE FROM %s AS s %s RETURNING s.id, s.file, s.wrote), "
					"sizes AS (DELETE FROM %s AS t USING gone WHERE t.attachment = $1 AND t.id = gone.id"
					" AND (gone.wrote & " INT64_FORMAT ") <> 0 RETURNING t.file) "
					"INSERT INTO %s (attachment, file) "
					"SELECT %s, named.file FROM (SELECT file FROM gone UNION ALL SELECT file FROM sizes) AS named WHERE named.file IS NOT NULL",
					state, where, te_thumbnail_table(state), TE_WROTE_SIZES, te_internal_name("thumbexif_removal"), folder_sql());
}

char *
te_asset_state_move_sql(const char *state)
{
	return psprintf("UPDATE %s s SET id = $4, " TE_STATE_MOVED " WHERE attachment = $1 AND id = $3", state);
}

char *
te_asset_state_move_sizes_sql(const char *state)
{
	return psprintf("UPDATE %s t SET id = $4 WHERE t.attachment = $1 AND t.id = $3", te_thumbnail_table(state));
}

/* SQL that deletes all rows of an attachment ($1) of a table and its children, and lists their thumbnail files for removal. */
static char *
delete_all_sql(const char *table)
{
	return psprintf("WITH gone AS (DELETE FROM %s WHERE attachment = $1 RETURNING file) "
					"INSERT INTO %s (attachment, file) SELECT %s, gone.file FROM gone WHERE gone.file IS NOT NULL",
					te_internal_name(table), te_internal_name("thumbexif_removal"), folder_sql());
}

/* Run a statement about one attachment ($1) with the extension's rights. */
static void
run_for_attachment(const char *sql, int attachment)
{
	TeArgs		args = {0};

	te_arg_int4(&args, attachment);
	te_sql_as_extension(sql, &args);
}

void
te_asset_state_delete_all(int attachment, bool keep_files)
{
	te_inserted_ranges_forget(attachment);
	run_for_attachment(keep_files ?
					   psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_asset")) :
					   delete_all_sql("thumbexif_asset"), attachment);
	/* no row names the files of other sizes, so they go in any case */
	run_for_attachment(delete_all_sql("thumbexif_thumbnail"), attachment);
	/* files that were replaced before are not kept longer than those; entries that are locked are due, and are not waited for */
	if (!keep_files)
		run_for_attachment(psprintf("UPDATE %s SET replaced_at = '-infinity' WHERE removal IN (SELECT removal FROM %s"
									" WHERE attachment = $1 AND replaced_at > '-infinity' FOR UPDATE SKIP LOCKED)",
									te_internal_name("thumbexif_removal"), te_internal_name("thumbexif_removal")), attachment);
}
