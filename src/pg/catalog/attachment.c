/*
 * attachment.c
 *		Reads thumbexif_attachment, the table of attached tables and their column mappings.
 *
 * It is read with the extension's rights at each call and never cached, so the result is always current.  Columns
 * are stored by name, for pg_dump: after a column is renamed, the table must be attached again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "attachment.h"
#include "citus.h"
#include "hierarchy.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/base/table_path.h"
#include "pg/compat.h"

pg_noreturn static void
report_column(const TeAttachment *attachment, const char *column, bool exists)
{
	ereport(ERROR,
			(errcode(exists ? ERRCODE_DATATYPE_MISMATCH : ERRCODE_UNDEFINED_COLUMN),
			 exists
			 ? errmsg("column \"%s\" of attached table %s has changed its type", column, attachment->name)
			 : errmsg("column \"%s\" of attached table %s no longer exists", column, attachment->name),
			 errhint("Call thumbexif_attach() again with the table's columns as they are now.")));
}

/* Fill in the types that the columns of the key have now.  With check, ERROR if one was dropped or its type does not fit. */
static void
fill_key(TeAttachment *attachment, bool check)
{
	TeKeyColumns *key = &attachment->key;
	TeColumnInfo info;
	int			unfit;

	memcpy(attachment->stored_key_type, key->type, sizeof(key->type));
	unfit = te_key_columns_look_up(attachment->relation, key);
	if (check && unfit >= 0)
		report_column(attachment, key->name[unfit], te_column_find(attachment->relation, key->name[unfit], &info));
	attachment->key_type = key->count == 1 ? key->type[0] : unfit < 0 ? TEXTOID : InvalidOid;
}

/* Fill in the types of the mapped columns.  With check, ERROR if a column was dropped or its type does not fit. */
static void
fill_columns(TeAttachment *attachment, bool check)
{
	TeColumnInfo info;
	bool		exists;

	fill_key(attachment, check);
	exists = te_column_find(attachment->relation, attachment->path, &info);
	if (check && (!exists || !te_path_accepts(info.type)))
		report_column(attachment, attachment->path, exists);

	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (attachment->column[i] == NULL)
			continue;
		exists = te_column_find(attachment->relation, attachment->column[i], &info);
		if (check && (!exists || !te_column_accepts(i, info.type) || info.generated))
			report_column(attachment, attachment->column[i], exists);
		attachment->type[i] = exists ? info.type : InvalidOid;
		attachment->typmod[i] = exists ? info.typmod : -1;
	}
}

/* thumbexif_attach() checked this, but a rule may have made the table a view since, and a dump may be forged. */
static void
check_kind(const TeAttachment *attachment, Form_pg_class form)
{
	if ((form->relkind == RELKIND_RELATION || (form->relkind == RELKIND_PARTITIONED_TABLE && attachment->parent == 0)) &&
		form->relpersistence != RELPERSISTENCE_TEMP &&
		!IsSystemClass(attachment->relation, form) && form->relnamespace != get_namespace_oid(TE_SCHEMA, true))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("attached table %s is not an ordinary user table", attachment->name),
			 errhint("Call thumbexif_detach() and attach an ordinary permanent table.")));
}

/* The result columns of select_rows(). */
enum
{
	ROW_NUMBER = 1, ROW_RELATION, ROW_PARENT, ROW_SHARD, ROW_FOLDER_SHARD, ROW_ARRIVED, ROW_NAMED, ROW_KEY_TYPE, ROW_PAUSED, ROW_PAUSED_BY_US, ROW_SEARCH_PATH, ROW_PATH_OWNER, ROW_NOTIFY, ROW_KEY, ROW_PATH, ROW_SIZES, ROW_FORMER, ROW_TRACKING, ROW_KEY_COLUMNS, ROW_KEY_TYPES, ROW_COLUMNS
};

static Datum
row_datum(HeapTuple row, int number)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, number, &isnull);

	Assert(!isnull);
	return value;
}

/* The search_path in a row, if the table's owner is still the one for whom it was kept; otherwise NULL. */
static char *
kept_path(HeapTuple row, Oid owner)
{
	const char *kept_for = SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_PATH_OWNER);
	const char *name = GetUserNameFromId(owner, true);

	if (kept_for == NULL || name == NULL || strcmp(kept_for, name) != 0)
		return NULL;
	return te_table_path_check(SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_SEARCH_PATH));
}

/* The channel in a row; NULL also for one that NOTIFY would refuse, from a forged dump. */
static char *
notify_channel(HeapTuple row)
{
	char	   *channel = SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_NOTIFY);

	return channel != NULL && te_notify_channel_is_valid(channel) ? channel : NULL;
}

bool
te_notify_channel_is_valid(const char *channel)
{
	return channel[0] != '\0' && strlen(channel) < NAMEDATALEN;
}

/* The sizes and the former column of thumbnails in a row.  What a forged dump may have is left out. */
static void
read_thumbnails(HeapTuple row, TeAttachment *attachment)
{
	const char *sizes = SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_SIZES);
	char	   *former = SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_FORMER);
	TeColumnInfo info;

	if (sizes != NULL && te_sizes_parse(sizes, &attachment->sizes) != NULL)
		attachment->sizes.count = 0;
	if (former != NULL && te_column_find(attachment->relation, former, &info) && te_column_accepts(TE_COL_THUMBNAIL, info.type) &&
		!info.generated && !info.not_null)
		attachment->former_thumbnail = former;
}

/* How the table's rows are named in statements.  False if the table that users named is gone. */
static bool
name_rows(TeAttachment *attachment)
{
	char	   *name = attachment->name;

	if (attachment->parent != 0)
	{
		char	   *relation = get_rel_name(attachment->named);

		if (relation == NULL)
			return false;
		name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(attachment->named)), relation);
	}
	attachment->named_name = name;
	attachment->rows = attachment->has_members ? name : psprintf("ONLY %s", attachment->name);
	attachment->user_rows = attachment->parent != 0 ? name : attachment->rows;
	attachment->rows_and = "";
	if (attachment->shard != 0)
	{
		/* the table that was named is on all nodes, the shard on this one, with the same owner, rights and policies */
		attachment->all_copies = te_citus_kind(attachment->named) == TE_CITUS_REFERENCE ? attachment->named : InvalidOid;
		attachment->named = attachment->relation;
		attachment->user_rows = attachment->rows;
		attachment->user_rows_and = "";
		return true;
	}
	attachment->user_rows_and = attachment->parent == 0 ? "" :
		psprintf(" AND t.tableoid OPERATOR(pg_catalog.=) '%u'::pg_catalog.oid", attachment->relation);
	return true;
}

/* The number of the folder of its thumbnails.  That of a shard is named by one. */
static int
folder_of(const TeAttachment *attachment, int64 folder_shard)
{
	if (attachment->shard > 0 && folder_shard > 0 && folder_shard <= TE_MAX_SHARD)
		return -(int) folder_shard;
	return attachment->parent != 0 ? attachment->parent : attachment->number;
}

/* An attachment from its row.  NULL if the table was dropped with event triggers off, or if the row was forged. */
static TeAttachment *
from_row(HeapTuple row, bool check)
{
	TeAttachment *attachment = palloc0(sizeof(TeAttachment));
	Oid			key_type = DatumGetObjectId(row_datum(row, ROW_KEY_TYPE));
	HeapTuple	class;
	Form_pg_class form;

	if (te_key_state_table(key_type) == NULL)
		return NULL;
	if (!te_key_columns_parse(NameStr(*DatumGetName(row_datum(row, ROW_KEY))), key_type,
							  SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_KEY_COLUMNS),
							  SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_KEY_TYPES), &attachment->key))
		return NULL;
	attachment->number = DatumGetInt32(row_datum(row, ROW_NUMBER));
	attachment->relation = DatumGetObjectId(row_datum(row, ROW_RELATION));
	attachment->named = DatumGetObjectId(row_datum(row, ROW_NAMED));
	attachment->parent = DatumGetInt32(row_datum(row, ROW_PARENT));
	attachment->shard = DatumGetInt64(row_datum(row, ROW_SHARD));
	attachment->arrived = DatumGetBool(row_datum(row, ROW_ARRIVED));
	attachment->folder = folder_of(attachment, DatumGetInt64(row_datum(row, ROW_FOLDER_SHARD)));
	attachment->paused = DatumGetBool(row_datum(row, ROW_PAUSED));
	attachment->paused_by_us = attachment->paused && DatumGetBool(row_datum(row, ROW_PAUSED_BY_US));
	attachment->notify = notify_channel(row);
	attachment->path = pstrdup(NameStr(*DatumGetName(row_datum(row, ROW_PATH))));
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		char	   *name = SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_COLUMNS + i);

		attachment->refused[i] = name != NULL && name[0] == '\0';
		attachment->column[i] = attachment->refused[i] ? NULL : name;
		if (attachment->column[i] == NULL)
			continue;
		if (te_columns[i].from_exif)
			attachment->want_exif |= te_columns[i].want;
		if (te_columns[i].from_pixels)
			attachment->want_thumbnail |= te_columns[i].want;
	}
	attachment->state = te_internal_name(te_key_state_table(key_type));
	attachment->thumbnails = te_thumbnail_table(attachment->state);

	class = SearchSysCache1(RELOID, ObjectIdGetDatum(attachment->relation));
	if (!HeapTupleIsValid(class))
		return NULL;
	form = (Form_pg_class) GETSTRUCT(class);
	attachment->owner = form->relowner;
	attachment->search_path = kept_path(row, form->relowner);
	attachment->name = quote_qualified_identifier(get_namespace_name(form->relnamespace), NameStr(form->relname));
	attachment->has_members = form->relkind == RELKIND_PARTITIONED_TABLE ||
		(attachment->parent == 0 && te_citus_kind(attachment->relation) != TE_CITUS_NONE);
	if (check)
		check_kind(attachment, form);
	ReleaseSysCache(class);
	if (!name_rows(attachment))
		return NULL;
	if (check)
		te_hierarchy_check(attachment);

	attachment->tracking = te_tracking_of_name(SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_TRACKING));
	read_thumbnails(row, attachment);
	fill_columns(attachment, check);
	return attachment;
}

/* Which attachments a statement reads: the condition has the parameter $1. */
#define OF_RELATION		"m.relation = $1"
#define NAMED			"m.parent IS NULL AND $1 = 0"
#define MEMBERS			"m.parent = $1::bigint"
#define EVERY			"$1 = 0"

/* Read rows that meet a condition.  Returns the number of rows.  Inside SPI. */
static uint64
select_rows(const char *condition, Oid argument)
{
	StringInfoData sql;
	TeArgs		args = {0};

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT m.attachment, m.relation::oid, COALESCE(m.parent, 0), COALESCE(m.shard, 0), COALESCE(m.folder_shard, 0), COALESCE(m.arrived, false), a.relation::oid, a.key_type::oid, a.paused OR m.paused,"
						   " (NOT a.paused OR a.pause_reason IS NOT NULL) AND (NOT m.paused OR m.pause_reason IS NOT NULL),"
						   " a.search_path, a.search_path_owner, a.notify, a.id_column, a.path_column, a.thumbnail_sizes, a.former_thumbnail_column::text, a.tracking, a.key_columns::text[], a.key_types::oid[]::text[]");
	for (int i = 0; i < TE_COLUMNS; i++)
		appendStringInfo(&sql, ", a.%s_column::text", te_columns[i].name);
	appendStringInfo(&sql, " FROM %s AS m JOIN %s AS a ON a.attachment = COALESCE(m.parent, m.attachment) WHERE %s ORDER BY m.attachment",
					 te_internal_name("thumbexif_attachment"), te_internal_name("thumbexif_attachment"), condition);
	te_arg(&args, OIDOID, ObjectIdGetDatum(argument));
	return te_sql_as_extension(sql.data, &args);
}

pg_noreturn static void
report_not_attached(Oid relation)
{
	if (OidIsValid(relation))
	{
		char	   *name = get_rel_name(relation);

		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 name != NULL
				 ? errmsg("table \"%s\" is not attached", name)
				 : errmsg("table with OID %u does not exist", relation),
				 errhint("Call thumbexif_attach() for the table first.")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("no table is attached"),
			 errhint("Call thumbexif_attach() for the table of images.")));
}

static TeAttachment *
get_attachment(Oid relation, bool check)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	uint64		rows;

	SPI_connect();
	rows = OidIsValid(relation) ? select_rows(OF_RELATION, relation) : select_rows(NAMED, InvalidOid);
	if (rows == 0)
		report_not_attached(relation);
	if (rows > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("several tables are attached"),
				 errhint("Name one in the parameter \"relation\".")));

	MemoryContextSwitchTo(caller);
	attachment = from_row(SPI_tuptable->vals[0], check);
	if (attachment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the attached table no longer exists"),
				 errhint("Call thumbexif_clean() to remove its attachment.")));
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return attachment;
}

TeAttachment *
te_attachment_get(Oid relation)
{
	return get_attachment(relation, true);
}

TeAttachment *
te_attachment_get_unchecked(Oid relation)
{
	return get_attachment(relation, false);
}

TeAttachment *
te_attachment_find(Oid relation)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment = NULL;
	uint64		rows;

	SPI_connect();
	rows = select_rows(OF_RELATION, relation);
	MemoryContextSwitchTo(caller);
	if (rows > 0)
		attachment = from_row(SPI_tuptable->vals[0], false);
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return attachment;
}

/* The attachments that meet a condition. */
static List *
list_rows(const char *condition, Oid argument)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *all = NIL;
	uint64		rows;

	SPI_connect();
	rows = select_rows(condition, argument);
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < rows; i++)
	{
		TeAttachment *attachment = from_row(SPI_tuptable->vals[i], false);

		if (attachment != NULL)
			all = lappend(all, attachment);
	}
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return all;
}

List *
te_attachment_all(void)
{
	return list_rows(NAMED, InvalidOid);
}

List *
te_attachment_members(const TeAttachment *parent)
{
	return list_rows(MEMBERS, (Oid) parent->number);
}

List *
te_attachment_with_rows(void)
{
	List	   *all = list_rows(EVERY, InvalidOid);
	ListCell   *cell;

	foreach(cell, all)
	{
		if (((TeAttachment *) lfirst(cell))->has_members)
			all = foreach_delete_current(all, cell);
	}
	return all;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
attachments_equal(const TeAttachment *a, const TeAttachment *b)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (!same_text(a->column[i], b->column[i]) || a->type[i] != b->type[i] || a->typmod[i] != b->typmod[i])
			return false;
	return a->number == b->number && a->parent == b->parent && a->named == b->named && a->all_copies == b->all_copies && a->owner == b->owner && a->key_type == b->key_type && a->tracking == b->tracking &&
		memcmp(&a->sizes, &b->sizes, sizeof(a->sizes)) == 0 && same_text(a->former_thumbnail, b->former_thumbnail) &&
		same_text(a->name, b->name) && same_text(a->search_path, b->search_path) && te_key_columns_equal(&a->key, &b->key) && same_text(a->path, b->path);
}

void
te_attachment_check_same(const TeAttachment *attachment)
{
	TeAttachment *now = te_attachment_find(attachment->relation);

	if (now == NULL || !attachments_equal(now, attachment))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("attached table %s was changed while its assets were processed", attachment->name),
				 errhint("These assets have been released; process them again.")));
	if (attachment->shard != 0 && !te_citus_hold_shard(attachment->shard, attachment->owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("shard %s was moved to another node while its assets were processed", attachment->name),
				 errhint("The other node processes them.")));
}
