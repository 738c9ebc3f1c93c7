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
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "code_rights.h"

#define MAX_GUARDS	32			/* nested: a trigger may call thumbexif_process() */

typedef struct Guard
{
	int			nest_level;		/* transaction nest level at which it was begun */
	bool		foreign;		/* the table's owner lacks rights of the current user */
	int			entered;		/* nested calls of users' functions in it */
} Guard;

static Guard guards[MAX_GUARDS];
static int	nguards = 0;

static needs_fmgr_hook_type next_needs_hook = NULL;
static fmgr_hook_type next_fmgr_hook = NULL;
static object_access_hook_type next_access_hook = NULL;

/* --- calls of functions */

/*
 * ERROR unless the function's owner has all rights of "role", or the function is SECURITY
 * DEFINER.
 */
static void
check_function(Oid function, Oid role)
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

/*
 * A function has returned or thrown.  Guards above the one it was called in were begun by that
 * function, and have been ended by an ERROR.
 */
static void
leave_function(void)
{
	int			top = nguards;

	while (top > 0 && guards[top - 1].entered == 0)
		top--;
	if (top == 0)
		return;
	guards[top - 1].entered--;
	nguards = top;
}

static void
fmgr_call_hook(FmgrHookEventType event, FmgrInfo *info, Datum *private)
{
	if (nguards > 0 && info->fn_oid >= FirstNormalObjectId)
	{
		if (event == FHET_START)
		{
			if (guards[nguards - 1].entered == 0)
				check_function(info->fn_oid, GetUserId());
			guards[nguards - 1].entered++;
		}
		else
			leave_function();
	}
	if (next_fmgr_hook != NULL && (next_needs_hook == NULL || next_needs_hook(info->fn_oid)))
		next_fmgr_hook(event, info, private);
}

/* --- functions in expressions */

/*
 * May an expression of any role call this function?  It must neither change anything nor run a
 * statement.
 */
static bool
is_harmless(Oid function)
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
			return func_volatile(function) != PROVOLATILE_VOLATILE;
	}
}

/* Called when the executor prepares the call of a function in an expression. */
static void
access_hook(ObjectAccessType access, Oid class, Oid object, int column, void *arg)
{
	if (next_access_hook != NULL)
		next_access_hook(access, class, object, column, arg);
	if (access == OAT_FUNCTION_EXECUTE && nguards > 0 && guards[nguards - 1].foreign &&
		guards[nguards - 1].entered == 0 && !is_harmless(object))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function %s() may change something and must not run with the rights of role \"%s\"",
						get_func_name(object), GetUserNameFromId(GetUserId(), true)),
				 errdetail("A policy, a constraint or another expression of the table's owner calls it."),
				 errhint("Let the table's owner call thumbexif_process(), or take the function out of the expression.")));
}

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
}

void
te_code_rights_begin(bool foreign)
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
	guards[nguards].foreign = foreign;
	guards[nguards].entered = 0;
	nguards++;
}

void
te_code_rights_end(void)
{
	Assert(nguards > 0);
	nguards--;
}

/* --- definitions of a table */

static bool
is_harmful(Oid function, void *context)
{
	return !is_harmless(function);
}

static bool
calls_harmful(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, is_harmful, context) ||
		expression_tree_walker(node, calls_harmful, context);
}

static void
check_trigger(Relation relation, const Trigger *trigger, Oid role)
{
	if (trigger->tgisinternal || trigger->tgenabled == TRIGGER_DISABLED ||
		!TRIGGER_FOR_UPDATE(trigger->tgtype))
		return;
	check_function(trigger->tgfoid, role);
	if (trigger->tgqual != NULL && calls_harmful(stringToNode(trigger->tgqual), NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the WHEN condition of trigger \"%s\" on table \"%s\" calls a function that may change something",
						trigger->tgname, RelationGetRelationName(relation)),
				 errdetail("Any role that may create triggers on the table could run statements with the rights of role \"%s\".",
						   GetUserNameFromId(role, true)),
				 errhint("Move the condition into the trigger's function.")));
}

/*
 * ERROR if a domain, whose CHECK its owner can change, is owned by a role that lacks the
 * rights of "role".
 */
static void
check_domain(Relation relation, Oid type, Oid role)
{
	while (get_typtype(type) == TYPTYPE_DOMAIN)
	{
		HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
		Form_pg_type form;
		Oid			owner;
		Oid			base;

		if (!HeapTupleIsValid(tuple))
			return;
		form = (Form_pg_type) GETSTRUCT(tuple);
		owner = form->typowner;
		base = form->typbasetype;
		ReleaseSysCache(tuple);
		if (!has_privs_of_role(owner, role))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("a generated column of table \"%s\" is of a domain of role \"%s\", whose checks must not run with the rights of role \"%s\"",
							RelationGetRelationName(relation), GetUserNameFromId(owner, true), GetUserNameFromId(role, true)),
					 errhint("Let the table's owner own the domain.")));
		type = base;
	}
}

/*
 * ERROR if there is a rule, which runs its owner's statements as the user who writes to the
 * table.
 */
static void
check_rules(Relation relation, Oid role)
{
	RuleLock   *rules = relation->rd_rules;

	if (has_privs_of_role(relation->rd_rel->relowner, role))
		return;
	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		if (rules->rules[i]->event == CMD_UPDATE && rules->rules[i]->enabled != RULE_DISABLED)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("a rule of table \"%s\" must not run with the rights of role \"%s\"",
							RelationGetRelationName(relation), GetUserNameFromId(role, true)),
					 errhint("Let the table's owner call thumbexif_process(), or write a trigger instead of the rule.")));
}

void
te_code_rights_check_table(Oid relid, Oid role)
{
	Relation	relation = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = relation->trigdesc;
	TupleDesc	columns = RelationGetDescr(relation);

	check_rules(relation, role);
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		check_trigger(relation, &triggers->triggers[i], role);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (!column->attisdropped && column->attgenerated != '\0')
			check_domain(relation, column->atttypid, role);
	}
	relation_close(relation, AccessShareLock);
}
