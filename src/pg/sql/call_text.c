/*
 * call_text.c
 *		The text of the query of an SQL function, with its arguments, for tables whose rows are on several nodes.
 *
 * PostgreSQL's planner inlines such functions, but Citus looks for distributed tables before that, and refuses to plan what it then finds.
 * So functions are inlined here, as the planner does it, and Citus gets what results as an ordinary query.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/ruleutils.h"

#include "call_text.h"
#include "pg/catalog/citus.h"
#include "pg/compat.h"

/* Give the columns of a query the names that they had as those of a function, by which they are used. */
static void
name_columns(Query *query, const Alias *names)
{
	ListCell   *cell;
	int			i = 0;

	foreach(cell, query->targetList)
	{
		TargetEntry *target = lfirst(cell);

		if (!target->resjunk && i < list_length(names->colnames))
			target->resname = pstrdup(strVal(list_nth(names->colnames, i++)));
	}
}

/* Replace the functions in FROM by their queries, and theirs in turn. */
static bool
inline_functions(Node *node, void *context)
{
	PlannerInfo *root = context;
	Query	   *query;
	ListCell   *cell;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, inline_functions, context);
	query = (Query *) node;
	foreach(cell, query->rtable)
	{
		RangeTblEntry *entry = lfirst(cell);
		Query	   *of_function;

		if (entry->rtekind != RTE_FUNCTION)
			continue;
		entry->functions = (List *) eval_const_expressions(root, (Node *) entry->functions);	/* puts defaults in */
		of_function = inline_set_returning_function(root, entry);
		if (of_function == NULL)
			continue;
		name_columns(of_function, entry->eref);
		entry->rtekind = RTE_SUBQUERY;
		entry->subquery = of_function;
		entry->security_barrier = false;
		entry->functions = NIL;
		entry->funcordinality = false;
	}
	/* what is constant tells Citus which nodes have rows, and how many they may give */
	query->jointree->quals = estimate_expression_value(root, query->jointree->quals);
	query->limitCount = estimate_expression_value(root, query->limitCount);
	return query_tree_walker(query, inline_functions, context, 0);
}

static bool
reads_citus(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		return entry->rtekind == RTE_RELATION && te_citus_kind(entry->relid) != TE_CITUS_NONE;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, reads_citus, context, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, reads_citus, context);
}

char *
te_call_text(FuncExpr *call)
{
	PlannerInfo *root = makeNode(PlannerInfo);
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	RangeTblFunction *function = makeNode(RangeTblFunction);
	Query	   *query;

	root->glob = makeNode(PlannerGlobal);
	root->planner_cxt = CurrentMemoryContext;
	root->query_level = 1;
	function->funcexpr = (Node *) call;
	entry->rtekind = RTE_FUNCTION;
	entry->functions = list_make1(function);
	query = inline_set_returning_function(root, entry);
	if (query == NULL)
		return NULL;
	(void) inline_functions((Node *) query, root);
	return reads_citus((Node *) query, NULL) ? pg_get_querydef(query, false) : NULL;
}
