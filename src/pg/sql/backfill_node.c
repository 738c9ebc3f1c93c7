/*
 * backfill_node.c
 *		SQL procedure thumbexif_backfill_node(): a portion of a backfill, on one node of a Citus cluster.
 *
 * The coordinator calls it (backfill_cluster.c).  It goes through the shards of this node in the order of their numbers, and through each in the order of its
 * keys, for some seconds, and returns where it has stopped, from where the next call goes on.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cluster.h"
#include "cluster_views.h"
#include "pg/base/clock.h"
#include "pg/base/statement.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/key.h"
#include "pg/files/root_check.h"
#include "pg/pipeline/orphan.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/shard_arrival.h"
#include "pg/pipeline/table_access.h"
#include "pg/pipeline/table_scan.h"
#include "pg/shared/activity.h"
#include "portion.h"
#include "procedure.h"

typedef struct Portion
{
	TePortion	common;			/* must be first: see portion.h */
	TeSettings	settings;
	int			parts;
	bool		verify;
	int			batch_size;
	int64		max_assets;
	int64		until_ms;

	const TeAttachment *shard;	/* that is processed */
	TeTableScan *scan;
	bool		scan_ended;
	bool		from_scan;		/* the last answer */
	TeOrphanPlace orphans;
	TeKey		last;			/* the key handed out last */
	bool		has_last;
	bool		stopped;		/* time or number is used up */
} Portion;

static bool
is_used_up(const Portion *portion)
{
	return te_now_ms() >= portion->until_ms || portion->common.progress.all.processed >= portion->max_assets;
}

/* TePipelineOptions.next: as in a backfill (backfill.c), until time or number is used up. */
static int
next_assets(void *arg, TeKey *keys, int max_keys)
{
	Portion    *portion = arg;
	int			count;

	if (is_used_up(portion))
	{
		portion->stopped = true;
		return -1;
	}
	if (!portion->scan_ended)
	{
		count = te_table_scan_next(portion->scan, keys, max_keys);
		portion->from_scan = true;
		if (count > 0)
		{
			portion->last = keys[count - 1];
			portion->has_last = true;
		}
		if (count >= 0 || portion->common.progress.dry_run)
			return count;
		portion->scan_ended = true;
	}
	portion->from_scan = false;
	count = te_orphans_read(portion->shard, TE_ORPHANS_ALL, &portion->orphans, keys, max_keys);
	return count > 0 ? count : -1;
}

/* TePipelineOptions.known */
static bool
known_assets(void *arg, TeAsset *assets)
{
	const Portion *portion = arg;

	return portion->from_scan && te_table_scan_known(portion->scan, assets);
}

/* Look through a shard that came from another node.  False if that cannot be done now, or time is used up: its assets wait for it. */
static bool
settle(Portion *portion, const TeAttachment *shard)
{
	TeShardArrival arrival = {0};
	TeArrivalResult result = TE_ARRIVAL_MORE;

	if (!shard->arrived)
		return true;
	while (result == TE_ARRIVAL_MORE)
	{
		result = te_shard_arrival_step(te_table_access(shard->relation, portion->parts, portion->common.progress.dry_run), &arrival);
		SPI_commit();
	}
	return result == TE_ARRIVAL_DONE;
}

/* Process a shard, from after a key if one is given. */
static void
run_shard(Portion *portion, TeAttachment *shard, const char *after)
{
	TePipelineOptions pipeline = {
		.attachment = shard,
		.parts = portion->parts,
		.dry_run = portion->common.progress.dry_run,
		.check_files = portion->verify,
		.batch_size = portion->batch_size,
		.claim_size = portion->batch_size,
		.max_assets = portion->max_assets - portion->common.progress.all.processed,
		.next = next_assets,
		.known = known_assets,
		.written = te_portion_written,
		.commit = te_pipeline_spi_commit,
		.arg = portion,
	};

	portion->shard = shard;
	if (!settle(portion, shard))
		return;
	portion->scan = te_table_scan_begin(shard, &portion->settings, portion->parts, portion->verify);
	portion->scan_ended = false;
	portion->has_last = false;
	portion->orphans = (TeOrphanPlace) {0};
	if (after != NULL && te_key_from_argument(shard, TEXTOID, CStringGetTextDatum(after), &portion->last))
	{
		portion->scan->last = portion->last;
		portion->scan->started = portion->has_last = true;
	}
	te_pipeline_run(&pipeline);
	if (is_used_up(portion))
		portion->stopped = true;
	te_table_scan_end(portion->scan);
}

/* What there is to do, as far as that is known without a look at the rows. */
static int64
estimate(const TeAttachment *attachment, bool verify)
{
	TeAssetCounts counts;
	int64		rows = 0;
	int64		done;

	PushActiveSnapshot(GetTransactionSnapshot());
	counts = te_attached_counts(te_counts_read(GetActiveSnapshot()), attachment);
	(void) te_attached_rows(attachment, &counts, &rows);
	PopActiveSnapshot();
	done = te_counts_known(&counts) - counts.assets[TE_ASSET_NEW] - counts.assets[TE_ASSET_QUEUED] - counts.assets[TE_ASSET_RUNNING];
	return verify ? rows : Max(rows - done, 0) + te_count_stale(attachment, &counts);
}

static char *
place_of(const Portion *portion, int64 total)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"ended\": %d, \"total\": " INT64_FORMAT ", ", portion->stopped ? 0 : 1, total);
	te_portion_append(&portion->common, &json);
	if (portion->stopped && portion->shard != NULL)
		appendStringInfo(&json, ", \"shard\": " INT64_FORMAT, portion->shard->shard);
	if (portion->stopped && portion->shard != NULL && portion->has_last)
	{
		appendStringInfoString(&json, ", \"key\": ");
		escape_json(&json, te_key_text(portion->shard->key_type, &portion->last));
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

static char *
run(Portion *portion, const char *place)
{
	int64		first = te_cluster_number(place, "shard");
	const char *after = te_cluster_value(place, "key");
	int64		total = place == NULL ? estimate(portion->common.progress.attachment, portion->verify) : 0;
	ListCell   *cell;

	te_root_begin();
	te_settings_now(portion->common.progress.attachment, &portion->settings);
	te_activity_begin(TE_ACTIVITY_BACKFILL, portion->common.progress.attachment->relation, -1);
	foreach(cell, te_portion_shards(portion->common.progress.attachment, portion->common.progress.dry_run))
	{
		TeAttachment *shard = lfirst(cell);

		if (shard->shard < first)
			continue;
		run_shard(portion, te_table_access(shard->relation, portion->parts, portion->common.progress.dry_run),
				  shard->shard == first ? after : NULL);
		if (portion->stopped)
			break;
	}
	te_activity_end();
	te_root_end();
	return place_of(portion, total);
}

PG_FUNCTION_INFO_V1(thumbexif_backfill_node);

/*
 * thumbexif_backfill_node(relation regclass, max_assets bigint, batch_size integer, dry_run boolean, parts text, verify boolean,
 *		milliseconds integer, INOUT place text)
 */
Datum
thumbexif_backfill_node(PG_FUNCTION_ARGS)
{
	Portion		portion = {{{0}}};

	te_procedure_check(fcinfo, "thumbexif_backfill_node()");
	for (int i = 0; i < 7; i++)
		te_procedure_not_null(fcinfo, i, "relation, ..., milliseconds");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	te_portion_begin(&portion.common);
	portion.max_assets = PG_GETARG_INT64(1);
	portion.batch_size = PG_GETARG_INT32(2);
	portion.common.progress.dry_run = PG_GETARG_BOOL(3);
	portion.parts = te_parts_parse(text_to_cstring(PG_GETARG_TEXT_PP(4)));
	portion.verify = PG_GETARG_BOOL(5);
	portion.until_ms = te_now_ms() + PG_GETARG_INT32(6);
	portion.common.progress.procedure = "thumbexif_backfill_node";
	portion.common.progress.line = portion.batch_size;
	portion.common.progress.attachment = te_table_access(PG_GETARG_OID(0), portion.parts, portion.common.progress.dry_run);
	return te_portion_result(fcinfo, run(&portion, PG_ARGISNULL(7) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(7))));
}
