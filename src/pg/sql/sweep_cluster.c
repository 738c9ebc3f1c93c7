/*
 * sweep_cluster.c
 *		A sweep of a table of a Citus cluster, on all nodes at once.
 *
 * As with a backfill (backfill_cluster.c), nodes do it in portions (thumbexif_sweep_node() in sweep.c), so that no statement here takes long.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "cluster.h"
#include "pg/base/extension.h"
#include "portion.h"
#include "sweep_cluster.h"

#define PORTION_MS	5000

static void
add_answer(TeSweepTotals *totals, const char *answer)
{
	totals->rows_read += te_cluster_number(answer, "rows_read");
	totals->rows_left += te_cluster_number(answer, "rows_left");
	totals->counts.queued += te_cluster_number(answer, "queued");
	totals->counts.adopted += te_cluster_number(answer, "adopted");
	totals->counts.removed += te_cluster_number(answer, "removed");
}

/* One portion on each of these nodes. */
static void
run_portions(const TeAttachment *attachment, List *running, TeSweepTotals *totals)
{
	List	   *nodes;
	ListCell   *cell;

	foreach(cell, running)
	{
		TeShare    *share = lfirst(cell);

		share->node->sql = psprintf("CALL %s(%s, %d, %s::pg_catalog.text)", te_user_name("thumbexif_sweep_node"), te_cluster_relation(attachment),
									PORTION_MS, share->place != NULL ? quote_literal_cstr(share->place) : "NULL");
	}
	nodes = te_shares_run(running);
	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);

		if (node->answered)
			add_answer(totals, node->text);
	}
	te_cluster_warn(nodes, psprintf("go on with the sweep of table %s", attachment->name));
	SPI_commit();
}

bool
te_sweep_cluster(const TeAttachment *attachment, TeSweepTotals *totals)
{
	List	   *shares;
	List	   *running;

	if (!te_cluster_is_led_here(attachment))
		return false;
	shares = te_shares(attachment);
	while ((running = te_shares_left(shares)) != NIL)
	{
		CHECK_FOR_INTERRUPTS();
		run_portions(attachment, running, totals);
	}
	return true;
}
