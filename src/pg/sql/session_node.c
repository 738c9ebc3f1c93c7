/*
 * session_node.c
 *		SQL procedure thumbexif_session_node(): some assets of a session, on one node of a Citus cluster.
 *
 * The coordinator calls it (session_cluster.c) for assets whose rows this node has.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "asset_place.h"
#include "pg/catalog/asset.h"
#include "pg/files/root_check.h"
#include "pg/pipeline/pipeline.h"
#include "pg/pipeline/table_access.h"
#include "pg/shared/activity.h"
#include "portion.h"
#include "procedure.h"

typedef struct Portion
{
	TePortion	common;			/* must be first: see portion.h */
	TePlace    *places;
	int			next;			/* index of the next asset to process */
	int			end;			/* of those in the shard that is processed */
} Portion;

/* TePipelineOptions.next */
static int
next_assets(void *arg, TeKey *keys, int max_keys)
{
	Portion    *portion = arg;
	int			count = Min(max_keys, portion->end - portion->next);

	for (int i = 0; i < count; i++)
		keys[i] = portion->places[portion->next++].key;
	return count > 0 ? count : -1;
}

/* TePipelineOptions.skipped */
static void
count_skipped(void *arg, const TeAsset *asset, TeClaimResult reason)
{
	Portion    *portion = arg;

	if (reason == TE_CLAIM_GONE)
		te_portion_absent(&portion->common, te_key_text(asset->attachment->key_type, &asset->key));
	else if (reason == TE_CLAIM_NOT_NEEDED)
		te_progress_not_needed(&portion->common.progress, asset);
}

static void
run_shard(Portion *portion, Oid relation, int end)
{
	TePipelineOptions pipeline = {
		.attachment = te_table_access(relation, TE_PART_ALL, false),
		.parts = TE_PART_ALL,
		.batch_size = 1,
		.claim_size = 2 * te_pool_capacity(false),
		.max_assets = PG_INT64_MAX,
		.next = next_assets,
		.skipped = count_skipped,
		.written = te_portion_written,
		.commit = te_pipeline_spi_commit,
		.arg = portion,
	};

	portion->end = end;
	te_pipeline_run(&pipeline);
}

static void
run(Portion *portion, TeKey *keys, int count)
{
	const TeAttachment *attachment = portion->common.progress.attachment;

	portion->places = te_asset_places(attachment, keys, count, &count);
	te_root_begin();
	te_activity_begin(TE_ACTIVITY_SESSION, attachment->relation, count);
	for (int end = 0; portion->next < count; portion->next = end)
	{
		Oid			relation = portion->places[portion->next].relation;

		while (end < count && portion->places[end].relation == relation)
			end++;
		run_shard(portion, relation, end);
	}
	te_activity_end();
	te_root_end();
}

PG_FUNCTION_INFO_V1(thumbexif_session_node);

/* thumbexif_session_node(relation regclass, ids text[], INOUT answer text) */
Datum
thumbexif_session_node(PG_FUNCTION_ARGS)
{
	Portion		portion = {{{0}}};
	StringInfoData answer;
	Datum	   *ids;
	TeKey	   *keys;
	int			given;
	int			count = 0;

	te_procedure_check(fcinfo, "thumbexif_session_node()");
	te_procedure_not_null(fcinfo, 0, "relation");
	te_procedure_not_null(fcinfo, 1, "ids");
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	te_portion_begin(&portion.common);
	portion.common.progress.attachment = te_table_access(PG_GETARG_OID(0), TE_PART_ALL, false);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &ids, NULL, &given);
	keys = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(TeKey) * Max(given, 1));
	for (int i = 0; i < given; i++)
		if (te_key_from_argument(portion.common.progress.attachment, TEXTOID, ids[i], &keys[count]))
			count++;
	run(&portion, keys, count);
	initStringInfo(&answer);
	appendStringInfoChar(&answer, '{');
	te_portion_append(&portion.common, &answer);
	appendStringInfoChar(&answer, '}');
	return te_portion_result(fcinfo, answer.data);
}
