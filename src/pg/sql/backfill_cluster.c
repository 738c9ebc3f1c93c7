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

static char *
portion_sql(const TeClusterBackfill *wanted, const TeProgress *progress, const TeShare *share, int64 assets, int milliseconds)
{
	return psprintf("CALL %s(%s, " INT64_FORMAT ", %d, %s, %s, %s, %d, %s::pg_catalog.text)", te_user_name("thumbexif_backfill_node"),
					te_cluster_relation(progress->attachment), assets, wanted->batch_size, wanted->dry_run ? "true" : "false",
					quote_literal_cstr(wanted->parts), wanted->verify ? "true" : "false", milliseconds,
					share->place != NULL ? quote_literal_cstr(share->place) : "NULL");
}

/* One portion on each of the nodes that have not ended.  False if there are none. */
static bool
run_portions(const TeClusterBackfill *wanted, TeProgress *progress, List *shares, int milliseconds)
{
	int64		left = wanted->max_assets == PG_INT64_MAX ? PG_INT64_MAX : wanted->max_assets - progress->all.processed;
	List	   *running = te_shares_left(shares);
	List	   *nodes;
	ListCell   *cell;

	if (list_length(running) > left)	/* each does at least one */
		running = list_truncate(running, (int) left);
	if (running == NIL)
		return false;
	foreach(cell, running)
	{
		TeShare    *share = lfirst(cell);

		share->node->sql = portion_sql(wanted, progress, share, left == PG_INT64_MAX ? left : left / list_length(running), milliseconds);
	}
	nodes = te_shares_run(running);
	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);

		if (!node->answered)
			continue;
		progress->total += te_cluster_number(node->text, "total");	/* its first portion tells */
		te_portion_add(progress, node);
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
	shares = te_shares(progress->attachment);
	while (run_portions(wanted, progress, shares, milliseconds))
	{
		CHECK_FOR_INTERRUPTS();
		milliseconds = PORTION_MS;
	}
	progress->total = Min(progress->total, wanted->max_assets);
	te_progress_done(progress);
	return true;
}
