/*
 * statement.c
 *		SQL statements with parameters, planned once in a session.
 *
 * The plans live until the session ends; PostgreSQL itself plans anew what a
 * change of a table has made invalid.  There are about a dozen for each
 * attached table that the session meets.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "run_as.h"
#include "statement.h"

typedef struct KeptPlan
{
	uint32		hash;
	char	   *sql;
	int			count;
	Oid		   *types;
	SPIPlanPtr	plan;
	struct KeptPlan *next;
} KeptPlan;

#define PLAN_BUCKETS 64
static KeptPlan *plans[PLAN_BUCKETS];

void
te_arg(TeArgs *args, Oid type, Datum value)
{
	Assert(args->count < TE_MAX_ARGS);
	args->types[args->count] = type;
	args->values[args->count] = value;
	args->nulls[args->count] = ' ';
	args->count++;
}

void
te_arg_null(TeArgs *args, Oid type)
{
	te_arg(args, type, (Datum) 0);
	args->nulls[args->count - 1] = 'n';
}

void
te_arg_int4(TeArgs *args, int32 value)
{
	te_arg(args, INT4OID, Int32GetDatum(value));
}

void
te_arg_int8(TeArgs *args, int64 value)
{
	te_arg(args, INT8OID, Int64GetDatum(value));
}

void
te_arg_text(TeArgs *args, const char *value)
{
	if (value == NULL)
		te_arg_null(args, TEXTOID);
	else
		te_arg(args, TEXTOID, CStringGetTextDatum(value));
}

/* Plan a statement and keep it.  Nothing of ours is leaked if planning throws. */
static KeptPlan *
keep_plan(uint32 hash, const char *sql, const TeArgs *args)
{
	SPIPlanPtr	prepared = SPI_prepare(sql, args->count, (Oid *) args->types);
	MemoryContext caller;
	KeptPlan	   *plan;

	if (prepared == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));

	caller = MemoryContextSwitchTo(TopMemoryContext);
	plan = palloc0(sizeof(KeptPlan));
	plan->hash = hash;
	plan->sql = pstrdup(sql);
	plan->count = args->count;
	plan->types = palloc(sizeof(Oid) * Max(args->count, 1));
	memcpy(plan->types, args->types, sizeof(Oid) * args->count);
	MemoryContextSwitchTo(caller);

	if (SPI_keepplan(prepared) != 0)
		elog(ERROR, "could not keep the plan of \"%s\"", sql);
	plan->plan = prepared;
	plan->next = plans[hash % PLAN_BUCKETS];
	plans[hash % PLAN_BUCKETS] = plan;
	return plan;
}

static KeptPlan *
find_plan(const char *sql, const TeArgs *args)
{
	uint32		hash = hash_bytes((const unsigned char *) sql, strlen(sql));

	for (KeptPlan *plan = plans[hash % PLAN_BUCKETS]; plan != NULL; plan = plan->next)
	{
		if (plan->hash == hash && plan->count == args->count &&
			memcmp(plan->types, args->types, sizeof(Oid) * args->count) == 0 &&
			strcmp(plan->sql, sql) == 0)
			return plan;
	}
	return keep_plan(hash, sql, args);
}

/*
 * Keep a plan no longer.  One that a rule has made nothing of would stay so when the rule
 * has gone: no table is left in it whose change could make it invalid.
 */
static void
forget_plan(KeptPlan *plan)
{
	KeptPlan  **link = &plans[plan->hash % PLAN_BUCKETS];

	while (*link != plan)
		link = &(*link)->next;
	*link = plan->next;
	SPI_freeplan(plan->plan);
	pfree(plan->types);
	pfree(plan->sql);
	pfree(plan);
}

uint64
te_sql(const char *sql, const TeArgs *args)
{
	MemoryContext caller = CurrentMemoryContext;	/* SPI leaves us in its own */
	bool		pushed = !ActiveSnapshotSet();
	KeptPlan   *plan;
	int			result;

	if (pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	plan = find_plan(sql, args);
	result = SPI_execute_plan(plan->plan, (Datum *) args->values, args->nulls, false, 0);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
	if (result == SPI_OK_REWRITTEN)
		forget_plan(plan);
	if (pushed)
		PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	return SPI_processed;
}

uint64
te_sql_as_extension(const char *sql, const TeArgs *args)
{
	TeRunAs		save;
	uint64		count;

	te_run_as_extension(&save);
	count = te_sql(sql, args);
	te_run_as_end(&save);
	return count;
}

uint64
te_sql_as_owner(Oid owner, const char *sql, const TeArgs *args)
{
	TeRunAs		save;
	uint64		count;

	te_run_as_owner(&save, owner);
	count = te_sql(sql, args);
	te_run_as_end(&save);
	return count;
}

uint64
te_sql_by_index(const char *sql, const TeArgs *args)
{
	int			level = NewGUCNestLevel();
	uint64		count;

	(void) set_config_option("enable_seqscan", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_bitmapscan", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("enable_sort", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	count = te_sql_as_extension(sql, args);
	AtEOXact_GUC(false, level);
	return count;
}

bool
te_out_null(int row, int column)
{
	bool		isnull;

	(void) SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	return isnull;
}

Datum
te_out(int row, int column)
{
	bool		isnull;

	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
}

int64
te_out_int(int row, int column, int64 otherwise)
{
	if (te_out_null(row, column))
		return otherwise;
	switch (SPI_gettypeid(SPI_tuptable->tupdesc, column))
	{
		case INT2OID:
			return DatumGetInt16(te_out(row, column));
		case INT4OID:
			return DatumGetInt32(te_out(row, column));
		default:
			return DatumGetInt64(te_out(row, column));
	}
}

char *
te_out_text(int row, int column)
{
	if (te_out_null(row, column))
		return NULL;
	return TextDatumGetCString(te_out(row, column));
}

void
te_sql_free(void)
{
	SPI_freetuptable(SPI_tuptable);
	SPI_tuptable = NULL;
}
