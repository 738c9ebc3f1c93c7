/*
 * statement.c
 *		SQL statements with parameters and cached plans.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cursor_guard.h"
#include "extension.h"
#include "time_limit.h"
#include "plan_cache.h"
#include "plan_size.h"
#include "run_as.h"
#include "statement.h"

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
te_arg_int8_array(TeArgs *args, const int64 *values, int count)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		datums[i] = Int64GetDatum(values[i]);
	te_arg_array(args, INT8OID, datums, NULL, count);
	pfree(datums);
}

void
te_arg_array(TeArgs *args, Oid type, Datum *values, bool *nulls, int count)
{
	int			lower_bound = 1;
	int16		length;
	bool		by_value;
	char		align;
	Datum		array;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	array = PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower_bound, type, length, by_value, align));
	/* expanded, so that a subscript need not search for its value */
	te_arg(args, get_array_type(type), EOHPGetRODatum(DatumGetEOHP(expand_array(array, CurrentMemoryContext, NULL))));
	pfree(DatumGetPointer(array));
}

void
te_arg_text(TeArgs *args, const char *value)
{
	if (value == NULL)
		te_arg_null(args, TEXTOID);
	else
		te_arg(args, TEXTOID, CStringGetTextDatum(value));
}

/* --- checking which relations a statement uses */

typedef struct StatementTarget
{
	const char *sql;			/* statement being run, NULL = none */
	Oid			relation;		/* user's table, or InvalidOid = the extension's tables and catalogs */
	bool		read_only;		/* use the active snapshot, as a STABLE function does */
} StatementTarget;

static StatementTarget target;
static post_parse_analyze_hook_type next_analyze_hook = NULL;

static bool
is_target(Oid relation)
{
	TeExtension extension;

	if (OidIsValid(target.relation))
		return relation == target.relation;
	/* also catalogs that another extension has put beside those of PostgreSQL, as Citus does, which takes a superuser */
	return IsCatalogRelationOid(relation) || get_rel_namespace(relation) == PG_CATALOG_NAMESPACE ||
		(te_extension_find(&extension) && get_rel_namespace(relation) == extension.schema);
}

static bool
check_relations(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		if (entry->rtekind == RTE_RELATION && !is_target(entry->relid))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("relation \"%s\" is not the one that thumbexif works on",
							get_rel_name(entry->relid)),
					 errdetail("A schema or table was renamed after thumbexif had looked it up."),
					 errhint("Try again.")));
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, check_relations, context, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, check_relations, context);
}

/* Names have been resolved and planning has not begun, so no user's code has run. */
static void
analyze_hook(ParseState *state, Query *query, JumbleState *jumble)
{
	if (next_analyze_hook)
		next_analyze_hook(state, query, jumble);
	if (target.sql != NULL && state->p_sourcetext != NULL && strcmp(state->p_sourcetext, target.sql) == 0)
		(void) check_relations((Node *) query, NULL);
}

void
te_statement_install(void)
{
	next_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = analyze_hook;
	te_plan_size_install();
}

/* --- running */

#define MAX_COLUMNS	64

/* The row of the result whose columns were read last: a column behind NULLs is expensive to find on its own. */
static struct
{
	SPITupleTable *table;		/* NULL = none */
	int			row;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
} row_read;

static TupleTableSlot *row_given = NULL;	/* the row that TeArgs.each is called for */

typedef struct Receiver
{
	DestReceiver receiver;		/* must be first */
	const TeArgs *args;
	MemoryContext context;		/* of the caller */
} Receiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	MemoryContext executor = MemoryContextSwitchTo(receiver->context);

	slot_getallattrs(slot);
	row_given = slot;
	receiver->args->each(receiver->args->each_arg);
	row_given = NULL;
	MemoryContextSwitchTo(executor);
	return true;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
receiver_end(DestReceiver *self)
{
}

static uint64
run_checked(const char *sql, const TeArgs *args)
{
	MemoryContext caller = CurrentMemoryContext;	/* SPI switches to its own */
	bool		pushed = !ActiveSnapshotSet();
	uint64		count;
	Receiver	receiver = {
		.receiver = {receive_row, receiver_startup, receiver_end, receiver_end, DestNone},
		.args = args,
		.context = caller
	};

	if (pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	count = te_plan_run(target.relation, sql, args, target.read_only, args->each != NULL ? &receiver.receiver : NULL);
	if (pushed)
		PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
	return count;
}

/* The same, for a statement on one user's table or on the extension's tables. */
static uint64
run_on_relation(Oid relation, const char *sql, const TeArgs *args, bool read_only)
{
	StatementTarget outer = target;
	volatile uint64 count = 0;

	target.sql = sql;
	target.relation = relation;
	target.read_only = read_only;
	row_read.	table = NULL;

	row_given = NULL;

	PG_TRY();
	{
		count = run_checked(sql, args);
	}
	PG_FINALLY();
	{
		target = outer;
		row_given = NULL;
	}
	PG_END_TRY();
	return count;
}

uint64
te_sql(const char *sql, const TeArgs *args)
{
	return run_on_relation(InvalidOid, sql, args, false);
}

static uint64
run_as_extension(const char *sql, const TeArgs *args, bool read_only)
{
	TeRunAs		save;
	uint64		count;

	te_run_as_extension(&save);
	count = run_on_relation(InvalidOid, sql, args, read_only);
	te_run_as_end(&save);
	return count;
}

/* The same on a user's table, whose code must not access the session's cursors. */
static uint64
run_guarded(Oid relation, const char *sql, const TeArgs *args, bool read_only)
{
	List	   *cursors = te_cursor_guard_begin();
	uint64		count;

	PG_TRY();
	{
		count = run_on_relation(relation, sql, args, read_only);
	}
	PG_CATCH();
	{
		te_cursor_guard_forget(cursors);
		PG_RE_THROW();
	}
	PG_END_TRY();
	te_cursor_guard_end(cursors);
	return count;
}

uint64
te_sql_as_extension(const char *sql, const TeArgs *args)
{
	return run_as_extension(sql, args, false);
}

uint64
te_sql_read(const char *sql, const TeArgs *args)
{
	return run_as_extension(sql, args, true);
}

uint64
te_sql_as_owner(Oid relation, Oid owner, const char *search_path, const char *sql, const TeArgs *args)
{
	TeRunAs		save;
	volatile bool limited;
	volatile uint64 count = 0;

	te_run_as_owner(&save, owner, search_path);
	limited = te_time_limit_begin(0);
	PG_TRY();
	{
		count = run_guarded(relation, sql, args, false);
	}
	PG_FINALLY();
	{
		if (limited)
			te_time_limit_end();
	}
	PG_END_TRY();
	te_run_as_end(&save);
	return count;
}

static uint64
run_as_caller(Oid relation, const char *search_path, const char *sql, const TeArgs *args, bool read_only)
{
	TeRunAs		save;
	uint64		count;

	te_run_as_caller(&save, relation, search_path);
	count = run_guarded(relation, sql, args, read_only);
	te_run_as_end(&save);
	return count;
}

uint64
te_sql_as_caller(Oid relation, const char *search_path, const char *sql, const TeArgs *args)
{
	return run_as_caller(relation, search_path, sql, args, false);
}

uint64
te_sql_read_as_caller(Oid relation, const char *sql, const TeArgs *args)
{
	return run_as_caller(relation, NULL, sql, args, true);
}

void
te_set_index_only(void)
{
	static const char *const others[] = {"enable_seqscan", "enable_bitmapscan", "enable_sort"};

	for (int i = 0; i < (int) lengthof(others); i++)
		(void) set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static uint64
run_by_index(const char *sql, const TeArgs *args, bool read_only)
{
	int			level = NewGUCNestLevel();
	uint64		count;

	te_set_index_only();
	count = run_as_extension(sql, args, read_only);
	AtEOXact_GUC(false, level);
	return count;
}

uint64
te_sql_by_index(const char *sql, const TeArgs *args)
{
	return run_by_index(sql, args, false);
}

uint64
te_sql_read_by_index(const char *sql, const TeArgs *args)
{
	return run_by_index(sql, args, true);
}

static void
read_row(int row)
{
	if (row_read.table == SPI_tuptable && row_read.row == row)
		return;
	if (SPI_tuptable->tupdesc->natts > MAX_COLUMNS)
		elog(ERROR, "a statement returns more than %d columns", MAX_COLUMNS);
	heap_deform_tuple(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, row_read.values, row_read.nulls);
	row_read.	table = SPI_tuptable;
	row_read.	row = row;
}

bool
te_out_null(int row, int column)
{
	if (row_given != NULL)
		return row_given->tts_isnull[column - 1];
	read_row(row);
	return row_read.nulls[column - 1];
}

Datum
te_out(int row, int column)
{
	if (row_given != NULL)
		return row_given->tts_isnull[column - 1] ? (Datum) 0 : row_given->tts_values[column - 1];
	read_row(row);
	return row_read.nulls[column - 1] ? (Datum) 0 : row_read.values[column - 1];
}

Oid
te_out_type(int column)
{
	return SPI_gettypeid(row_given != NULL ? row_given->tts_tupleDescriptor : SPI_tuptable->tupdesc, column);
}

int64
te_out_int(int row, int column, int64 default_value)
{
	if (te_out_null(row, column))
		return default_value;
	switch (te_out_type(column))
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
	row_read.	table = NULL;

	SPI_freetuptable(SPI_tuptable);
	SPI_tuptable = NULL;
}
