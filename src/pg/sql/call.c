/*
 * call.c
 *		SQL function thumbexif_call(): runs the query of an SQL function, planned for the arguments at hand.
 *
 * A search has many filters, of which a call gives a few: (camera IS NULL OR p.camera = camera) AND ...  A plan that must do for all arguments
 * can use no index for them.  PostgreSQL plans the query of an SQL function so when it is called with parameters of a
 * prepared statement or values of another row.  Here the arguments are constants to the planner: it inlines the function, drops the filters
 * that were not given, and estimates the others by their values.
 */
#include "postgres.h"

#include "access/tupconvert.h"
#include "catalog/pg_collation.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "call_text.h"
#include "pg/catalog/citus.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_call);

#define FIRST_ARGUMENT 2		/* after the type of the result and the function */

typedef struct Call
{
	Oid			function;
	Oid			types[FUNC_MAX_ARGS];
	Datum		values[FUNC_MAX_ARGS];
	char		nulls[FUNC_MAX_ARGS];
	int			count;
} Call;

pg_noreturn static void
throw_mismatch(Oid function)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("arguments or result do not fit function %s", format_procedure(function)),
			 errhint("Give an argument of the very type for each of its parameters, and NULL of the type that it returns.")));
}

static void
read_arguments(FunctionCallInfo fcinfo, Call *call)
{
	Oid		   *types;
	int			count;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the function to call must not be NULL"),
				 errhint("Name a function that returns a set.")));
	call->function = PG_GETARG_OID(1);
	if (!SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(call->function)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function with OID %u does not exist", call->function),
				 errhint("Name a function that returns a set.")));
	if (get_func_signature(call->function, &types, &count) != get_fn_expr_rettype(fcinfo->flinfo) ||
		count != PG_NARGS() - FIRST_ARGUMENT || !get_func_retset(call->function))
		throw_mismatch(call->function);
	for (int i = 0; i < count; i++)
	{
		call->types[i] = get_fn_expr_argtype(fcinfo->flinfo, FIRST_ARGUMENT + i);
		if (call->types[i] != types[i])
			throw_mismatch(call->function);
		call->nulls[i] = PG_ARGISNULL(FIRST_ARGUMENT + i) ? 'n' : ' ';
		call->values[i] = PG_GETARG_DATUM(FIRST_ARGUMENT + i);
	}
	call->count = count;
}

static char *
query_of(const Call *call)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT * FROM %s(",
					 quote_qualified_identifier(get_namespace_name(get_func_namespace(call->function)), get_func_name(call->function)));
	for (int i = 0; i < call->count; i++)
		appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/*
 * Put the rows of the query into the result.  What the caller expects may differ from them: a list of columns that was given for
 * type record, or a table's type with columns that have been dropped.
 */
static void
put_rows(ReturnSetInfo *result)
{
	TupleConversionMap *map = convert_tuples_by_position(SPI_tuptable->tupdesc, result->setDesc,
														 "arguments or result do not fit the function");

	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];

		if (map == NULL)
			tuplestore_puttuple(result->setResult, row);
		else
		{
			row = execute_attr_map_tuple(row, map);
			tuplestore_puttuple(result->setResult, row);
			heap_freetuple(row);
		}
	}
}

/* The call as an expression. */
static FuncExpr *
expression_of(const Call *call, Oid result)
{
	List	   *arguments = NIL;
	FuncExpr   *expression;

	for (int i = 0; i < call->count; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(call->types[i], &length, &by_value);
		arguments = lappend(arguments, makeConst(call->types[i], -1, get_typcollation(call->types[i]), length,
												 call->values[i], call->nulls[i] == 'n', by_value));
	}
	expression = makeFuncExpr(call->function, result, arguments, InvalidOid, DEFAULT_COLLATION_OID, COERCE_EXPLICIT_CALL);
	expression->funcretset = true;
	return expression;
}

/* Until the GUC nest level ends: with these settings constants in a text are read, here and on other nodes, as what they were. */
static void
set_option(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* Run the query if it is one for Citus, and return SPI's code; otherwise 0. */
static int
run_distributed(const Call *call, Oid result)
{
	int			code = 0;
	int			level;
	char	   *text;

	if (!te_citus_is_installed())
		return 0;
	level = NewGUCNestLevel();
	RestrictSearchPath();		/* under which names in the text are bound as they were */
	set_option("DateStyle", "ISO");
	set_option("IntervalStyle", "postgres");
	set_option("extra_float_digits", "3");
	text = te_call_text(expression_of(call, result));
	if (text != NULL)
		code = SPI_execute(text, true, 0);
	AtEOXact_GUC(false, level);
	return code;
}

/* thumbexif_call(result anyelement, function regproc, VARIADIC arguments "any") RETURNS SETOF anyelement */
Datum
thumbexif_call(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Call		call;
	int			code;

	read_arguments(fcinfo, &call);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	code = run_distributed(&call, get_fn_expr_rettype(fcinfo->flinfo));
	/* a statement that is run once is always planned for its parameters */
	if (code == 0)
		code = SPI_execute_with_args(query_of(&call), call.count, call.types, call.values, call.nulls, true, 0);
	if (code != SPI_OK_SELECT)
		elog(ERROR, "could not call function %u", call.function);
	put_rows(result);
	SPI_finish();
	return (Datum) 0;
}
