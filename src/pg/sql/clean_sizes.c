/*
 * clean_sizes.c
 *		Removing thumbnails of sizes that are no longer wanted.
 *
 * Which sizes an asset has, its settings in the state tell.  There are few different ones, each of which is one statement.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "clean_sizes.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset.h"
#include "pg/pipeline/staleness.h"

/* The different settings of thumbnails of assets with several sizes.  Palloc'd. */
static char **
stored_settings(const TeAttachment *attachment, int *count)
{
	TeArgs		args = {0};
	char	  **settings;

	te_arg_int4(&args, attachment->number);
	*count = (int) te_sql_read(psprintf("SELECT DISTINCT thumbnail_settings FROM %s WHERE attachment = $1 AND (wrote & " INT64_FORMAT ") <> 0"
										" AND thumbnail_settings IS NOT NULL", attachment->state, TE_WROTE_SIZES), &args);
	settings = palloc(sizeof(char *) * (*count + 1));
	for (int i = 0; i < *count; i++)
		settings[i] = te_out_text(i, 1);
	te_sql_free();
	return settings;
}

/* Are there thumbnails in several sizes at all?  So that states need not be read if there are none. */
static bool
any_sizes(const TeAttachment *attachment)
{
	TeArgs		args = {0};
	bool		any;

	te_arg_int4(&args, attachment->number);
	any = te_sql_read(psprintf("SELECT FROM %s WHERE attachment = $1 LIMIT 1", attachment->thumbnails), &args) > 0;
	te_sql_free();
	return any;
}

/* Of assets with certain settings, delete the sizes that are not kept; their settings become "after". */
static int64
delete_surplus(const TeAttachment *attachment, const char *before, const char *after, const TeSizes *kept, bool dry_run)
{
	Datum		sides[TE_MAX_SIZES];
	int			count = kept->count > 1 ? kept->count : 0;	/* an asset with one size has no row */
	TeArgs		args = {0};
	int64		files;

	for (int i = 0; i < count; i++)
		sides[i] = Int32GetDatum(kept->side[i]);
	te_arg_int4(&args, attachment->number);
	te_arg_text(&args, before);
	te_arg_array(&args, INT4OID, sides, NULL, count);
	if (dry_run)
	{
		te_sql_read(psprintf("SELECT count(t.file) FROM %s AS s JOIN %s AS t USING (attachment, id)"
							 " WHERE s.attachment = $1 AND s.thumbnail_settings = $2 AND t.size <> ALL ($3)",
							 attachment->state, attachment->thumbnails), &args);
		files = te_out_int(0, 1, 0);
		te_sql_free();
		return files;
	}
	te_arg_text(&args, after);
	return (int64) te_sql_as_extension(psprintf("WITH changed AS (UPDATE %s AS s SET thumbnail_settings = $4, version = s.version + 1,"
												" wrote = CASE WHEN cardinality($3) = 0 THEN s.wrote & " INT64_FORMAT " ELSE s.wrote END"
												" FROM (SELECT id FROM %s WHERE attachment = $1 AND thumbnail_settings = $2"
												" AND status <> 'running' FOR UPDATE SKIP LOCKED) AS unlocked"
												" WHERE s.attachment = $1 AND s.id = unlocked.id RETURNING s.id),"
												" gone AS (DELETE FROM %s AS t USING changed WHERE t.attachment = $1"
												" AND t.id = changed.id AND t.size <> ALL ($3) RETURNING t.file)"
												" INSERT INTO %s (attachment, file) SELECT %d, gone.file FROM gone WHERE gone.file IS NOT NULL",
												attachment->state, ~TE_WROTE_SIZES, attachment->state, attachment->thumbnails,
												te_internal_name("thumbexif_removal"), attachment->folder), &args);
}

int64
te_clean_sizes(const TeAttachment *attachment, bool dry_run)
{
	TeSettings	now;
	char	  **stored;
	int			count;
	int64		files = 0;

	if (!any_sizes(attachment))
		return 0;
	te_settings_now(attachment, &now);
	stored = stored_settings(attachment, &count);
	for (int i = 0; i < count; i++)
	{
		TeSizes		kept;
		char	   *after = te_settings_without_surplus(stored[i], &now, &kept);

		if (after != NULL)
			files += delete_surplus(attachment, stored[i], after, &kept, dry_run);
	}
	return files;
}
