/*
 * shard_watch.c
 *		The background worker looks through shards that have come from other nodes (pipeline/shard_arrival.h).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "pg/base/clock.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/pipeline/shard_arrival.h"
#include "pg/pipeline/staleness.h"
#include "pg/pipeline/table_access.h"
#include "shard_watch.h"
#include "worker_xact.h"

#define TURN_MS		300			/* for a shard, beside the tables that have work */
#define LATER_MS	5000		/* after a node did not answer, rows were locked, or an ERROR */

static int	number = 0;			/* the attachment that is looked through, 0 = none */
static TeShardArrival arrival;
static int64 not_before_ms = 0;

typedef struct Step
{
	const TeAttachment *shard;
	TeArrivalResult result;
} Step;

static void
run_step(void *arg)
{
	Step	   *step = arg;

	te_worker_xact_begin();
	step->result = te_shard_arrival_step(te_table_access(step->shard->relation, TE_PART_EXIF, false), &arrival);
	te_worker_xact_end();
}

static void
run(const TeAttachment *shard)
{
	int64		until = te_now_ms() + TURN_MS;
	Step		step = {shard, TE_ARRIVAL_MORE};

	if (number != shard->number)
		memset(&arrival, 0, sizeof(arrival));
	number = shard->number;
	while (step.result == TE_ARRIVAL_MORE && te_now_ms() < until)
	{
		ErrorData  *error = te_worker_xact_guarded(run_step, &step);

		if (error == NULL)
			continue;
		ereport(LOG,
				(errmsg("shard %s, which came from another node, was not looked through: %s", shard->name, error->message),
				 errhint("It is tried again every few seconds.")));
		step.result = TE_ARRIVAL_LATER;
	}
	if (step.result != TE_ARRIVAL_MORE)
		number = 0;
	if (step.result == TE_ARRIVAL_LATER)
		not_before_ms = te_now_ms() + LATER_MS;
}

bool
te_shard_watch_turn(List *attachments, TimestampTz *due)
{
	const TeAttachment *chosen = NULL;
	int64		wait_ms;
	ListCell   *cell;

	foreach(cell, attachments)
	{
		const TeAttachment *attachment = lfirst(cell);

		if (attachment->arrived && (chosen == NULL || attachment->number == number))
			chosen = attachment;
	}
	if (chosen == NULL)
		return false;
	wait_ms = not_before_ms - te_now_ms();
	if (wait_ms > 0)
	{
		te_sooner_in(due, wait_ms);
		return false;
	}
	run(chosen);
	te_sooner(due, GetCurrentTimestamp());
	return true;
}

/* Pause tables that were distributed after they were attached: the other nodes know nothing of them. */
static void
pause_distributed(void)
{
	static const char reason[] = "it was distributed after it was attached: call thumbexif_detach() and thumbexif_attach()";
	TeArgs		args = {0};
	uint64		count;

	te_arg_text(&args, reason);
	count = te_sql_as_extension(psprintf("UPDATE %s AS a SET paused = true, pause_reason = $1 FROM pg_dist_partition AS p WHERE p.logicalrelid = a.relation"
										 " AND a.parent IS NULL AND a.nodes IS NULL AND a.pause_reason IS NULL RETURNING a.relation::regclass::text",
										 te_internal_name("thumbexif_attachment")), &args);
	for (uint64 i = 0; i < count; i++)
		ereport(WARNING,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("processing of table %s is suspended: %s", te_out_text((int) i, 1), reason)));
	te_sql_free();
}

void
te_node_watch(void)
{
	TeArgs		none = {0};
	uint64		count;
	Oid		   *relations;

	if (!te_citus_is_coordinator())
		return;
	pause_distributed();
	count = te_sql_as_extension(psprintf("SELECT a.relation::oid FROM %s AS a WHERE EXISTS (SELECT FROM pg_dist_node AS n WHERE n.isactive"
										 " AND n.noderole::text = 'primary' AND n.metadatasynced AND n.groupid <> 0 AND n.groupid <> ALL (a.nodes))",
										 te_internal_name("thumbexif_attachment")), &none);
	relations = palloc(sizeof(Oid) * (count + 1));
	for (uint64 i = 0; i < count; i++)
		relations[i] = DatumGetObjectId(te_out((int) i, 1));
	te_sql_free();
	for (uint64 i = 0; i < count; i++)
	{
		TeArgs		args = {0};

		te_arg(&args, OIDOID, ObjectIdGetDatum(relations[i]));
		te_sql_as_extension(psprintf("SELECT %s($1)", te_internal_name("thumbexif_attach_nodes")), &args);
		te_sql_free();
	}
}
