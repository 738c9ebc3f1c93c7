/*
 * backfill.c
 *		SQL procedure thumbexif_backfill(), which processes every asset with absent or stale parts.
 */
#include "postgres.h"

#include <math.h>

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "backfill_cluster.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/member.h"
#include "pg/catalog/member_change.h"
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

/* What is known of one table: the one that was named, or a member of it. */
typedef struct Part
{
	TeAttachment *attachment;
	TeTableScan *scan;			/* NULL = not begun, or begun anew when its turn comes */
	TeAssetCounts kept;			/* the numbers when the scan began */
	bool		nothing_found;	/* the whole table was scanned already */
	bool		scan_ended;		/* it has read the whole table */
	bool		disagrees;		/* with the numbers that are kept */
} Part;

typedef struct Backfill
{
	TeProgress	progress;		/* must be first: see procedure.h */
	Part	   *parts;			/* in the order in which they are processed */
	int			count;
	Part	   *part;			/* that is processed */
	bool		from_scan;		/* the last answer */
	TeOrphanPlace orphans;		/* these are read after the scan */
	bool		active;			/* shown in thumbexif_workers */
	HTAB	   *counts;			/* the numbers that were kept when it began */
	TeScanCount untried;		/* of all scans that counted */
	TeScanCount tried;
} Backfill;

typedef struct Options
{
	int64		max_assets;
	int			batch_size;
	bool		dry_run;
	Oid			relation;
	int			parts;
	const char *parts_name;
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
	options->parts_name = text_to_cstring(PG_GETARG_TEXT_PP(4));
	options->parts = te_parts_parse(options->parts_name);
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

/* The numbers that are kept for all tables. */
static HTAB *
read_counts(void)
{
	HTAB	   *counts;

	PushActiveSnapshot(GetTransactionSnapshot());
	counts = te_counts_read(GetActiveSnapshot());
	PopActiveSnapshot();
	return counts;
}

static void
begin_scan(const Backfill *backfill, Part *part, const TeSettings *settings, const Options *options)
{
	part->kept = te_attached_counts(backfill->counts, part->attachment);
	part->scan = te_table_scan_begin(part->attachment, settings, options->parts, options->verify);
	part->scan_ended = false;
}

/*
 * Does what the scan has read of the whole table differ from the numbers that were kept when it began?  It reads each asset
 * before this backfill changes it.
 */
static bool
scan_disagrees(const Part *part)
{
	const TeTableScan *scan = part->scan;

	if (!part->scan_ended)
		return false;
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
	{
		if (scan->statuses[i] != part->kept.assets[i])
			return true;
	}
	return scan->untried.read + scan->tried.read != part->kept.rows;
}

static void
end_scan(Part *part)
{
	part->disagrees = scan_disagrees(part);
	te_table_scan_end(part->scan);
	part->scan = NULL;
}

/* Estimate the assets to process in the whole table from those that scans have read, and from the numbers that are kept. */
static int64
estimate_assets(const Backfill *backfill)
{
	const TeAttachment *attachment = backfill->progress.attachment;
	TeAssetCounts counts;
	int64		rows = 0;
	int64		tried;

	counts = te_attached_counts(backfill->counts, attachment);
	PushActiveSnapshot(GetTransactionSnapshot());
	(void) te_attached_rows(attachment, &counts, &rows);
	PopActiveSnapshot();
	tried = te_counts_known(&counts) - counts.assets[TE_ASSET_NEW] - counts.assets[TE_ASSET_QUEUED];
	return extrapolate(&backfill->untried, Max(rows - tried, 0), 1) + extrapolate(&backfill->tried, tried, 0);
}

static void
add_count(TeScanCount *sum, const TeScanCount *count)
{
	sum->read += count->read;
	sum->found += count->found;
}

/*
 * Count the assets to process in a table by a scan, which commits after each window, until it has found so many or read enough.
 * If the scan has found nothing so far, the backfill continues it; otherwise it begins anew.
 */
static int64
count_part(Backfill *backfill, Part *part, const TeSettings *settings, const Options *options, int64 most, TeKey *keys)
{
	int64		already = backfill->untried.read + backfill->tried.read;
	int64		total = 0;
	int			count;

	begin_scan(backfill, part, settings, options);
	do
	{
		count = te_table_scan_next(part->scan, keys, MAX_BATCH);
		total += Max(count, 0);
		SPI_commit();
	} while (count >= 0 && total < most && already + part->scan->untried.read + part->scan->tried.read < COUNT_ROWS);
	add_count(&backfill->untried, &part->scan->untried);
	add_count(&backfill->tried, &part->scan->tried);
	part->scan_ended = count < 0;
	part->nothing_found = part->scan_ended && total == 0;
	if (part->nothing_found || part->scan->untried.found + part->scan->tried.found > 0)
		end_scan(part);
	return total;
}

/*
 * Count the assets to process.  After COUNT_ROWS the rest is estimated, so that the first batch need not wait for a scan of
 * all rows.
 */
static void
count_assets(Backfill *backfill, const TeSettings *settings, const Options *options)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * MAX_BATCH);
	int64		total = 0;
	bool		all = true;

	for (int i = 0; i < backfill->count; i++)
	{
		if (total >= options->max_assets || backfill->untried.read + backfill->tried.read >= COUNT_ROWS)
		{
			all = false;
			break;
		}
		total += count_part(backfill, &backfill->parts[i], settings, options, options->max_assets - total, keys);
		all = all && (backfill->parts[i].scan_ended || total >= options->max_assets);
	}
	pfree(keys);
	if (!all && total < options->max_assets)
		total = Max(estimate_assets(backfill), total);
	backfill->progress.total = Min(total, options->max_assets);
}

/* TePipelineOptions.next: the assets that the scan finds, and after them orphaned claims, which the scan skips. */
static int
next_assets(void *arg, TeKey *keys, int max_keys)
{
	Backfill   *backfill = arg;
	Part	   *part = backfill->part;
	int			count;

	if (!part->scan_ended)
	{
		count = te_table_scan_next(part->scan, keys, max_keys);
		backfill->from_scan = true;
		if (count >= 0 || backfill->progress.dry_run)
			return count;
		part->scan_ended = true;
	}
	backfill->from_scan = false;
	count = te_orphans_read(part->attachment, TE_ORPHANS_ALL, &backfill->orphans, keys, max_keys);
	return count > 0 ? count : -1;
}

/* TePipelineOptions.known */
static bool
known_assets(void *arg, TeAsset *assets)
{
	const Backfill *backfill = arg;

	return backfill->from_scan && te_table_scan_known(backfill->part->scan, assets);
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
 * Count again if the numbers that are kept may be wrong: a table that was too large to be counted when it was attached, or
 * states or rows that were written without triggers.  What others have changed meanwhile is a needless reason, but rare.
 */
static void
correct_counts(const Backfill *backfill)
{
	HTAB	   *counts = read_counts();

	te_count_fold_all();
	for (int i = 0; i < backfill->count; i++)
	{
		const Part *part = &backfill->parts[i];

		if (!part->disagrees && !te_counts_doubtful(part->attachment, counts))
			continue;
		te_recount(part->attachment, false);	/* an open thumbexif_clean() counts them too */
		SPI_commit();
	}
	SPI_commit();
}

/* Process one table. */
static void
run_part(Backfill *backfill, Part *part, const TeSettings *settings, const Options *options)
{
	int64		left = options->max_assets == PG_INT64_MAX ? PG_INT64_MAX : options->max_assets - backfill->progress.all.processed;
	TePipelineOptions pipeline = {
		.attachment = part->attachment,
		.parts = options->parts,
		.dry_run = options->dry_run,
		.check_files = options->verify,
		.batch_size = options->batch_size,
		.claim_size = options->parts == TE_PART_EXIF ? Max(options->batch_size, CLAIM_EXIF) : options->batch_size,
		.max_assets = left,
		.next = next_assets,
		.known = known_assets,
		.written = te_procedure_written,
		.batch = te_procedure_batch,
		.commit = te_pipeline_spi_commit,
		.arg = backfill,
	};

	if (left > 0 && (!part->nothing_found || (!options->dry_run && has_orphans(part->attachment))))
	{
		if (part->scan == NULL && !part->nothing_found)
			begin_scan(backfill, part, settings, options);
		backfill->part = part;
		backfill->orphans = (TeOrphanPlace) {0};
		if (!backfill->active)
			te_activity_begin(TE_ACTIVITY_BACKFILL, backfill->progress.attachment->relation, backfill->progress.total);
		backfill->active = true;
		te_pipeline_run(&pipeline);
		if (part->scan != NULL)
			end_scan(part);
	}
	else if (!options->dry_run)
		te_thumbnail_process_removals(0, NULL); /* as te_pipeline_run() does at its end */
}

/* The tables to process.  Members that came or left are noticed first. */
static void
find_parts(Backfill *backfill, TeAttachment *attachment, const Options *options)
{
	TeMemberChange change = {0};
	List	   *tables;

	if (attachment->has_members && !options->dry_run)
	{
		te_members_update_all(TE_MEMBERS_LATER, &change);
		SPI_commit();
	}
	tables = te_member_tables(attachment);
	backfill->count = list_length(tables);
	backfill->parts = palloc0(sizeof(Part) * Max(backfill->count, 1));
	for (int i = 0; i < backfill->count; i++)
	{
		TeAttachment *table = list_nth(tables, i);

		backfill->parts[i].attachment = attachment->has_members ? te_table_access(table->relation, options->parts, options->dry_run) : table;
	}
}

static void
backfill(const Options *options, Backfill *backfill)
{
	TeAttachment *attachment = te_table_access(options->relation, options->parts, options->dry_run);
	TeSettings	settings;

	te_root_begin();
	te_settings_now(attachment, &settings);
	backfill->progress.procedure = "thumbexif_backfill";
	backfill->progress.attachment = attachment;
	backfill->progress.dry_run = options->dry_run;
	backfill->progress.line = options->batch_size;
	if (te_backfill_cluster(&(TeClusterBackfill) {options->max_assets, options->batch_size, options->dry_run, options->parts_name, options->verify},
							&backfill->progress))
		return;
	find_parts(backfill, attachment, options);
	backfill->counts = read_counts();
	count_assets(backfill, &settings, options);

	for (int i = 0; i < backfill->count; i++)
		run_part(backfill, &backfill->parts[i], &settings, options);
	if (backfill->active)
		te_activity_end();
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
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	backfill(&options, &state);
	SPI_finish();
	PG_RETURN_DATUM(te_progress_row(&state.progress, fcinfo));
}
