/*
 * monitoring.c
 *		SQL functions behind the views thumbexif_status, thumbexif_progress and thumbexif_failures.
 *
 * No table may make a view fail or hang, so no code of a table's owner runs here.  Numbers are those that are kept
 * (asset_count.h), so that a look takes as long for a million assets as for ten.  Rows of small tables are counted by a
 * table scan, without a query and without policies.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "cluster_views.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/member.h"
#include "pg/compat.h"
#include "pg/pipeline/staleness.h"
#include "tables.h"

PG_FUNCTION_INFO_V1(thumbexif_status_rows);
PG_FUNCTION_INFO_V1(thumbexif_progress_rows);
PG_FUNCTION_INFO_V1(thumbexif_failure_rows);

/* --- thumbexif_status */

static void
put_status(ReturnSetInfo *result, const TeAttachment *attachment, TeAssetCounts counts)
{
	int64		rows;

	if (!te_attached_rows(attachment, &counts, &rows))
		return;
	counts.assets[TE_ASSET_NEW] += rows - te_counts_known(&counts); /* a row without state is new */
	(void) te_cluster_add_status(attachment, counts.assets);
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
	{
		Datum		values[] = {
			ObjectIdGetDatum(attachment->relation), CStringGetTextDatum(te_asset_status_name((TeAssetStatus) i)),
			Int64GetDatum(counts.assets[i])
		};
		bool		nulls[lengthof(values)] = {false};

		if (counts.assets[i] > 0)
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* thumbexif_status_rows() RETURNS TABLE (relation regclass, status text, assets bigint) */
Datum
thumbexif_status_rows(PG_FUNCTION_ARGS)
{
	HTAB	   *counts;
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	counts = te_counts_read(GetActiveSnapshot());
	foreach(cell, attachments)
	{
		if (te_tables_may_count(((TeAttachment *) lfirst(cell))->relation))
			put_status((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell), te_attached_counts(counts, lfirst(cell)));
	}
	return (Datum) 0;
}

/* --- thumbexif_progress */

static Datum
seconds_interval(double seconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = (int64) (ceil(Min(seconds, 1e12)) * USECS_PER_SEC);
	return IntervalPGetDatum(interval);
}

/*
 * The time in which "finished" assets were finished: from the first commit of the last two minutes to the last one, or,
 * if more time than that has passed since, from the first until now.  The assets of the first commit do not count: when
 * they were begun is not known.
 */
static double
finished_seconds(const TeAssetCounts *counts)
{
	int64		ran = counts->last_finished_at - counts->first_finished_at;
	TimestampTz now = GetCurrentStatementStartTimestamp();

	if (now - counts->last_finished_at > ran)
		ran = now - counts->first_finished_at;
	return Max(ran / (double) USECS_PER_SEC, 1e-6);
}

/*
 * The number of done assets that were made with other settings than those of this session.  Files that have changed, and
 * thumbnails that are gone, are not in it, while thumbnails that the row no longer names, which are not made again, are.
 */
int64
te_count_stale(const TeAttachment *attachment, const TeAssetCounts *counts)
{
	TeSettings	now;
	int			parts = te_parts_kept(attachment);
	int64		stale = 0;

	te_settings_now(attachment, &now);
	for (const TeSettingsCount *count = counts->settings; count != NULL; count = count->next)
	{
		bool		thumbnail = (parts & TE_PART_THUMBNAIL) && count->settings.thumbnail != 0 &&
		count->settings.thumbnail != te_count_settings_hash(now.thumbnail, strlen(now.thumbnail)) &&
		(now.damaged == NULL || count->settings.thumbnail != te_count_settings_hash(now.damaged, strlen(now.damaged)));
		bool		exif = (parts & TE_PART_EXIF) &&
		count->settings.exif != te_count_settings_hash(now.exif, strlen(now.exif)) &&
		count->settings.exif != te_count_settings_hash(now.exif, te_exif_settings_needed(attachment, now.exif));

		if (thumbnail || exif)
			stale += count->assets;
	}
	return Max(stale, 0);
}

/* What is known of the table on this node. */
static bool
local_progress(const TeAttachment *attachment, TeAssetCounts *counts, TeClusterProgress *progress)
{
	int64		finished = counts->finished - counts->first_finished;

	if (!te_attached_rows(attachment, counts, &progress->total))
		return false;
	progress->done = counts->assets[TE_ASSET_DONE];
	progress->failed = counts->assets[TE_ASSET_FAILED] + counts->assets[TE_ASSET_MISSING] + counts->assets[TE_ASSET_UNSUPPORTED];
	progress->remaining = Max(progress->total - progress->done - progress->failed, 0);
	progress->stale = te_count_stale(attachment, counts);
	progress->rate = finished > 0 ? finished / finished_seconds(counts) : 0;
	return true;
}

static void
put_progress(ReturnSetInfo *result, const TeAttachment *attachment, TeAssetCounts counts)
{
	enum
	{
		RELATION, TOTAL, DONE, FAILED, REMAINING, RATE, TIME_LEFT, STALE, COLUMNS
	};
	Datum		values[COLUMNS] = {0};
	bool		nulls[COLUMNS] = {false};
	TeClusterProgress progress = {0};

	if (!local_progress(attachment, &counts, &progress))
		return;
	(void) te_cluster_add_progress(attachment, &progress);
	values[RELATION] = ObjectIdGetDatum(attachment->relation);
	values[TOTAL] = Int64GetDatum(progress.total);
	values[DONE] = Int64GetDatum(progress.done);
	values[FAILED] = Int64GetDatum(progress.failed);
	values[REMAINING] = Int64GetDatum(progress.remaining);
	values[STALE] = Int64GetDatum(progress.stale);

	nulls[RATE] = nulls[TIME_LEFT] = progress.rate <= 0;
	if (progress.rate > 0)
	{
		values[RATE] = DirectFunctionCall2(numeric_round,
										   DirectFunctionCall1(float8_numeric, Float8GetDatum(progress.rate)),
										   Int32GetDatum(1));
		values[TIME_LEFT] = seconds_interval(progress.remaining / progress.rate);
	}
	if (progress.remaining == 0)
	{
		values[TIME_LEFT] = seconds_interval(0);
		nulls[TIME_LEFT] = false;
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * thumbexif_progress_rows() RETURNS TABLE (relation regclass, total bigint, done bigint, failed bigint,
 *		remaining bigint, rate numeric, time_left interval, stale bigint)
 */
Datum
thumbexif_progress_rows(PG_FUNCTION_ARGS)
{
	HTAB	   *counts;
	List	   *attachments;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	attachments = te_attachment_all();
	counts = te_counts_read(GetActiveSnapshot());
	foreach(cell, attachments)
	{
		if (te_tables_may_count(((TeAttachment *) lfirst(cell))->relation))
			put_progress((ReturnSetInfo *) fcinfo->resultinfo, lfirst(cell), te_attached_counts(counts, lfirst(cell)));
	}
	return (Datum) 0;
}

/* --- thumbexif_failures */

/* The failures of one table, and the damaged images that are shown. */
static char *
failures_sql(const TeAttachment *attachment)
{
	return psprintf("SELECT %u::pg_catalog.regclass, s.id::pg_catalog.text, s.path, s.status::pg_catalog.text,"
					" COALESCE(s.error, s.damage), s.attempts, s.next_try FROM %s AS s"
					" WHERE s.attachment OPERATOR(pg_catalog.=) ANY ('%s'::pg_catalog.int4[]) AND (s.error IS NOT NULL OR s.damage IS NOT NULL OR"
					" s.status OPERATOR(pg_catalog.=) ANY ('{failed,missing,unsupported}'))",
					attachment->relation, attachment->state, te_member_numbers(attachment));
}

/*
 * thumbexif_failure_rows() RETURNS TABLE (relation regclass, id text, path text, status text, error text,
 *		attempts smallint, next_try timestamptz): only of tables all of whose rows the current user may see
 */
Datum
thumbexif_failure_rows(PG_FUNCTION_ARGS)
{
	return te_tables_put_rows(fcinfo, failures_sql);
}
