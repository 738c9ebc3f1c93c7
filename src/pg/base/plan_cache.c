/*
 * plan_cache.c
 *		Cache of a session's plans.
 *
 * There are about ten plans for each attached table that the session uses.  The cache keeps
 * the most recently used plans, so memory does not grow with the number of tables, and frees
 * the plans of tables that are changed or dropped.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "plan_cache.h"
#include "plan_size.h"

#define MAX_PLANS		256		/* about 12 kB each */
#define PLAN_BUCKETS	64

typedef struct CachedPlanEntry
{
	dlist_node	node;			/* in its bucket */
	dlist_node	age;			/* in by_age */
	uint32		hash;
	char	   *sql;
	int			count;
	Oid		   *types;
	SPIPlanPtr	plan;
	Oid			relation;		/* user's table, or InvalidOid = the extension's tables */
	int			running;		/* nested executions: must not be freed */
	bool		changed;		/* the table was changed or dropped */
} CachedPlanEntry;

static dlist_head plans[PLAN_BUCKETS];
static dlist_head by_age = DLIST_STATIC_INIT(by_age);	/* most recently used first */
static int	nplans = 0;
static bool any_changed = false;
static bool registered = false; /* whether the callback is registered */

/* Relcache callback: a relation was changed or dropped, or with InvalidOid any relation. */
static void
relation_changed(Datum arg, Oid relation)
{
	dlist_iter	iter;

	dlist_foreach(iter, &by_age)
	{
		CachedPlanEntry *plan = dlist_container(CachedPlanEntry, age, iter.cur);

		if (OidIsValid(plan->relation) && (plan->relation == relation || !OidIsValid(relation)))
			plan->changed = any_changed = true;
	}
}

static void
free_plan(CachedPlanEntry *plan)
{
	dlist_delete(&plan->node);
	dlist_delete(&plan->age);
	nplans--;
	SPI_freeplan(plan->plan);
	pfree(plan->types);
	pfree(plan->sql);
	pfree(plan);
}

/* Free the plans of changed tables, which have to be made again or are no longer needed. */
static void
free_changed_plans(void)
{
	dlist_mutable_iter iter;

	any_changed = false;
	dlist_foreach_modify(iter, &by_age)
	{
		CachedPlanEntry *plan = dlist_container(CachedPlanEntry, age, iter.cur);

		if (plan->changed && plan->running == 0)
			free_plan(plan);
		else
			any_changed |= plan->changed;
	}
}

/* Free the least recently used plan if the cache is full. */
static void
free_oldest_plan(void)
{
	dlist_iter	iter;

	if (nplans < MAX_PLANS)
		return;
	dlist_reverse_foreach(iter, &by_age)
	{
		CachedPlanEntry *plan = dlist_container(CachedPlanEntry, age, iter.cur);

		if (plan->running == 0)
		{
			free_plan(plan);
			return;
		}
	}
}

/*
 * A plan for certain values of arrays would have a copy of them, made several times, and the first five executions would each
 * make one.
 */
static int
plan_options(const TeArgs *args)
{
	if (args->planned_for_them)
		return CURSOR_OPT_CUSTOM_PLAN;
	for (int i = 0; i < args->count; i++)
	{
		if (OidIsValid(get_element_type(args->types[i])))
			return CURSOR_OPT_GENERIC_PLAN;
	}
	return 0;
}

/* Prepare a statement and cache its plan.  Nothing is leaked if this throws. */
static CachedPlanEntry *
add_plan(uint32 hash, Oid relation, const char *sql, const TeArgs *args)
{
	SPIPlanPtr	prepared = SPI_prepare_cursor(sql, args->count, (Oid *) args->types, plan_options(args));
	MemoryContext caller;
	CachedPlanEntry *plan;

	if (prepared == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	if (!registered)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	registered = true;
	free_oldest_plan();

	caller = MemoryContextSwitchTo(TopMemoryContext);
	plan = palloc0(sizeof(CachedPlanEntry));
	plan->hash = hash;
	plan->sql = pstrdup(sql);
	plan->count = args->count;
	plan->types = palloc(sizeof(Oid) * Max(args->count, 1));
	memcpy(plan->types, args->types, sizeof(Oid) * args->count);
	plan->relation = relation;
	MemoryContextSwitchTo(caller);

	if (SPI_keepplan(prepared) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", sql);
	plan->plan = prepared;
	dlist_push_head(&plans[hash % PLAN_BUCKETS], &plan->node);
	dlist_push_head(&by_age, &plan->age);
	nplans++;
	return plan;
}

static CachedPlanEntry *
find_plan(Oid relation, const char *sql, const TeArgs *args)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));
	dlist_iter	iter;

	if (any_changed)
		free_changed_plans();
	dlist_foreach(iter, &plans[hash % PLAN_BUCKETS])
	{
		CachedPlanEntry *plan = dlist_container(CachedPlanEntry, node, iter.cur);

		if (plan->hash == hash && plan->relation == relation && plan->count == args->count &&
			memcmp(plan->types, args->types, sizeof(Oid) * args->count) == 0 &&
			strcmp(plan->sql, sql) == 0)
		{
			dlist_move_head(&by_age, &plan->age);
			return plan;
		}
	}
	return add_plan(hash, relation, sql, args);
}

/*
 * A statement that a rule has rewritten to nothing is not cached: its plan contains no table
 * whose change would invalidate it when the rule is dropped.
 */
uint64
te_plan_run(Oid relation, const char *sql, const TeArgs *args, bool read_only, DestReceiver *receiver)
{
	CachedPlanEntry *volatile plan = find_plan(relation, sql, args);
	volatile int result = 0;

	plan->running++;
	PG_TRY();
	{
		result = te_plan_size_execute_to(receiver, plan->plan, relation, (Datum *) args->values, args->nulls, read_only);
		if (result < 0)
			elog(ERROR, "could not run \"%s\": %s", plan->sql, SPI_result_code_string(result));
	}
	PG_FINALLY();
	{
		plan->running--;
	}
	PG_END_TRY();
	if (result == SPI_OK_REWRITTEN && plan->running == 0)
		free_plan(plan);
	return SPI_processed;
}
