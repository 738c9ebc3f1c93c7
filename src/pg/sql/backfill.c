/*
 * backfill.c
 *		SQL procedure thumbexif_backfill(), which processes every asset with absent or stale parts.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"

#include "pg/compat.h"
#include "pg/files/root_check.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pipeline/orphan.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/table_access.h"
#include "pg/pipeline/table_scan.h"
#include "pg/shared/activity.h"
#include "procedure.h"

#define MAX_BATCH 10000			/* a batch is kept in memory, with its thumbnails, until it is written */
#define CLAIM_EXIF	500			/* assets claimed at a time for EXIF alone, which takes less time than a commit */

typedef struct Backfill
{
	TeProgress	progress;		/* must be first: see procedure.h */
	TeTableScan *scan;
	bool		scan_ended;
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

/* Count the assets to process by a separate scan, which commits after each window. */
static int64
count_assets(const TeAttachment *attachment, const TeSettings *settings, const Options *options)
{
	TeTableScan *scan = te_table_scan_begin(attachment, settings, options->parts, options->verify);
	TeKey	   *keys = palloc(sizeof(TeKey) * MAX_BATCH);
	int64		total = 0;
	int			count;

	do
	{
		count = te_table_scan_next(scan, keys, MAX_BATCH);
		total += Max(count, 0);
		SPI_commit();
	} while (count >= 0 && total < options->max_assets);
	pfree(keys);
	return Min(total, options->max_assets);
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
		if (count >= 0 || backfill->progress.dry_run)
			return count;
		backfill->scan_ended = true;
	}
	count = te_orphans_read(backfill->progress.attachment, TE_ORPHANS_ALL, &backfill->orphans, keys, max_keys);
	return count > 0 ? count : -1;
}

/* Are there orphaned claims?  Asked when the scan has found nothing. */
static bool
has_orphans(const TeAttachment *attachment)
{
	TeOrphanPlace place = {0};
	TeKey		key;

	return te_orphans_read(attachment, TE_ORPHANS_ALL, &place, &key, 1) > 0;
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
		.written = te_procedure_written,
		.batch = te_procedure_batch,
		.commit = te_pipeline_spi_commit,
		.arg = backfill,
	};

	te_root_begin();
	te_settings_now(&settings);
	backfill->progress.procedure = "thumbexif_backfill";
	backfill->progress.attachment = attachment;
	backfill->progress.dry_run = options->dry_run;
	backfill->progress.line = options->batch_size;
	backfill->progress.total = count_assets(attachment, &settings, options);
	backfill->scan = te_table_scan_begin(attachment, &settings, options->parts, options->verify);

	if (backfill->progress.total > 0 ||
		(!options->dry_run && options->max_assets > 0 && has_orphans(attachment)))
	{
		te_activity_begin(TE_ACTIVITY_BACKFILL, attachment->relation, backfill->progress.total);
		te_pipeline_run(&pipeline);
		te_activity_end();
	}
	else if (!options->dry_run)
		te_thumbnail_process_removals(0, NULL); /* as te_pipeline_run() does at its end */
	te_root_end();
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
