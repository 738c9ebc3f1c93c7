/*
 * shard_arrival.c
 *		Looks through a shard of Citus that has come from another node, to tell which of its rows are done.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/inval.h"

#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/citus_node.h"
#include "pg/catalog/shard_left.h"
#include "pg/shared/wakeup.h"
#include "shard_arrival.h"

/* Have all other nodes call thumbexif_left().  False, with a message in the log, if one does not answer, or cannot tell yet. */
static bool
ask_nodes(const TeAttachment *shard, bool forget, List **nodes)
{
	TeRunAs		save;
	ListCell   *cell;

	te_run_as_extension(&save);
	*nodes = te_cluster_nodes();
	te_cluster_run(*nodes, psprintf("SELECT %s(%s, " INT64_FORMAT ", %s)", te_user_name("thumbexif_left"),
									quote_literal_cstr(shard->named_name), shard->shard, forget ? "true" : "false"));
	te_run_as_end(&save);
	foreach(cell, *nodes)
	{
		const TeNode *node = lfirst(cell);

		if (node->answered && node->text != NULL)
			continue;
		ereport(LOG,
				(errmsg("shard %s, which came from another node, waits for node %s", shard->name, node->name),
				 errdetail("It is asked which assets were to be processed when the shard left it: %s",
						   node->text != NULL ? node->text : "it has not released all shards of the table yet"),
				 errhint("If that node will not come back, call citus_disable_node() or citus_remove_node().")));
		return false;
	}
	return true;
}

/* Queue what was not done where the shard was before, by what this node and the others have noted.  False if it must be asked again. */
static bool
recall(const TeAttachment *shard)
{
	List	   *nodes;
	ListCell   *cell;

	if (!ask_nodes(shard, false, &nodes) || !te_left_take(shard, "[]"))
		return false;
	foreach(cell, nodes)
		(void) te_left_take(shard, ((TeNode *) lfirst(cell))->text);
	te_left_queue(shard);
	return true;
}

static void
end(const TeAttachment *shard)
{
	TeArgs		args = {0};

	te_left_apply(shard);
	te_recount(shard, false);
	te_arg_int4(&args, shard->number);
	te_sql_as_extension(psprintf("UPDATE %s SET arrived = NULL WHERE attachment = $1", te_internal_name("thumbexif_attachment")), &args);
	CacheInvalidateRelcacheByRelid(shard->relation);	/* the triggers know of it */
	te_wake_at_commit();
}

TeArrivalResult
te_shard_arrival_step(const TeAttachment *shard, TeShardArrival *arrival)
{
	List	   *nodes;

	if (!arrival->recalled)
	{
		if (!recall(shard))
			return TE_ARRIVAL_LATER;
		arrival->recalled = true;
		arrival->swept = (TeSwept) {.phase = TE_SWEEP_ROWS};
		return TE_ARRIVAL_MORE;
	}
	if (!arrival->forgotten)	/* what they told is committed here */
	{
		(void) ask_nodes(shard, true, &nodes);
		arrival->forgotten = true;
	}
	te_sweep_step(shard, &arrival->swept, &arrival->counts);
	if (arrival->swept.phase != TE_SWEEP_NONE)
		return TE_ARRIVAL_MORE;
	if (arrival->swept.rows_left > 0)
		return TE_ARRIVAL_LATER;
	end(shard);
	return TE_ARRIVAL_DONE;
}
