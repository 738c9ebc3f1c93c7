/*
 * attach_tracking.c
 *		How changes of a table that is attached are noticed: by which triggers, or by sweeps alone.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/rel.h"

#include "attach_tracking.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/inserted_range.h"
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

void
te_attach_track(Relation relation, const TeAttachment *old, const TeMapping *mapping, TeTracking tracking)
{
	bool		changed = old != NULL && old->tracking != tracking;
	bool		partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	bool		citus = te_citus_kind(RelationGetRelid(relation)) != TE_CITUS_NONE;
	TeArgs		args = {0};

	if ((partitioned || citus) && tracking != TE_TRACKED)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" can only be tracked by triggers", RelationGetRelationName(relation)),
				 errdetail("It is %s.", citus ? "a table of a Citus cluster" : "partitioned"),
				 errhint("Omit the parameters \"triggers\" and \"replicated\".")));
	te_arg(&args, OIDOID, ObjectIdGetDatum(RelationGetRelid(relation)));
	te_arg_text(&args, te_tracking_name(tracking));
	te_sql(psprintf("UPDATE %s SET tracking = $2 WHERE relation = $1 AND tracking <> $2", te_internal_name("thumbexif_attachment")), &args);
	if (changed)
	{
		te_table_triggers_drop(RelationGetRelid(relation));
		te_swept_forget(old->number);
		te_swept_request(old->number);
	}
	/* Citus has triggers on shards only, where each node makes its own */
	if (tracking != TE_TRACKED_BY_SWEEP && !citus)
		te_table_triggers_create(relation, partitioned ? TE_TRIGGERS_PARTITIONED : TE_TRIGGERS_TABLE, tracking == TE_TRACKED_ALWAYS,
								 &mapping->key, mapping->path);
	else if (changed && !citus)
		te_inserted_ranges_forget(old->number); /* a sweep finds these rows, which no state tells of */
}
