/*
 * portion.c
 *		A portion of a procedure's work that another node of a Citus cluster does, and what it tells the coordinator of it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "pg/base/statement.h"
#include "pg/catalog/member.h"
#include "pg/catalog/member_change.h"
#include "pg/compat.h"
#include "pg/shared/activity.h"
#include "portion.h"

#define NO_ROW	(-1)			/* in the place of a status */

static int
compare_shards(const ListCell *a, const ListCell *b)
{
	const TeAttachment *left = lfirst(a);
	const TeAttachment *right = lfirst(b);

	return left->shard < right->shard ? -1 : left->shard > right->shard;
}

List *
te_portion_shards(const TeAttachment *attachment, bool dry_run)
{
	TeMemberChange change = {0};
	List	   *shards;

	if (!dry_run)
	{
		te_members_update_all(TE_MEMBERS_LATER, &change);
		SPI_commit();
	}
	shards = te_attachment_members(attachment);
	list_sort(shards, compare_shards);
	return shards;
}

void
te_portion_begin(TePortion *portion)
{
	initStringInfo(&portion->failures);
}

static void
append_text(StringInfo json, const char *text)
{
	appendStringInfoString(json, ", ");
	if (text != NULL)
		escape_json(json, text);
	else
		appendStringInfoString(json, "null");
}

static void
keep_failure(TePortion *portion, int status, const char *id, const char *error, const char *path)
{
	StringInfo	json = &portion->failures;

	if (portion->failure_count++ >= TE_PROGRESS_WARNINGS)
		return;
	appendStringInfo(json, "%s[%d", json->len > 0 ? ", " : "", status);
	append_text(json, id);
	append_text(json, error);
	append_text(json, path);
	appendStringInfoChar(json, ']');
}

void
te_portion_written(void *portion, const TeJob *job)
{
	TeProgress *progress = portion;

	if (te_job_verdict(job) != TE_VERDICT_DONE)
		keep_failure(portion, job->status, job->id, te_job_error(job), job->asset.path);
	te_progress_count(progress, job->outcome);
	te_activity_count(progress->all.processed, progress->all.failed);
}

void
te_portion_absent(TePortion *portion, const char *id)
{
	keep_failure(portion, NO_ROW, id, NULL, NULL);
	te_progress_count(&portion->progress, TE_OUTCOME_FAILED);
}

void
te_portion_append(const TePortion *portion, StringInfo answer)
{
	const TeCounts *all = &portion->progress.all;

	appendStringInfo(answer, "\"processed\": " INT64_FORMAT ", \"updated\": " INT64_FORMAT ", \"skipped\": " INT64_FORMAT ", \"failed\": " INT64_FORMAT
					 ", \"failures\": [%s]", all->processed, all->updated, all->skipped, all->failed, portion->failures.data);
}

Datum
te_portion_result(FunctionCallInfo fcinfo, const char *answer)
{
	size_t		length = strlen(answer);
	Datum		value = PointerGetDatum(SPI_palloc(VARHDRSZ + length));
	bool		isnull = false;
	TupleDesc	desc;

	SET_VARSIZE(DatumGetPointer(value), VARHDRSZ + length);
	memcpy(VARDATA(DatumGetPointer(value)), answer, length);
	SPI_finish();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), &value, &isnull));
}

/* --- on the coordinator */

List *
te_shares(const TeAttachment *attachment)
{
	List	   *nodes = te_cluster_nodes();
	List	   *shares = NIL;
	ListCell   *cell;

	if (te_attachment_members(attachment) != NIL)
		nodes = lcons(te_cluster_this_node(), nodes);
	foreach(cell, nodes)
	{
		TeShare    *share = palloc0(sizeof(TeShare));

		share->node = lfirst(cell);
		shares = lappend(shares, share);
	}
	return shares;
}

List *
te_shares_left(const List *shares)
{
	List	   *left = NIL;
	ListCell   *cell;

	foreach(cell, shares)
	{
		if (!((TeShare *) lfirst(cell))->ended)
			left = lappend(left, lfirst(cell));
	}
	return left;
}

/* An answer as the node reads it to go on, without the failures. */
static char *
place_of(const char *answer)
{
	TeArgs		args = {0};
	char	   *place;

	te_arg_text(&args, answer);
	te_sql("SELECT ($1::pg_catalog.jsonb OPERATOR(pg_catalog.-) 'failures'::pg_catalog.text)::pg_catalog.text", &args);
	place = te_out_text(0, 1);
	te_sql_free();
	return place;
}

List *
te_shares_run(const List *shares)
{
	List	   *nodes = NIL;
	ListCell   *cell;

	foreach(cell, shares)
		nodes = lappend(nodes, ((TeShare *) lfirst(cell))->node);
	te_cluster_run(nodes, "");
	foreach(cell, shares)
	{
		TeShare    *share = lfirst(cell);
		const TeNode *node = share->node;

		share->ended = !node->answered || te_cluster_number(node->text, "ended") != 0;
		if (node->answered)
			share->place = place_of(node->text);
	}
	return nodes;
}

static void
report_failures(TeProgress *progress, const TeNode *node)
{
	TeArgs		args = {0};
	uint64		count;

	te_arg_text(&args, node->text);
	count = te_sql("SELECT CAST(f OPERATOR(pg_catalog.->>) 0 AS pg_catalog.int4), f OPERATOR(pg_catalog.->>) 1, f OPERATOR(pg_catalog.->>) 2,"
				   " f OPERATOR(pg_catalog.->>) 3"
				   " FROM pg_catalog.json_array_elements(pg_catalog.json_object_field($1::pg_catalog.json, 'failures'::pg_catalog.text)) AS f", &args);
	for (int i = 0; i < (int) count; i++)
	{
		int			status = (int) te_out_int(i, 1, 0);

		if (status == NO_ROW)
			te_progress_absent(te_out_text(i, 2));
		else
			te_progress_failure(progress, status, te_out_text(i, 2), te_out_text(i, 3), te_out_text(i, 4), node->name);
	}
	te_sql_free();
}

void
te_portion_add(TeProgress *progress, const TeNode *node)
{
	progress->all.processed += te_cluster_number(node->text, "processed");
	progress->all.updated += te_cluster_number(node->text, "updated");
	progress->all.skipped += te_cluster_number(node->text, "skipped");
	progress->all.failed += te_cluster_number(node->text, "failed");
	report_failures(progress, node);
}
