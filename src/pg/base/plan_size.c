/*
 * plan_size.c
 *		Lets the planner assume that our tables, and users' tables when we read them, are large.
 */
#include "postgres.h"

#include "access/transam.h"
#include "jit/jit.h"
#include "nodes/pathnodes.h"
#include "optimizer/plancat.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/selfuncs.h"

#include "extension.h"
#include "plan_size.h"

/*
 * With so many rows it is cheaper to look each key of a batch up than to read the table, or in a state table the states of
 * one attachment.  Of a user's key of several columns, the last one is taken for unique: the planner knows nothing of several columns
 * together, and little of each before the first ANALYZE, and so expects many rows for a key.  Statistics of our tables are not used, since they know nothing of a table attached after they were
 * made; so the planner takes an attachment for one of 200, and a key for unique.
 */
#define MIN_ROWS		1000000.0
#define MIN_STATES		(200 * MIN_ROWS)
#define ROWS_PER_PAGE	40
#define ROWS_PER_INDEX_PAGE	300

/* A statement of ours. */
typedef struct Statement
{
	const char *sql;			/* the very string of its plan; NULL = none */
	Oid			relation;		/* the user's table that it accesses, or InvalidOid = our tables */
} Statement;

static Statement executed = {NULL, InvalidOid}; /* the innermost one */
static Statement planned = {NULL, InvalidOid};	/* none while a statement of others is planned */
static planner_hook_type next_planner = NULL;
static get_relation_info_hook_type next_hook = NULL;
static get_relation_stats_hook_type next_stats_hook = NULL;

/* As SPI_execute_plan(), with the rows to a receiver. */
static int
execute_to(DestReceiver *receiver, SPIPlanPtr plan, Datum *values, const char *nulls, bool read_only)
{
	int			count = SPI_getargcount(plan);
	SPIExecuteOptions options = {.params = count > 0 ? makeParamList(count) : NULL, .read_only = read_only, .dest = receiver};

	for (int i = 0; i < count; i++)
	{
		ParamExternData *param = &options.params->params[i];

		param->value = values[i];
		param->isnull = nulls[i] == 'n';
		param->pflags = PARAM_FLAG_CONST;
		param->ptype = SPI_getargtypeid(plan, i);
	}
	return SPI_execute_plan_extended(plan, &options);
}

int
te_plan_size_execute(SPIPlanPtr plan, Oid relation, Datum *values, const char *nulls, bool read_only)
{
	return te_plan_size_execute_to(NULL, plan, relation, values, nulls, read_only);
}

int
te_plan_size_execute_to(DestReceiver *receiver, SPIPlanPtr plan, Oid relation,
						Datum *values, const char *nulls, bool read_only)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(plan));
	Statement	outer = executed;
	volatile int result = 0;

	executed.sql = source->query_string;
	executed.relation = relation;
	PG_TRY();
	{
		result = receiver != NULL ? execute_to(receiver, plan, values, nulls, read_only) :
			SPI_execute_plan(plan, values, nulls, read_only, 0);
	}
	PG_FINALLY();
	{
		executed = outer;
	}
	PG_END_TRY();
	return result;
}

/* Planning may call functions, which run statements of others that are planned meanwhile. */
static PlannedStmt *
plan_statement(Query *query, const char *sql, int options, ParamListInfo params)
{
	static const Statement none = {NULL, InvalidOid};
	Statement	outer = planned;
	PlannedStmt *volatile result = NULL;

	if (executed.sql == NULL)	/* nothing of ours runs: users' statements pay nothing */
		return next_planner != NULL ? next_planner(query, sql, options, params) :
			standard_planner(query, sql, options, params);
	planned = sql != NULL && sql == executed.sql ? executed : none;
	PG_TRY();
	{
		result = next_planner != NULL ? next_planner(query, sql, options, params) :
			standard_planner(query, sql, options, params);
		if (planned.sql != NULL)
			result->jitFlags = PGJIT_NONE;	/* it looks more expensive than it is */
	}
	PG_FINALLY();
	{
		planned = outer;
	}
	PG_END_TRY();
	return result;
}

/* Is it one of our tables, in a statement of ours? */
static bool
is_ours(Oid relation)
{
	TeExtension extension;

	return planned.sql != NULL && !OidIsValid(planned.relation) && relation >= FirstNormalObjectId &&
		te_extension_find(&extension) && get_rel_namespace(relation) == extension.schema;
}

/* Is it the user's table that a statement of ours accesses, or a partition of it? */
static bool
is_users(PlannerInfo *root, const RelOptInfo *rel)
{
	int			top = rel->top_parent_relids != NULL ? bms_singleton_member(rel->top_parent_relids) : (int) rel->relid;

	return planned.sql != NULL && OidIsValid(planned.relation) && planner_rt_fetch(top, root)->relid == planned.relation;
}

/* Is it a relation of this query?  The statistics of a column of a subquery are asked for with the subquery's "root", but the relation outside. */
static bool
is_relation_of(PlannerInfo *root, const RelOptInfo *rel)
{
	return rel != NULL && rel->relid < (Index) root->simple_rel_array_size && root->simple_rel_array[rel->relid] == rel;
}

/* The least rows that are assumed for a table; 0 = what it has. */
static double
least_rows(PlannerInfo *root, const RelOptInfo *rel, Oid relation)
{
	if (is_users(root, rel))
		return MIN_ROWS;
	return is_ours(relation) ? MIN_STATES : 0;
}

static void
relation_info(PlannerInfo *root, Oid relation, bool inhparent, RelOptInfo *info)
{
	double		rows;
	ListCell   *cell;

	if (next_hook)
		next_hook(root, relation, inhparent, info);
	rows = inhparent ? 0 : least_rows(root, info, relation);
	if (info->tuples >= rows)
		return;
	info->tuples = rows;
	info->pages = Max(info->pages, (BlockNumber) (rows / ROWS_PER_PAGE));
	foreach(cell, info->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->indpred != NIL)
			continue;			/* has few rows, which is why it exists */
		index->tuples = rows;
		index->pages = Max(index->pages, (BlockNumber) (rows / ROWS_PER_INDEX_PAGE));
	}
}

/* Is it the last column of a unique index on several?  Statements of ours that compare it compare the others, too. */
static bool
ends_unique_index(const RelOptInfo *rel, AttrNumber column)
{
	ListCell   *cell;

	foreach(cell, rel->indexlist)
	{
		const IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->unique && index->immediate && index->indpred == NIL && index->nkeycolumns > 1 &&
			index->indexkeys[index->nkeycolumns - 1] == column)
			return true;
	}
	return false;
}

static bool
relation_stats(PlannerInfo *root, RangeTblEntry *entry, AttrNumber column, VariableStatData *data)
{
	if (entry->rtekind == RTE_RELATION && is_ours(entry->relid))
	{
		char	   *name = get_attname(entry->relid, column, true);

		data->statsTuple = NULL;
		data->isunique |= name != NULL && strcmp(name, "id") == 0;
		return true;
	}
	if (entry->rtekind == RTE_RELATION && is_relation_of(root, data->rel) && is_users(root, data->rel))
		data->isunique |= ends_unique_index(data->rel, column);
	return next_stats_hook != NULL && next_stats_hook(root, entry, column, data);
}

void
te_plan_size_install(void)
{
	next_planner = planner_hook;
	planner_hook = plan_statement;
	next_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = relation_stats;
	next_hook = get_relation_info_hook;
	get_relation_info_hook = relation_info;
}
