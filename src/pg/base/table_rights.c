/*
 * table_rights.c
 *		Checks of a table's triggers, rules and types (code_rights.h).
 *
 * These checks are made before the table is written to.  They are needed because the function
 * manager's hook is not always called: PostgreSQL caches some functions for the rest of the
 * session, and calls functions that it looked up without a guard without the hook.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteDefine.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "code_rights.h"

static bool
is_harmful(Oid function, void *context)
{
	return !te_code_rights_is_harmless(function);
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
check_trigger(Relation relation, CmdType command, const Trigger *trigger, Oid role)
{
	if (trigger->tgisinternal || trigger->tgenabled == TRIGGER_DISABLED ||
		!(command == CMD_INSERT ? TRIGGER_FOR_INSERT(trigger->tgtype) : TRIGGER_FOR_UPDATE(trigger->tgtype)))
		return;
	te_code_rights_check_function(trigger->tgfoid, role);
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
					 errmsg("a column of table \"%s\" is of a domain of role \"%s\", whose checks must not run with the rights of role \"%s\"",
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
check_rules(Relation relation, CmdType command, Oid role)
{
	RuleLock   *rules = relation->rd_rules;

	if (has_privs_of_role(relation->rd_rel->relowner, role))
		return;
	for (int i = 0; rules != NULL && i < rules->numLocks; i++)
		if (rules->rules[i]->event == command && rules->rules[i]->enabled != RULE_DISABLED)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("a rule of table \"%s\" must not run with the rights of role \"%s\"",
							RelationGetRelationName(relation), GetUserNameFromId(role, true)),
					 errhint("Let the table's owner call thumbexif_process(), or write a trigger instead of the rule.")));
}

static void
check_columns(Relation relation, Oid role)
{
	TupleDesc	columns = RelationGetDescr(relation);

	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (column->attisdropped)
			continue;
		if (relation->rd_rel->relkind != RELKIND_INDEX)
			check_domain(relation, column->atttypid, role);
		te_code_rights_check_range(column->atttypid, role);
	}
}

/* Expressions may have types that no column has. */
static void
check_indexes(Relation relation, Oid role)
{
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(relation))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		check_columns(index, role);
		index_close(index, AccessShareLock);
	}
}

/* Must a column's value be cast to compare it with the referenced key? */
static void
check_foreign_keys(Relation relation, Oid role)
{
	ListCell   *cell;

	foreach(cell, RelationGetFKeyList(relation))
	{
		const ForeignKeyCacheInfo *key = lfirst(cell);

		for (int i = 0; i < key->nkeys; i++)
		{
			Oid			type = TupleDescAttr(RelationGetDescr(relation), key->conkey[i] - 1)->atttypid;
			Oid			left;
			Oid			right;
			Oid			function;

			op_input_types(key->conpfeqop[i], &left, &right);
			if (right != type && find_coercion_pathway(right, type, COERCION_IMPLICIT, &function) == COERCION_PATH_FUNC &&
				function >= FirstNormalObjectId)
				te_code_rights_check_function(function, role);
		}
	}
}

void
te_code_rights_check_table(Oid relid, CmdType command, Oid role)
{
	Relation	relation = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = relation->trigdesc;

	check_rules(relation, command, role);
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		check_trigger(relation, command, &triggers->triggers[i], role);
	check_columns(relation, role);
	check_indexes(relation, role);
	check_foreign_keys(relation, role);
	relation_close(relation, AccessShareLock);
}
