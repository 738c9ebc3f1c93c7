/*
 * backfill.c
 *		SQL procedure thumbexif_backfill(), which processes every asset with absent or stale parts.
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "pg/catalog/attached_rows.h"
#include "pg/compat.h"
#include "pg/files/root_check.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pipeline/orphan.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/table_access.h"
#include "pg/pipeline/table_scan.h"
#include "pg/shared/activity.h"
#include "procedure.h"

#define COUNT_ROWS 100000		/* rows read to count the assets to process; the rest of a larger table is estimated */
#define MAX_BATCH 10000			/* a batch is kept in memory, with its thumbnails, until it is written */
#define CLAIM_EXIF	1000		/* assets claimed at a time for EXIF alone, which takes less time than a commit */

typedef struct Backfill
{
	TeProgress	progress;		/* must be first: see procedure.h */
	TeTableScan *scan;
	TeAssetCounts kept;			/* the numbers when the scan began */
	bool		nothing_found;	/* the whole table was scanned already */
	bool		scan_ended;		/* it has read the whole table */
	bool		from_scan;		/* the last answer */
	TeOrphanPlace orphans;		/* these are read after the scan */
} Backfill;

typedef struct Options
{
	int64		max_assets;
	int			batch_size;
	bool		dry_run;
	Oid			relation;
	int			parts;
	bool		verify;
} Options;

static void
read_options(FunctionCallInfo fcinfo, Options *options)
{
	te_procedure_not_null(fcinfo, 1, "batch_size");
	te_procedure_not_null(fcinfo, 2, "dry_run");
	te_procedure_not_null(fcinfo, 4, "parts");
	te_procedure_not_null(fcinfo, 5, "verify");

	options->max_assets = PG_ARGISNULL(0) ? PG_INT64_MAX : PG_GETARG_INT64(0);
	options->batch_size = PG_GETARG_INT32(1);
	options->dry_run = PG_GETARG_BOOL(2);
	options->relation = PG_ARGISNULL(3) ? InvalidOid : PG_GETARG_OID(3);
	options->parts = te_parts_parse(text_to_cstring(PG_GETARG_TEXT_PP(4)));
	options->verify = PG_GETARG_BOOL(5);
	if (options->max_assets < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"max_assets\" must not be negative"),
				 errhint("Omit it or pass NULL to process the whole table.")));
	if (options->batch_size < 1 || options->batch_size > MAX_BATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameter \"batch_size\" must be between 1 and %d", MAX_BATCH),
				 errhint("It is the number of assets written in one transaction; 100 is a good value.")));
}

/* How many of so many assets may need processing, if as many as among those that were read? */
static int64
extrapolate(const TeScanCount *read, int64 assets, double fraction_if_none)
{
	double		fraction = read->read > 0 ? (double) read->found / read->read : fraction_if_none;

	return Max((int64) ceil(assets * fraction), read->found);
}

/* The numbers that are kept for a table. */
static TeAssetCounts
read_counts(const TeAttachment *attachment)
{
	TeAssetCounts counts;

	PushActiveSnapshot(GetTransactionSnapshot());
	counts = te_attached_counts(te_counts_read(GetActiveSnapshot()), attachment);
	PopActiveSnapshot();
	return counts;
}

static void
begin_scan(Backfill *backfill, const TeSettings *settings, const Options *options)
{
	backfill->kept = read_counts(backfill->progress.attachment);
	backfill->scan = te_table_scan_begin(backfill->progress.attachment, settings, options->parts, options->verify);
}

/* Estimate the assets to process in the whole table from those that a scan has read, and from the numbers that are kept. */
static int64
estimate_assets(const TeAttachment *attachment, const TeTableScan *scan)
{
	TeAssetCounts counts;
	int64		rows = 0;
	int64		tried;

	counts = read_counts(attachment);
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) te_attached_rows(attachment, &counts, &rows);
	PopActiveSnapshot();
	tried = te_counts_known(&counts) - counts.assets[TE_ASSET_NEW] - counts.assets[TE_ASSET_QUEUED];
	return extrapolate(&scan->untried, Max(rows - tried, 0), 1) + extrapolate(&scan->tried, tried, 0);
}

/*
 * Count the assets to process by a scan, which commits after each window.  After COUNT_ROWS the rest is estimated, so that
 * the first batch need not wait for a scan of the whole table.  If the scan has found nothing so far, the backfill
 * continues it; otherwise it begins anew.
 */
static void
count_assets(Backfill *backfill, const TeSettings *settings, const Options *options)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * MAX_BATCH);
	TeTableScan *scan;
	int64		total = 0;
	int			count;

	begin_scan(backfill, settings, options);
	scan = backfill->scan;
	do
	{
		count = te_table_scan_next(scan, keys, MAX_BATCH);
		total += Max(count, 0);
		SPI_commit();
	} while (count >= 0 && total < options->max_assets && scan->untried.read + scan->tried.read < COUNT_ROWS);
	pfree(keys);
	if (count >= 0 && total < options->max_assets)
		total = Max(estimate_assets(backfill->progress.attachment, scan), total);
	backfill->progress.total = Min(total, options->max_assets);
	backfill->nothing_found = count < 0 && total == 0;
	if (scan->untried.found + scan->tried.found > 0)
	{
		te_table_scan_end(scan);
		begin_scan(backfill, settings, options);
	}
	else
		backfill->scan_ended = count < 0;
}

/* TePipelineOptions.next: the assets that the scan finds, and after them orphaned claims, which the scan skips. */
static int
next_assets(void *arg, TeKey *keys, int max_keys)
{
	Backfill   *backfill = arg;
	int			count;

	if (!backfill->scan_ended)
	{
		count = te_table_scan_next(backfill->scan, keys, max_keys);
		backfill->from_scan = true;
		if (count >= 0 || backfill->progress.dry_run)
			return count;
		backfill->scan_ended = true;
	}
	backfill->from_scan = false;
	count = te_orphans_read(backfill->progress.attachment, TE_ORPHANS_ALL, &backfill->orphans, keys, max_keys);
	return count > 0 ? count : -1;
}

/* TePipelineOptions.known */
static bool
known_assets(void *arg, TeAsset *assets)
{
	const Backfill *backfill = arg;

	return backfill->from_scan && te_table_scan_known(backfill->scan, assets);
}

/* Are there orphaned claims?  Asked when the scan has found nothing. */
static bool
has_orphans(const TeAttachment *attachment)
{
	TeOrphanPlace place = {0};
	TeKey		key;

	return te_orphans_read(attachment, TE_ORPHANS_ALL, &place, &key, 1) > 0;
}

/*
 * Does what the scan has read of the whole table differ from the numbers that were kept when it began?  It reads each asset
 * before this backfill changes it.
 */
static bool
scan_disagrees(const Backfill *backfill)
{
	const TeTableScan *scan = backfill->scan;

	if (!backfill->scan_ended)
		return false;
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
	{
		if (scan->statuses[i] != backfill->kept.assets[i])
			return true;
	}
	return scan->untried.read + scan->tried.read != backfill->kept.rows;
}

/*
 * Count again if the numbers that are kept may be wrong: a table that was too large to be counted when it was attached, or
 * states or rows that were written without triggers.  What others have changed meanwhile is a needless reason, but rare.
 */
static void
correct_counts(const Backfill *backfill)
{
	const TeAttachment *attachment = backfill->progress.attachment;

	bool		doubtful;

	PushActiveSnapshot(GetTransactionSnapshot());
	doubtful = te_counts_doubtful(attachment, te_counts_read(GetActiveSnapshot()));
	PopActiveSnapshot();
	te_count_fold_all();
	if (doubtful || scan_disagrees(backfill))
		te_recount(attachment, false);	/* an open thumbexif_clean() counts them too */
	SPI_commit();
}

static void
backfill(const Options *options, Backfill *backfill)
{
	TeAttachment *attachment = te_table_access(options->relation, options->parts, options->dry_run);
	TeSettings	settings;
	TePipelineOptions pipeline = {
		.attachment = attachment,
		.parts = options->parts,
		.dry_run = options->dry_run,
		.check_files = options->verify,
		.batch_size = options->batch_size,
		.claim_size = options->parts == TE_PART_EXIF ? Max(options->batch_size, CLAIM_EXIF) : options->batch_size,
		.max_assets = options->max_assets,
		.next = next_assets,
		.known = known_assets,
		.written = te_procedure_written,
		.batch = te_procedure_batch,
		.commit = te_pipeline_spi_commit,
		.arg = backfill,
	};

	te_root_begin();
	te_settings_now(attachment, &settings);
	backfill->progress.procedure = "thumbexif_backfill";
	backfill->progress.attachment = attachment;
	backfill->progress.dry_run = options->dry_run;
	backfill->progress.line = options->batch_size;
	count_assets(backfill, &settings, options);

	if (options->max_assets > 0 &&
		(!backfill->nothing_found || (!options->dry_run && has_orphans(attachment))))
	{
		te_activity_begin(TE_ACTIVITY_BACKFILL, attachment->relation, backfill->progress.total);
		te_pipeline_run(&pipeline);
		te_activity_end();
	}
	else if (!options->dry_run)
		te_thumbnail_process_removals(0, NULL); /* as te_pipeline_run() does at its end */
	te_root_end();
	if (!options->dry_run)
		correct_counts(backfill);
	te_progress_done(&backfill->progress);
}

PG_FUNCTION_INFO_V1(thumbexif_backfill);

Datum
thumbexif_backfill(PG_FUNCTION_ARGS)
{
	Backfill	state = {{0}};
	Options		options;

	te_procedure_check(fcinfo, "thumbexif_backfill()");
	read_options(fcinfo, &options);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	backfill(&options, &state);
	SPI_finish();
	PG_RETURN_DATUM(te_progress_row(&state.progress, fcinfo));
}
