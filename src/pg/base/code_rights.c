/*
 * code_rights.c
 *		Checks of the functions that run while a user's table is accessed.
 *
 * The function manager's hook checks each call of a function that is not built in: the
 * function's owner must have all rights of the current user.
 *
 * Built-in functions may be dangerous too if a user without these rights chose their
 * arguments: pg_read_file(), query_to_xml(), dblink_exec().  Therefore expressions of such
 * roles must not call volatile functions.  This concerns the WHEN condition of a trigger,
 * which a role with the TRIGGER privilege may have written and which is checked beforehand,
 * and all expressions of a table whose owner lacks the current user's rights.  The object
 * access hook checks the latter when the executor prepares them, including expressions of
 * policies, of subqueries in policies, and of constraints.
 *
 * A deferred trigger would run at the end of the transaction with the rights of the
 * committing role, and PostgreSQL refuses to queue it in a security-restricted operation.
 * Therefore deferrable triggers fire at the end of the statement that queues them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "code_rights.h"
#include "extension.h"

#define MAX_GUARDS	32			/* nested: a trigger may call thumbexif_process() */

typedef struct Guard
{
	int			nest_level;		/* transaction nest level at which it was begun */
	Oid			role;			/* with whose rights the table is accessed */
	bool		foreign;		/* the table's owner lacks rights of the current user */
	bool		every_function; /* also check the functions that a checked function calls */
	Oid			trusted_function;	/* checked function that is running, whose calls are not checked; or InvalidOid */
	int			depth;			/* nested calls of it */
} Guard;

static Guard guards[MAX_GUARDS];
static int	nguards = 0;

static needs_fmgr_hook_type next_needs_hook = NULL;
static fmgr_hook_type next_fmgr_hook = NULL;
static object_access_hook_type next_access_hook = NULL;
static ExecutorStart_hook_type next_start_hook = NULL;
static planner_hook_type next_planner_hook = NULL;

/* --- calls of functions */

void
te_code_rights_check_function(Oid function, Oid role)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	Oid			owner;
	bool		definer;

	if (!HeapTupleIsValid(tuple))
		return;					/* dropped concurrently: the call will fail */
	form = (Form_pg_proc) GETSTRUCT(tuple);
	owner = form->proowner;
	definer = form->prosecdef;
	ReleaseSysCache(tuple);
	if (definer || has_privs_of_role(owner, role))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("function %s() of role \"%s\" must not run with the rights of role \"%s\"",
					get_func_name(function), GetUserNameFromId(owner, true), GetUserNameFromId(role, true)),
			 errhint("Let the table's owner, or a superuser, own the function, or make it SECURITY DEFINER.")));
}

static bool
needs_hook(Oid function)
{
	if (nguards > 0 && function >= FirstNormalObjectId)
		return true;
	return next_needs_hook != NULL && next_needs_hook(function);
}

/* A function in C may call functions that its arguments determine, such as the checks of a domain: these are checked, too. */
static bool
is_in_c(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			language = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
		ReleaseSysCache(tuple);
	}
	return language == ClanguageId || language == INTERNALlanguageId;
}

static void
enter_function(Oid function)
{
	Guard	   *guard = &guards[nguards - 1];

	if (!OidIsValid(guard->trusted_function))
	{
		te_code_rights_check_function(function, GetUserId());
		if (!is_in_c(function))
			guard->trusted_function = function;
	}
	else if (guard->every_function)
		te_code_rights_check_function(function, GetUserId());
	if (guard->trusted_function == function)
		guard->depth++;
}

/*
 * A function has returned or thrown.  Guards above the one it was called in were begun by that
 * function, and have been ended by an ERROR.
 */
static void
leave_function(Oid function)
{
	int			top = nguards;

	while (top > 0 && !OidIsValid(guards[top - 1].trusted_function))
		top--;
	if (top == 0 || guards[top - 1].trusted_function != function)
		return;
	if (--guards[top - 1].depth == 0)
		guards[top - 1].trusted_function = InvalidOid;
	nguards = top;
}

/* Is there a guard, and no checked function running in it whose calls are not checked? */
static bool
is_guarded(void)
{
	return nguards > 0 && (!OidIsValid(guards[nguards - 1].trusted_function) || guards[nguards - 1].every_function);
}

static void
fmgr_call_hook(FmgrHookEventType event, FmgrInfo *info, Datum *private)
{
	if (nguards > 0 && info->fn_oid >= FirstNormalObjectId)
	{
		if (event == FHET_START)
			enter_function(info->fn_oid);
		else
			leave_function(info->fn_oid);
	}
	if (next_fmgr_hook != NULL && (next_needs_hook == NULL || next_needs_hook(info->fn_oid)))
		next_fmgr_hook(event, info, private);
}

/* --- functions in expressions */

/* Indexes on ranges call the difference function of the range type. */
void
te_code_rights_check_range(Oid type, Oid role)
{
	HeapTuple	tuple;
	Oid			range = get_base_element_type(type);
	Oid			difference;

	if (!OidIsValid(range))
		range = getBaseType(type);
	if (type_is_multirange(range))
		range = get_multirange_range(range);
	tuple = SearchSysCache1(RANGETYPE, ObjectIdGetDatum(range));
	if (!HeapTupleIsValid(tuple))
		return;
	difference = ((Form_pg_range) GETSTRUCT(tuple))->rngsubdiff;
	ReleaseSysCache(tuple);
	if (difference >= FirstNormalObjectId)
		te_code_rights_check_function(difference, role);
}

/* Functions of ours that are STABLE run statements with the current user's rights, or call what they are told to. */
static bool
runs_statements(Oid function)
{
	TeExtension extension;

	return function >= FirstNormalObjectId && te_extension_find(&extension) &&
		getExtensionOfObject(ProcedureRelationId, function) == extension.oid;
}

bool
te_code_rights_is_harmless(Oid function)
{
	switch (function)
	{
		case F_TABLE_TO_XML:
		case F_TABLE_TO_XMLSCHEMA:
		case F_TABLE_TO_XML_AND_XMLSCHEMA:
		case F_SCHEMA_TO_XML:
		case F_SCHEMA_TO_XMLSCHEMA:
		case F_SCHEMA_TO_XML_AND_XMLSCHEMA:
		case F_DATABASE_TO_XML:
		case F_DATABASE_TO_XMLSCHEMA:
		case F_DATABASE_TO_XML_AND_XMLSCHEMA:
			return false;
		case F_CLOCK_TIMESTAMP:
		case F_PG_TRIGGER_DEPTH:
			return true;
		default:
			break;
	}
	switch (func_volatile(function))
	{
		case PROVOLATILE_IMMUTABLE:
			return true;
		case PROVOLATILE_STABLE:
			return !runs_statements(function);
		default:
			return false;
	}
}

/*
 * May an expression that is prepared now be one of a table's owner who lacks rights of the current user?  A function that
 * runs as another role, being SECURITY DEFINER, has left the guarded role's rights behind.
 */
static bool
is_foreign_expression(void)
{
	const Guard *guard = &guards[nguards - 1];

	return is_guarded() && guard->foreign && (!OidIsValid(guard->trusted_function) || GetUserId() == guard->role);
}

/* Called when the executor prepares the call of a function in an expression. */
static void
access_hook(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (next_access_hook != NULL)
		next_access_hook(access, class, object, column, arg);
	if (access == OAT_FUNCTION_EXECUTE && is_foreign_expression() && !te_code_rights_is_harmless(object))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function %s() may change something and must not run with the rights of role \"%s\"",
						get_func_name(object), GetUserNameFromId(GetUserId(), true)),
				 errdetail("A policy, a constraint or another expression of the table's owner calls it, or a function does that such code calls."),
				 errhint("Let the table's owner call thumbexif_process(), take the function out of the expression, or make the function that calls it SECURITY DEFINER.")));
}

/* --- deferred triggers */

/*
 * Makes deferrable triggers, including those of foreign keys, fire at once, in the executor's
 * copy of the triggers.  SET CONSTRAINTS would also fire what the transaction has deferred
 * before, and would last until its end.
 */
static void
start_hook(QueryDesc *query, int flags)
{
	ListCell   *cell;

	if (next_start_hook != NULL)
		next_start_hook(query, flags);
	else
		standard_ExecutorStart(query, flags);
	if (nguards == 0)
		return;
	foreach(cell, query->estate->es_opened_result_relations)
	{
		TriggerDesc *triggers = ((ResultRelInfo *) lfirst(cell))->ri_TrigDesc;

		for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
			triggers->triggers[i].tgdeferrable = triggers->triggers[i].tginitdeferred = false;
	}
}

/* --- functions of ranges */

/*
 * The planner may call the difference function of a range type to see how many rows an operator finds.  If a session has
 * used the type before, it has cached that function, and the function manager's hook is not called.
 */
static bool
check_operators(Node *node, void *context)
{
	List	   *args = NIL;
	ListCell   *cell;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, check_operators, context, 0);
	if (IsA(node, OpExpr))
		args = ((OpExpr *) node)->args;
	else if (IsA(node, ScalarArrayOpExpr))
		args = ((ScalarArrayOpExpr *) node)->args;
	foreach(cell, args)
	{
		te_code_rights_check_range(exprType(lfirst(cell)), GetUserId());
		te_code_rights_check_range(exprType(strip_implicit_coercions(lfirst(cell))), GetUserId());
	}
	return expression_tree_walker(node, check_operators, context);
}

static PlannedStmt *
plan_hook(Query *query, const char *sql, int options, ParamListInfo params)
{
	if (is_guarded())
		(void) check_operators((Node *) query, NULL);
	return next_planner_hook != NULL ? next_planner_hook(query, sql, options, params) :
		standard_planner(query, sql, options, params);
}

/* --- guards */

/* Remove the guards of transactions that were rolled back. */
static void
discard_guards(int nest_level)
{
	while (nguards > 0 && guards[nguards - 1].nest_level >= nest_level)
		nguards--;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		nguards = 0;
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		discard_guards(GetCurrentTransactionNestLevel());
}

void
te_code_rights_install(void)
{
	next_needs_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_hook;
	next_fmgr_hook = fmgr_hook;
	fmgr_hook = fmgr_call_hook;
	next_access_hook = object_access_hook;
	object_access_hook = access_hook;
	next_start_hook = ExecutorStart_hook;
	ExecutorStart_hook = start_hook;
	next_planner_hook = planner_hook;
	planner_hook = plan_hook;
}

void
te_code_rights_begin(Oid role, bool foreign, bool every_function)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	if (nguards == MAX_GUARDS)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("triggers that call thumbexif are nested too deeply"),
				 errhint("A trigger must not process the assets of its own table.")));
	guards[nguards].nest_level = GetCurrentTransactionNestLevel();
	guards[nguards].role = role;
	guards[nguards].foreign = foreign;
	guards[nguards].every_function = every_function;
	guards[nguards].trusted_function = InvalidOid;
	guards[nguards].depth = 0;
	nguards++;
}

void
te_code_rights_end(void)
{
	Assert(nguards > 0);
	nguards--;
}
