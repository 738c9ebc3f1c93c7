/*
 * member.c
 *		Members of attached tables: the tables that have the rows of one that has none itself.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "citus.h"
#include "member.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/compat.h"

/* The leaves of a partitioned table; another table itself. */
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
	List	   *tables = leaves(parent->relation);
	List	   *found = NIL;
	ListCell   *cell;

	if (te_citus_kind(parent->relation) == TE_CITUS_NONE)
		return tables;
	SPI_connect();
	MemoryContextSwitchTo(caller);
	foreach(cell, te_citus_local_shards(parent->relation, tables))
		found = lappend_oid(found, ((TeCitusShard *) lfirst(cell))->relation);
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return found;
}

List *
te_member_recorded(const TeAttachment *parent)
{
	TeArgs		args = {0};
	List	   *relations = NIL;
	uint64		count;

	te_arg_int4(&args, parent->number);
	count = te_sql_as_extension(psprintf("SELECT relation::oid FROM %s WHERE parent = $1 ORDER BY attachment", te_internal_name("thumbexif_attachment")), &args);
	for (uint64 i = 0; i < count; i++)
		relations = lappend_oid(relations, DatumGetObjectId(te_out((int) i, 1)));
	te_sql_free();
	return relations;
}

List *
te_member_tables(TeAttachment *attachment)
{
	return attachment->has_members ? te_attachment_members(attachment) : list_make1(attachment);
}

List *
te_member_tables_of_folder(const TeAttachment *attachment)
{
	TeAttachment parent = {.number = attachment->parent};
	List	   *members;
	ListCell   *cell;

	if (!te_attachment_shares_folder(attachment))
		return list_make1(unconstify(TeAttachment *, attachment));
	members = te_attachment_members(&parent);
	foreach(cell, members)
	{
		if (((TeAttachment *) lfirst(cell))->folder != attachment->folder)
			members = foreach_delete_current(members, cell);
	}
	return members;
}

TeTriggerSet
te_member_triggers(const TeAttachment *parent)
{
	if (te_citus_kind(parent->relation) == TE_CITUS_NONE)
		return TE_TRIGGERS_PARTITION;
	return get_rel_relkind(parent->relation) == RELKIND_PARTITIONED_TABLE ? TE_TRIGGERS_PARTITIONED | TE_TRIGGERS_PARTITION : TE_TRIGGERS_TABLE;
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

/* The columns of a relation (List of their names) that have texts; NIL if others of the types of a key are missing. */
static List *
text_columns(Oid relation, const TeKeyColumns *key)
{
	Oid			missing[TE_KEY_MAX_COLUMNS];
	int			count = key->count;
	List	   *names = NIL;
	TeColumnInfo info;
	char	   *name;

	memcpy(missing, key->type, sizeof(Oid) * count);
	for (AttrNumber i = 1; (name = get_attname(relation, i, true)) != NULL; i++)
	{
		int			n = 0;

		if (!te_column_find(relation, name, &info))
			continue;			/* it was dropped */
		if (te_path_accepts(info.type))
			names = lappend(names, name);
		while (n < count && missing[n] != te_key_part_type(info.type))
			n++;
		if (n < count)
			missing[n] = missing[--count];
	}
	return count == 0 ? names : NIL;
}

List *
te_member_once(const TeAttachment *member, Oid relation)
{
	const char *thumbnail = member->column[TE_COL_THUMBNAIL_PATH];
	HeapTuple	class = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	TeColumnInfo info;
	TeAttachment table = *member;
	List	   *columns;
	List	   *found = NIL;
	ListCell   *cell;
	char		kind;

	if (!HeapTupleIsValid(class))
		return NIL;
	table.relation = relation;
	table.owner = ((Form_pg_class) GETSTRUCT(class))->relowner;
	kind = ((Form_pg_class) GETSTRUCT(class))->relkind;
	ReleaseSysCache(class);
	if (kind != RELKIND_RELATION)
		return NIL;
	if (table.owner != member->owner)
		table.search_path = NULL;	/* it was kept for that one */
	table.name = te_relation_name(relation);
	table.rows = psprintf("ONLY %s", table.name);
	if (thumbnail != NULL && te_column_find(relation, thumbnail, &info) && te_path_accepts(info.type))
		columns = list_make1(unconstify(char *, thumbnail));
	else
		columns = text_columns(relation, &member->key);
	foreach(cell, columns)
	{
		TeAttachment *copy = palloc(sizeof(TeAttachment));

		*copy = table;
		copy->column[TE_COL_THUMBNAIL_PATH] = lfirst(cell);
		found = lappend(found, copy);
	}
	return found;
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
