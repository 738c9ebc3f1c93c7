/*
 * member.c
 *		Members of attached tables: the tables that have the rows of one that has none itself.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

#include "citus.h"
#include "member.h"
#include "pg/base/extension.h"
#include "pg/compat.h"

/* The leaves of a partitioned table. */
static List *
leaves(Oid relation)
{
	List	   *all = find_all_inheritors(relation, NoLock, NULL);
	List	   *found = NIL;
	ListCell   *cell;

	foreach(cell, all)
	{
		char		kind = get_rel_relkind(lfirst_oid(cell));

		if (kind != '\0' && kind != RELKIND_PARTITIONED_TABLE)
			found = lappend_oid(found, lfirst_oid(cell));
	}
	list_free(all);
	return found;
}

List *
te_member_relations(const TeAttachment *parent)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *found = NIL;
	ListCell   *cell;

	if (te_citus_kind(parent->relation) == TE_CITUS_NONE)
		return leaves(parent->relation);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	MemoryContextSwitchTo(caller);
	foreach(cell, te_citus_local_shards(parent->relation))
		found = lappend_oid(found, ((TeCitusShard *) lfirst(cell))->relation);
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return found;
}

List *
te_member_tables(TeAttachment *attachment)
{
	return attachment->has_members ? te_attachment_members(attachment) : list_make1(attachment);
}

List *
te_member_tables_of_folder(const TeAttachment *attachment)
{
	if (!te_attachment_shares_folder(attachment))
		return list_make1(unconstify(TeAttachment *, attachment));
	return te_attachment_members(te_attachment_find(attachment->named));
}

TeAttachment *
te_member_for_user(const TeAttachment *attachment)
{
	TeAttachment *copy = palloc(sizeof(TeAttachment));

	*copy = *attachment;
	copy->rows = copy->user_rows;
	copy->rows_and = copy->user_rows_and;
	return copy;
}

void
te_member_refuse(const TeAttachment *attachment)
{
	if (attachment->parent != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table %s belongs to attached table %s", attachment->name, attachment->named_name),
				 errhint("Name %s, whose partitions are attached with it.", attachment->named_name)));
}

char *
te_member_numbers_sql(int number)
{
	return psprintf("SELECT m.attachment FROM %s AS m WHERE m.attachment = %d OR m.parent = %d",
					te_internal_name("thumbexif_attachment"), number, number);
}

char *
te_member_numbers(const TeAttachment *attachment)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	appendStringInfo(&text, "{%d", attachment->number);
	foreach(cell, attachment->has_members ? te_attachment_members(attachment) : NIL)
		appendStringInfo(&text, ",%d", ((TeAttachment *) lfirst(cell))->number);
	appendStringInfoChar(&text, '}');
	return text.data;
}
