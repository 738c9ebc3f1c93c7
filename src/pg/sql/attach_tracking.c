/*
 * attach_tracking.c
 *		How changes of a table that is attached are noticed: by which triggers, or by sweeps alone.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/rel.h"

#include "attach_tracking.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/inserted_range.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/swept.h"
#include "pg/catalog/table_trigger.h"

TeTracking
te_attach_choose_tracking(const TeAttachment *old, TeGivenBool triggers, TeGivenBool replicated)
{
	TeTracking	tracking = old != NULL ? old->tracking : TE_TRACKED;

	if (triggers == TE_GIVEN_FALSE && replicated == TE_GIVEN_TRUE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameters \"triggers\" and \"replicated\" contradict each other"),
				 errdetail("With replicated => true there are triggers that fire for replicated changes, too."),
				 errhint("Omit one of them. Without triggers, sweeps find what is replicated.")));
	if (triggers == TE_GIVEN_FALSE)
		return TE_TRACKED_BY_SWEEP;
	if (replicated == TE_GIVEN_TRUE)
		return TE_TRACKED_ALWAYS;
	if ((triggers == TE_GIVEN_TRUE && tracking == TE_TRACKED_BY_SWEEP) ||
		(replicated == TE_GIVEN_FALSE && tracking == TE_TRACKED_ALWAYS))
		return TE_TRACKED;
	return tracking;
}

/* The triggers of a table with rows.  "number" is that of its attachment, if it is tracked in another way than before. */
static void
track_rows(Relation relation, int number, TeTriggerSet set, const TeMapping *mapping, TeTracking tracking)
{
	if (number != 0)
	{
		te_table_triggers_drop(RelationGetRelid(relation));
		te_swept_forget(number);
		te_swept_request(number);
	}
	if (tracking != TE_TRACKED_BY_SWEEP)
		te_table_triggers_create(relation, set, tracking == TE_TRACKED_ALWAYS, &mapping->key, mapping->path);
	else if (number != 0)
		te_inserted_ranges_forget(number);	/* a sweep finds these rows, which no state tells of */
}

/* Citus has triggers on shards only, where each node makes its own. */
static void
track_shards(const TeAttachment *old, const TeMapping *mapping, TeTracking tracking)
{
	ListCell   *cell;

	foreach(cell, te_attachment_members(old))
	{
		const TeAttachment *shard = lfirst(cell);
		Relation	relation = try_relation_open(shard->relation, ShareRowExclusiveLock);

		if (relation == NULL)
			continue;
		track_rows(relation, old->tracking != tracking ? shard->number : 0, TE_TRIGGERS_TABLE, mapping, tracking);
		relation_close(relation, NoLock);
	}
}

void
te_attach_track(Relation relation, const TeAttachment *old, const TeMapping *mapping, TeTracking tracking)
{
	bool		partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	bool		citus = te_citus_kind(RelationGetRelid(relation)) != TE_CITUS_NONE;
	TeArgs		args = {0};

	if (partitioned && tracking != TE_TRACKED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" can only be tracked by triggers", RelationGetRelationName(relation)),
				 errdetail("It is partitioned."),
				 errhint("Omit the parameters \"triggers\" and \"replicated\".")));
	if (citus && tracking == TE_TRACKED_ALWAYS)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" cannot be attached with replicated => true", RelationGetRelationName(relation)),
				 errdetail("It is a table of a Citus cluster, and logical replication does not write to the shards of such tables."),
				 errhint("Omit the parameter. What is written by way of Citus is noticed.")));
	te_arg(&args, OIDOID, ObjectIdGetDatum(RelationGetRelid(relation)));
	te_arg_text(&args, te_tracking_name(tracking));
	te_sql(psprintf("UPDATE %s SET tracking = $2 WHERE relation = $1 AND tracking <> $2", te_internal_name("thumbexif_attachment")), &args);
	if (!citus)
		track_rows(relation, old != NULL && old->tracking != tracking ? old->number : 0, partitioned ? TE_TRIGGERS_PARTITIONED : TE_TRIGGERS_TABLE, mapping, tracking);
	else if (old != NULL)
		track_shards(old, mapping, tracking);
}
