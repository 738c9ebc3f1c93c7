/*
 * progress.c
 *		Counts and progress messages of the procedures.
 *
 * The wording of the lines is that of the Python service's backfill, and users'
 * scripts parse it: do not change it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/snapmgr.h"

#include "cluster_views.h"
#include "pg/catalog/attached_rows.h"
#include "pg/pipeline/status_error.h"
#include "pg/shared/activity.h"
#include "progress.h"

static void
count_outcome(TeCounts *counts, TeOutcome outcome)
{
	counts->processed++;
	switch (outcome)
	{
		case TE_OUTCOME_UPDATED:
			counts->updated++;
			break;
		case TE_OUTCOME_SKIPPED:
			counts->skipped++;
			break;
		default:
			counts->failed++;
			break;
	}
}

void
te_progress_count(TeProgress *progress, TeOutcome outcome)
{
	count_outcome(&progress->all, outcome);
}

/* The DETAIL of a failure; NULL if there is nothing to tell. */
static const char *
failure_detail(const char *path, const char *node)
{
	const char *of_path = path != NULL ? psprintf("Its path is \"%s\".", path) : NULL;
	const char *of_node = node != NULL ? psprintf("It was processed on node %s.", node) : NULL;

	return of_path != NULL && of_node != NULL ? psprintf("%s %s", of_path, of_node) : of_path != NULL ? of_path : of_node;
}

void
te_progress_failure(TeProgress *progress, int status, const char *id, const char *error, const char *path, const char *node)
{
	int			level = progress->warnings < TE_PROGRESS_WARNINGS ? WARNING : DEBUG1;
	const char *detail = failure_detail(path, node);
	const char *hint = te_status_hint(status);
	const char *state = te_status_sqlstate(status);

	if (level == WARNING && hint != NULL)
	{
		if (progress->hinted & (UINT64CONST(1) << status))
			hint = NULL;		/* once per call is enough */
		progress->hinted |= UINT64CONST(1) << status;
	}
	progress->warnings++;
	ereport(level,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg("asset %s failed: %s", id, error),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0));
	if (progress->warnings == TE_PROGRESS_WARNINGS)
		ereport(WARNING,
				(errmsg("further failures are not reported one by one"),
				 errhint("See the view thumbexif_failures.")));
}

void
te_progress_absent(const char *id)
{
	ereport(WARNING,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("asset %s does not exist", id)));
}

void
te_progress_not_needed(TeProgress *progress, const TeAsset *asset)
{
	TeAssetStatus status = te_asset_status(&asset->state);

	te_progress_count(progress, status == TE_ASSET_FAILED || status == TE_ASSET_MISSING || status == TE_ASSET_UNSUPPORTED ?
					  TE_OUTCOME_FAILED : TE_OUTCOME_SKIPPED);
}

void
te_progress_add(TeProgress *progress, const TeJob *job)
{
	count_outcome(&progress->all, job->outcome);
	te_activity_count(progress->all.processed, progress->all.failed);
	if (te_job_verdict(job) != TE_VERDICT_DONE)
		te_progress_failure(progress, job->status, job->id, te_job_error(job), job->asset.path, NULL);
	else if (te_job_exif_failed(job))
		elog(DEBUG1, "Failed to extract EXIF data: %s", te_job_exif_error(job));
	else if (te_job_exif_found(job))
		elog(DEBUG1, "Extracted EXIF data for asset %s", job->id);
}

/* Show the progress in pg_stat_activity. */
static void
report_activity(const TeProgress *progress, int64 batches)
{
	char	   *text = psprintf("CALL %s: %s batch " INT64_FORMAT "/" INT64_FORMAT " of %s"
								" (processed " INT64_FORMAT " of " INT64_FORMAT ", failed " INT64_FORMAT ")",
								progress->procedure, progress->dry_run ? "dry run," : "after",
								progress->batch, batches, progress->attachment->name,
								progress->all.processed, Max(progress->total, progress->all.processed),
								progress->all.failed);

	pgstat_report_activity(STATE_RUNNING, text);
	pfree(text);
}

/*
 * The batch number is computed from the number of processed assets, since one commit may complete several batches
 * or none.  The last line has the number of the last batch, even if other processes did the rest of the work.
 */
void
te_progress_line(TeProgress *progress, bool last)
{
	const TeCounts *now = &progress->all;
	TeCounts   *reported = &progress->reported;
	int64		batches = (Max(progress->total, now->processed) + progress->line - 1) / progress->line;
	int64		failed = now->failed - reported->failed;
	StringInfoData line;

	if (last ? progress->batch >= batches && now->processed == reported->processed :
		now->processed - reported->processed < progress->line)
		return;
	progress->batch = last ? batches : now->processed / progress->line;

	initStringInfo(&line);
	appendStringInfo(&line, "%sProcessing batch " INT64_FORMAT "/" INT64_FORMAT
					 "... (" INT64_FORMAT " assets updated, " INT64_FORMAT " skipped",
					 progress->dry_run ? "Dry run: " : "", progress->batch, batches,
					 now->updated - reported->updated, now->skipped - reported->skipped);
	if (failed != 0)
		appendStringInfo(&line, ", " INT64_FORMAT " failed", failed);
	ereport(INFO, (errmsg_internal("%s)", line.data)));
	pfree(line.data);
	*reported = *now;
	report_activity(progress, batches);
}

/* The number of assets of the table that have failed, in this call or earlier. */
static int64
count_failed(const TeAttachment *attachment)
{
	TeAssetCounts counts;

	PushActiveSnapshot(GetTransactionSnapshot());
	counts = te_attached_counts(te_counts_read(GetActiveSnapshot()), attachment);
	PopActiveSnapshot();
	(void) te_cluster_add_status(attachment, counts.assets);
	return counts.assets[TE_ASSET_FAILED] + counts.assets[TE_ASSET_MISSING] + counts.assets[TE_ASSET_UNSUPPORTED];
}

void
te_progress_done(TeProgress *progress)
{
	const TeCounts *all = &progress->all;
	int64		failed = count_failed(progress->attachment);

	te_progress_line(progress, true);
	ereport(INFO,
			(errmsg_internal("%sDone! Processed: " INT64_FORMAT ", Updated: " INT64_FORMAT
							 ", Skipped: " INT64_FORMAT ", Failed: " INT64_FORMAT,
							 progress->dry_run ? "Dry run: " : "",
							 all->processed, all->updated, all->skipped, all->failed)));
	if (failed > 0)
		ereport(NOTICE,
				(errmsg_plural(INT64_FORMAT " asset of table %s remains failed",
							   INT64_FORMAT " assets of table %s remain failed",
							   (unsigned long) failed, failed, progress->attachment->name),
				 errhint("See the view thumbexif_failures for the reasons.")));
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
}

Datum
te_progress_row(const TeProgress *progress, FunctionCallInfo fcinfo)
{
	const TeCounts *all = &progress->all;
	Datum		values[] = {
		Int64GetDatum(all->processed), Int64GetDatum(all->updated),
		Int64GetDatum(all->skipped), Int64GetDatum(all->failed)
	};
	bool		nulls[lengthof(values)] = {false};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
