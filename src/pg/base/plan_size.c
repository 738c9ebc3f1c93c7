/*
 * plan_size.c
 *		Lets the planner assume that our tables, and users' tables when we read them, are large.
 */
#include "postgres.h"

#include "access/transam.h"
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"

#include "extension.h"
#include "plan_size.h"

/*
 * With so many rows it is cheaper to look each key of a batch up than to read the table.  Not more, so that a statement
 * that does read all of it costs less than jit_above_cost.
 */
#define MIN_ROWS	1000000
#define MIN_PAGES	25000
#define INDEX_ROWS_PER_PAGE	300

Oid			te_plan_size_relation = InvalidOid;

static get_relation_info_hook_type next_hook = NULL;

static bool
is_large(Oid relation)
{
	if (relation < FirstNormalObjectId)
		return false;
	if (relation == te_plan_size_relation)
		return true;
	return OidIsValid(te_extension_known_schema()) && get_rel_namespace(relation) == te_extension_known_schema();
}

static void
relation_info(PlannerInfo *root, Oid relation, bool inhparent, RelOptInfo *info)
{
	ListCell   *cell;

	if (next_hook)
		next_hook(root, relation, inhparent, info);
	if (inhparent || info->tuples >= MIN_ROWS || !is_large(relation))
		return;
	info->tuples = MIN_ROWS;
	info->pages = Max(info->pages, MIN_PAGES);
	foreach(cell, info->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->indpred != NIL)
			continue;			/* has few rows, which is why it exists */
		index->tuples = MIN_ROWS;
		index->pages = Max(index->pages, MIN_ROWS / INDEX_ROWS_PER_PAGE);
	}
}

void
te_plan_size_install(void)
{
	next_hook = get_relation_info_hook;
	get_relation_info_hook = relation_info;
}
