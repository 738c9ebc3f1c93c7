/*
 * backfill_cluster.c
 *		A backfill of a table of a Citus cluster, which runs on all nodes at once.
 *
 * The coordinator has all nodes do a portion of some seconds at the same time (thumbexif_backfill_node() in backfill_node.c), adds up their counts, and has them do the
 * next, from where each has stopped, until all have read their shards.  A portion commits on its node, batch by batch.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "backfill_cluster.h"
#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "portion.h"

#define FIRST_MS	1000		/* of the first portion, so that the first line comes soon */
#define PORTION_MS	5000

/* A node, and how far it has got. */
typedef struct Share
{
	TeNode	   *node;
	char	   *place;			/* its last answer; NULL = it has not begun */
	bool		ended;
} Share;

/* The nodes that may have shards, this one among them if it has some. */
static List *
find_shares(const TeAttachment *attachment)
{
	List	   *nodes = te_cluster_nodes();
	List	   *shares = NIL;
	ListCell   *cell;

	if (te_attachment_members(attachment) != NIL)
		nodes = lcons(te_cluster_this_node(), nodes);
	foreach(cell, nodes)
	{
		Share	   *share = palloc0(sizeof(Share));

		share->node = lfirst(cell);
		shares = lappend(shares, share);
	}
	return shares;
}

static char *
portion_sql(const TeClusterBackfill *wanted, const TeProgress *progress, const Share *share, int64 assets, int milliseconds)
{
	return psprintf("CALL %s(%s, " INT64_FORMAT ", %d, %s, %s, %s, %d, %s::pg_catalog.text)", te_user_name("thumbexif_backfill_node"),
					te_cluster_relation(progress->attachment), assets, wanted->batch_size, wanted->dry_run ? "true" : "false",
					quote_literal_cstr(wanted->parts), wanted->verify ? "true" : "false", milliseconds,
					share->place != NULL ? quote_literal_cstr(share->place) : "NULL");
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

/* Add what a node has done in its portion. */
static void
add_answer(TeProgress *progress, Share *share)
{
	const char *answer = share->node->text;

	if (share->place == NULL)
		progress->total += te_cluster_number(answer, "total");
	te_portion_add(progress, share->node);
	share->ended = te_cluster_number(answer, "ended") != 0;
	share->place = place_of(answer);
}

/* One portion on each of the nodes that have not ended.  False if there are none. */
static bool
run_portions(const TeClusterBackfill *wanted, TeProgress *progress, List *shares, int milliseconds)
{
	int64		left = wanted->max_assets == PG_INT64_MAX ? PG_INT64_MAX : wanted->max_assets - progress->all.processed;
	List	   *nodes = NIL;
	List	   *running = NIL;
	ListCell   *cell;

	foreach(cell, shares)
	{
		if (!((Share *) lfirst(cell))->ended && list_length(running) < left)
			running = lappend(running, lfirst(cell));
	}
	if (running == NIL)
		return false;
	foreach(cell, running)
	{
		Share	   *share = lfirst(cell);

		share->node->sql = portion_sql(wanted, progress, share, left == PG_INT64_MAX ? left : left / list_length(running), milliseconds);
		nodes = lappend(nodes, share->node);
	}
	te_cluster_run(nodes, "");
	foreach(cell, running)
	{
		Share	   *share = lfirst(cell);

		if (share->node->answered)
			add_answer(progress, share);
		else
			share->ended = true;
	}
	te_cluster_warn(nodes, psprintf("go on with the backfill of table %s", progress->attachment->name));
	te_progress_line(progress, false);
	SPI_commit();
	return true;
}

bool
te_backfill_cluster(const TeClusterBackfill *wanted, TeProgress *progress)
{
	List	   *shares;
	int			milliseconds = FIRST_MS;

	if (!te_cluster_is_led_here(progress->attachment))
		return false;
	shares = find_shares(progress->attachment);
	while (run_portions(wanted, progress, shares, milliseconds))
	{
		CHECK_FOR_INTERRUPTS();
		milliseconds = PORTION_MS;
	}
	progress->total = Min(progress->total, wanted->max_assets);
	te_progress_done(progress);
	return true;
}
