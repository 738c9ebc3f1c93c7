/*
 * metrics.c
 *		SQL function thumbexif_metrics(): counters and gauges for a monitoring system, by the names that Prometheus uses.
 *
 * It runs every few seconds: counters are read from shared memory, numbers of assets from those that are kept, and the
 * oldest asset in a queue is the first of an index.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/attachment.h"
#include "pg/compat.h"
#include "pg/shared/activity.h"
#include "pg/shared/decoder_slot.h"
#include "pg/shared/metrics.h"
#include "tables.h"

PG_FUNCTION_INFO_V1(thumbexif_metrics);

/* Add a metric with up to two labels; a label without a name is left out. */
static void
put_labelled(ReturnSetInfo *result, const char *name, const char *label, const char *text, const char *label2, const char *text2, double value)
{
	StringInfoData labels;
	Datum		values[3];
	bool		nulls[3] = {false};

	initStringInfo(&labels);
	appendStringInfoChar(&labels, '{');
	if (label != NULL)
	{
		appendStringInfo(&labels, "\"%s\": ", label);
		escape_json(&labels, text);
	}
	if (label2 != NULL)
	{
		appendStringInfo(&labels, ", \"%s\": ", label2);
		escape_json(&labels, text2);
	}
	appendStringInfoChar(&labels, '}');
	values[0] = CStringGetTextDatum(name);
	values[1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(labels.data));
	values[2] = Float8GetDatum(value);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	pfree(labels.data);
}

static void
put(ReturnSetInfo *result, const char *name, double value)
{
	put_labelled(result, name, NULL, NULL, NULL, NULL, value);
}

static void
put_one(ReturnSetInfo *result, const char *name, const char *label, const char *text, double value)
{
	put_labelled(result, name, label, text, NULL, NULL, value);
}

/* --- counters of this database */

/* The time that images took, as Prometheus has histograms: each bucket counts all images up to its bound. */
static void
put_decode_time(ReturnSetInfo *result, TeDatabaseMetrics *metrics)
{
	static const int bounds[TE_DECODE_BUCKETS - 1] = TE_DECODE_BOUNDS;
	uint64		count = 0;

	for (int i = 0; i < TE_DECODE_BUCKETS; i++)
	{
		const char *bound = i < TE_DECODE_BUCKETS - 1 ? psprintf("%.15g", bounds[i] / 1e6) : "+Inf";

		count += pg_atomic_read_u64(&metrics->decodes[i]);
		put_one(result, "thumbexif_decode_seconds_bucket", "le", bound, (double) count);
	}
	put(result, "thumbexif_decode_seconds_sum", (double) pg_atomic_read_u64(&metrics->decode_us) / 1e6);
	put(result, "thumbexif_decode_seconds_count", (double) count);
}

static void
put_counters(ReturnSetInfo *result, TeDatabaseMetrics *metrics)
{
	static const char *const ends[TE_ASSET_ENDS] = {"done", "retry", "failed", "missing", "unsupported"};
	static const char *const losses[TE_LOSSES] = {"crash", "timeout", "memory", "file", "reply", "start"};

	for (int i = 0; i < TE_ASSET_ENDS; i++)
		put_one(result, "thumbexif_assets_total", "outcome", ends[i], (double) pg_atomic_read_u64(&metrics->assets[i]));
	for (int i = TE_OK + 1; i < TE_STATUSES; i++)
		put_one(result, "thumbexif_failures_total", "sqlstate", te_status_sqlstate(i), (double) pg_atomic_read_u64(&metrics->failures[i]));
	put_decode_time(result, metrics);
	put(result, "thumbexif_bytes_read_total", (double) pg_atomic_read_u64(&metrics->bytes_read));
	put(result, "thumbexif_bytes_written_total", (double) pg_atomic_read_u64(&metrics->bytes_written));
	put(result, "thumbexif_decoders_started_total", (double) pg_atomic_read_u64(&metrics->decoders_started));
	for (int i = 0; i < TE_LOSSES; i++)
		put_one(result, "thumbexif_decoders_lost_total", "reason", losses[i], (double) pg_atomic_read_u64(&metrics->decoders_lost[i]));
}

/* --- processes */

static void
put_workers(ReturnSetInfo *result)
{
	TeActivity *copy = palloc(sizeof(TeActivity));
	int			workers = 0;
	int			procedures = 0;

	for (int i = 0; i < TE_SLOTS; i++)
	{
		if (!te_activity_read(i, copy) || copy->database != MyDatabaseId || copy->pid == 0)
			continue;
		if (copy->kind == TE_ACTIVITY_WORKER)
			workers++;
		else
			procedures++;
	}
	put(result, "thumbexif_workers", workers);
	put(result, "thumbexif_procedures", procedures);
	pfree(copy);
}

static void
put_decoders(ReturnSetInfo *result)
{
	TeDecoderSession *sessions = palloc(sizeof(TeDecoderSession) * TE_MAX_DECODER_SLOTS);
	int			count = te_decoder_slot_sessions(sessions);
	int			decoders = 0;
	int			in_use;
	int			waiting;

	for (int i = 0; i < count; i++)
	{
		if (sessions[i].database == MyDatabaseId)
			decoders += sessions[i].decoders;
	}
	put(result, "thumbexif_decoders", decoders);
	te_decoder_slot_counts(&in_use, &waiting);
	put(result, "thumbexif_server_decoders", in_use);
	put(result, "thumbexif_server_decoders_limit", te_guc_max_decoders());
	put(result, "thumbexif_server_decoders_waiting", waiting);
	pfree(sessions);
}

static void
put_server(ReturnSetInfo *result)
{
	TimestampTz epoch = (TimestampTz) (UNIX_EPOCH_JDATE - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;

	put(result, "thumbexif_server_start_time_seconds", (double) (te_shared->metrics.since - epoch) / USECS_PER_SEC);
	put(result, "thumbexif_server_template_starts_total", (double) pg_atomic_read_u64(&te_shared->metrics.template_starts));
}

/* --- tables */

/* The queue of a table: assets, with those of large statements whose rows have no state yet, and since when the first is due. */
static void
put_queue(ReturnSetInfo *result, const TeAttachment *attachment, const TeAssetCounts *counts)
{
	int64		length = counts->assets[TE_ASSET_QUEUED] + counts->assets[TE_ASSET_RUNNING];
	TeArgs		args = {0};
	double		seconds;

	te_arg_int4(&args, attachment->number);
	te_sql_read_by_index(psprintf("SELECT r.keys, least(r.due,"
								  " (SELECT s.next_try FROM %s AS s WHERE s.attachment = $1 AND s.status = 'queued' AND s.attempts = 0"
								  " ORDER BY s.next_try LIMIT 1),"
								  " (SELECT s.next_try FROM %s AS s WHERE s.attachment = $1"
								  " AND (s.status = 'missing' OR (s.status = 'queued' AND s.attempts > 0)) ORDER BY s.next_try LIMIT 1))"
								  " FROM (SELECT sum(i.highest - i.lowest + 1)::bigint, min(i.next_try) FROM %s AS i WHERE i.attachment = $1) AS r (keys, due)",
								  attachment->state, attachment->state, te_internal_name("thumbexif_inserted_range")), &args);
	length += te_out_int(0, 1, 0);
	seconds = te_out_null(0, 2) ? 0 : (double) (GetCurrentTimestamp() - te_out_int(0, 2, 0)) / USECS_PER_SEC;
	te_sql_free();
	put_one(result, "thumbexif_queue_length", "relation", attachment->name, (double) length);
	put_one(result, "thumbexif_oldest_queued_seconds", "relation", attachment->name, Max(seconds, 0));
}

static void
put_table(ReturnSetInfo *result, const TeAttachment *attachment, TeAssetCounts counts)
{
	int64		rows;

	if (!te_attached_rows(attachment, &counts, &rows))
		return;
	counts.assets[TE_ASSET_NEW] += Max(rows - te_counts_known(&counts), 0);	/* a row without state is new */
	for (int i = 0; i < TE_ASSET_STATUSES; i++)
		put_labelled(result, "thumbexif_table_assets", "relation", attachment->name, "status", te_asset_status_name((TeAssetStatus) i),
					 (double) counts.assets[i]);
	put_queue(result, attachment, &counts);
	put_one(result, "thumbexif_queue_paused", "relation", attachment->name, attachment->paused);
	put_one(result, "thumbexif_queue_paused_by_worker", "relation", attachment->name, attachment->paused && attachment->paused_by_us);
}

static void
put_tables(ReturnSetInfo *result)
{
	List	   *attachments = te_attachment_all();
	HTAB	   *counts = te_counts_read(GetActiveSnapshot());
	ListCell   *cell;

	SPI_connect();
	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);

		if (te_tables_may_count(attachment->relation))
			put_table(result, attachment, te_attached_counts(counts, attachment));
	}
	SPI_finish();
}

/* thumbexif_metrics() RETURNS TABLE (name text, labels jsonb, value double precision) */
Datum
thumbexif_metrics(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	TeDatabaseMetrics *metrics = te_metrics_read();

	InitMaterializedSRF(fcinfo, 0);
	if (metrics != NULL)
		put_counters(result, metrics);
	if (te_shared != NULL)
	{
		put_workers(result);
		put_decoders(result);
		put_server(result);
	}
	put_tables(result);
	return (Datum) 0;
}
