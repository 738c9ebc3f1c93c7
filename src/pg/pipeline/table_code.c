/*
 * table_code.c
 *		Does writing to a user's table run code that its users wrote?
 *
 * Without such code, an UPDATE of many rows takes a known time, and nothing can happen between two rows.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/prs2lock.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"

#include "pg/base/extension.h"
#include "table_code.h"

/* Is it our own, whose condition, if it has one, compares key and path by built-in operators? */
static bool
is_ours(const Trigger *trigger)
{
	TeExtension extension;

	te_extension_get(&extension);
	return (strcmp(trigger->tgname, "thumbexif_update") == 0 || strcmp(trigger->tgname, "thumbexif_row_update") == 0 ||
			strcmp(trigger->tgname, "thumbexif_rows_end") == 0) &&
		get_func_namespace(trigger->tgfoid) == extension.schema;
}

/* The columns that we write. */
static Bitmapset *
written_columns(const TeAttachment *attachment)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (attachment->column[i] != NULL)
			columns = bms_add_member(columns, get_attnum(attachment->relation, attachment->column[i]) -
									 FirstLowInvalidHeapAttributeNumber);
	}
	return columns;
}

/* Is a column that we write part of a foreign key, or can one refer to it?  Otherwise foreign keys find that nothing has changed. */
static bool
has_written_keys(Relation relation, const TeAttachment *attachment)
{
	Bitmapset  *written = written_columns(attachment);
	ListCell   *cell;

	foreach(cell, RelationGetFKeyList(relation))
	{
		const ForeignKeyCacheInfo *key = lfirst(cell);

		for (int i = 0; i < key->nkeys; i++)
		{
			if (bms_is_member(key->conkey[i] - FirstLowInvalidHeapAttributeNumber, written))
				return true;
		}
	}
	return bms_overlap(RelationGetIndexAttrBitmap(relation, INDEX_ATTR_BITMAP_KEY), written);
}

static bool
has_triggers(Relation relation, const TeAttachment *attachment)
{
	const TriggerDesc *triggers = relation->trigdesc;
	bool		foreign_keys = false;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (!TRIGGER_FOR_UPDATE(trigger->tgtype) || trigger->tgenabled == TRIGGER_DISABLED || is_ours(trigger))
			continue;
		if (!trigger->tgisinternal)
			return true;
		foreign_keys = true;
	}
	return foreign_keys && has_written_keys(relation, attachment);
}

static bool
has_index_expressions(Relation relation)
{
	bool		found = false;
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(relation))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		found |= !heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) ||
			!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
		index_close(index, AccessShareLock);
	}
	return found;
}

/* Checks, generated columns, and types that bring code: domains with checks, types whose casts and functions are not built in. */
static bool
has_checks(Relation relation, const TeAttachment *attachment)
{
	const TupleConstr *constraints = RelationGetDescr(relation)->constr;

	if (constraints != NULL && (constraints->num_check > 0 || constraints->has_generated_stored))
		return true;
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (attachment->column[i] != NULL && attachment->type[i] >= FirstNormalObjectId)
			return true;
	}
	return false;
}

static bool
is_no_builtin(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
calls_no_builtin(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, is_no_builtin, context) || expression_tree_walker(node, calls_no_builtin, context);
}

/* Is a function called to see that a row belongs into this partition? */
static bool
has_partition_code(Relation relation)
{
	return relation->rd_rel->relispartition && calls_no_builtin((Node *) RelationGetPartitionQual(relation), NULL);
}

bool
te_table_runs_code(const TeAttachment *attachment)
{
	Relation	relation = relation_open(attachment->relation, AccessShareLock);
	bool		found = relation->rd_rules != NULL || relation->rd_rel->relrowsecurity ||
	has_checks(relation, attachment) || has_triggers(relation, attachment) || has_index_expressions(relation) || has_partition_code(relation);

	relation_close(relation, AccessShareLock);
	return found;
}
