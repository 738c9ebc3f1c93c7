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
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attached_rows.h"
#include "pg/catalog/citus_node.h"
#include "pg/shared/wakeup.h"
#include "shard_arrival.h"

/* Have all other nodes call thumbexif_left().  False, with a message in the log, if one does not answer. */
static bool
ask_nodes(const TeAttachment *shard, bool forget, List **nodes)
{
	TeRunAs		save;
	ListCell   *cell;

	te_run_as_extension(&save);
	*nodes = te_cluster_nodes();
	te_cluster_run(*nodes, psprintf("SELECT %s(" INT64_FORMAT ", %s)", te_user_name("thumbexif_left"), shard->shard, forget ? "true" : "false"));
	te_run_as_end(&save);
	foreach(cell, *nodes)
	{
		const TeNode *node = lfirst(cell);

		if (node->answered)
			continue;
		ereport(LOG,
				(errmsg("shard %s, which came from another node, waits for node %s", shard->name, node->name),
				 errdetail("It is asked which assets were to be processed when the shard left it: %s", node->text != NULL ? node->text : ""),
				 errhint("If that node will not come back, call citus_disable_node() or citus_remove_node().")));
		return false;
	}
	return true;
}

/* Queue the assets in a text of JSON, an array of ids. */
static void
queue(const TeAttachment *shard, const char *ids)
{
	TeArgs		args = {0};

	if (ids == NULL || strcmp(ids, "[]") == 0)
		return;
	te_arg_int4(&args, shard->number);
	te_arg_int8(&args, te_asset_state_new_version());
	te_arg_text(&args, ids);
	te_sql_as_extension(te_asset_state_queue_sql(shard->state, psprintf("SELECT k::%s FROM json_array_elements_text($3::json) AS k",
																		format_type_be_qualified(te_key_state_type(shard->key_type)))), &args);
}

/* What this node has noted itself, if the shard was here before. */
static char *
own_note(const TeAttachment *shard)
{
	TeArgs		args = {0};
	char	   *ids;

	te_arg_int8(&args, shard->shard);
	te_sql_as_extension(psprintf("SELECT COALESCE(json_agg(l.id)::text, '[]') FROM %s AS l WHERE l.shard = $1", te_internal_name("thumbexif_left")), &args);
	ids = te_out_text(0, 1);
	te_sql_free();
	args = (TeArgs) {0};
	te_arg_int8(&args, shard->shard);
	te_sql_as_extension(psprintf("DELETE FROM %s WHERE shard = $1", te_internal_name("thumbexif_left")), &args);
	return ids;
}

/* Queue what other nodes tell was not done.  False if one does not answer. */
static bool
recall(const TeAttachment *shard)
{
	List	   *nodes;
	ListCell   *cell;

	if (!ask_nodes(shard, false, &nodes))
		return false;
	queue(shard, own_note(shard));
	foreach(cell, nodes)
		queue(shard, ((TeNode *) lfirst(cell))->text);
	return true;
}

static void
end(const TeAttachment *shard)
{
	TeArgs		args = {0};

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
