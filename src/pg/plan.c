/*
 * plan.c
 *		The plans of SQL statements that a session keeps.
 *
 * There are about ten plans for each attached table that the session meets.  Those that were used
 * last are kept, so that memory does not grow with the number of tables; those
 * of a table that was changed or dropped are freed.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "plan.h"

#define MAX_PLANS		256		/* kept, at some 12 kB each */
#define PLAN_BUCKETS	64

typedef struct KeptPlan
{
	dlist_node	node;			/* in its bucket */
	dlist_node	age;			/* in by_age */
	uint32		hash;
	char	   *sql;
	int			count;
	Oid		   *types;
	SPIPlanPtr	plan;
	Oid			relation;		/* the user's table it is on; InvalidOid = on ours */
	int			running;		/* executions, one inside the other: not to be freed */
	bool		changed;		/* the table was changed or dropped */
} KeptPlan;

static dlist_head plans[PLAN_BUCKETS];
static dlist_head by_age = DLIST_STATIC_INIT(by_age);	/* the last used one first */
static int	nplans = 0;
static bool any_changed = false;
static bool registered = false; /* the callback below */

/* A relation was changed or dropped, or (InvalidOid) any may have been. */
static void
relation_changed(Datum arg, Oid relation)
{
	dlist_iter	iter;

	dlist_foreach(iter, &by_age)
	{
		KeptPlan   *plan = dlist_container(KeptPlan, age, iter.cur);

		if (OidIsValid(plan->relation) && (plan->relation == relation || !OidIsValid(relation)))
			plan->changed = any_changed = true;
	}
}

static void
forget_plan(KeptPlan *plan)
{
	dlist_delete(&plan->node);
	dlist_delete(&plan->age);
	nplans--;
	SPI_freeplan(plan->plan);
	pfree(plan->types);
	pfree(plan->sql);
	pfree(plan);
}

/* Those of tables that were changed, which would have to be planned anew anyway, or would never be needed again. */
static void
forget_changed(void)
{
	dlist_mutable_iter iter;

	any_changed = false;
	dlist_foreach_modify(iter, &by_age)
	{
		KeptPlan   *plan = dlist_container(KeptPlan, age, iter.cur);

		if (plan->changed && plan->running == 0)
			forget_plan(plan);
		else
			any_changed |= plan->changed;
	}
}

/* Make room for one more. */
static void
forget_oldest(void)
{
	dlist_iter	iter;

	if (nplans < MAX_PLANS)
		return;
	dlist_reverse_foreach(iter, &by_age)
	{
		KeptPlan   *plan = dlist_container(KeptPlan, age, iter.cur);

		if (plan->running == 0)
		{
			forget_plan(plan);
			return;
		}
	}
}

/* Plan a statement and keep it.  Nothing of ours is leaked if planning throws. */
static KeptPlan *
keep_plan(uint32 hash, Oid relation, const char *sql, const TeArgs *args)
{
	SPIPlanPtr	prepared = SPI_prepare(sql, args->count, (Oid *) args->types);
	MemoryContext caller;
	KeptPlan   *plan;

	if (prepared == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	if (!registered)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	registered = true;
	forget_oldest();

	caller = MemoryContextSwitchTo(TopMemoryContext);
	plan = palloc0(sizeof(KeptPlan));
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

static KeptPlan *
find_plan(Oid relation, const char *sql, const TeArgs *args)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));
	dlist_iter	iter;

	if (any_changed)
		forget_changed();
	dlist_foreach(iter, &plans[hash % PLAN_BUCKETS])
	{
		KeptPlan   *plan = dlist_container(KeptPlan, node, iter.cur);

		if (plan->hash == hash && plan->relation == relation && plan->count == args->count &&
			memcmp(plan->types, args->types, sizeof(Oid) * args->count) == 0 &&
			strcmp(plan->sql, sql) == 0)
		{
			dlist_move_head(&by_age, &plan->age);
			return plan;
		}
	}
	return keep_plan(hash, relation, sql, args);
}

/*
 * A plan that a rule has made nothing of is not kept: it would stay so when the rule has
 * gone, for no table is left in it whose change could make it invalid.
 */
uint64
te_plan_run(Oid relation, const char *sql, const TeArgs *args)
{
	KeptPlan   *volatile plan = find_plan(relation, sql, args);
	volatile int result = 0;

	plan->running++;
	PG_TRY();
	{
		result = SPI_execute_plan(plan->plan, (Datum *) args->values, args->nulls, false, 0);
		if (result < 0)
			elog(ERROR, "could not run \"%s\": %s", plan->sql, SPI_result_code_string(result));
	}
	PG_FINALLY();
	{
		plan->running--;
	}
	PG_END_TRY();
	if (result == SPI_OK_REWRITTEN && plan->running == 0)
		forget_plan(plan);
	return SPI_processed;
}
