/*
 * attachment.c
 *		The tables thumbexif works on, as the table thumbexif_attachment lists them.
 *
 * Read with the extension's rights each time it is asked for: one short query,
 * and never out of date.  Columns are kept by name, for pg_dump; so a column that was
 * renamed has gone, and the table is to be attached again.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "attachment.h"
#include "compat.h"
#include "extension.h"
#include "statement.h"

/* What we write: the standard name, and the types it is written to. */
static const struct
{
	const char *name;
	Oid			types[2];
}			columns[TE_COLUMNS] = {
	[TE_COL_THUMBNAIL_PATH] = {"thumbnail_path", {TEXTOID, VARCHAROID}},
	[TE_COL_WIDTH] = {"width", {INT4OID, INT8OID}},
	[TE_COL_HEIGHT] = {"height", {INT4OID, INT8OID}},
	[TE_COL_TAKEN_AT] = {"taken_at", {TIMESTAMPTZOID}},
	[TE_COL_CAMERA_MAKE] = {"camera_make", {TEXTOID, VARCHAROID}},
	[TE_COL_CAMERA_MODEL] = {"camera_model", {TEXTOID, VARCHAROID}},
	[TE_COL_GPS_LATITUDE] = {"gps_latitude", {FLOAT8OID}},
	[TE_COL_GPS_LONGITUDE] = {"gps_longitude", {FLOAT8OID}},
	[TE_COL_EXIF_METADATA] = {"exif_metadata", {JSONBOID}},
};

const char *
te_column_name(TeColumn column)
{
	return columns[column].name;
}

bool
te_column_takes(TeColumn column, Oid type)
{
	return OidIsValid(type) &&
		(type == columns[column].types[0] || type == columns[column].types[1]);
}

bool
te_path_takes(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

const char *
te_key_state(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return "thumbexif_asset_bigint";
		case UUIDOID:
			return "thumbexif_asset_uuid";
		default:
			return NULL;
	}
}

bool
te_column_find(Oid relation, const char *name, TeColumnInfo *info)
{
	HeapTuple	tuple = SearchSysCacheAttName(relation, name);
	Form_pg_attribute form;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_attribute) GETSTRUCT(tuple);
	info->number = form->attnum;
	info->type = form->atttypid;
	info->typmod = form->atttypmod;
	info->not_null = form->attnotnull;
	info->generated = form->attgenerated != '\0';
	ReleaseSysCache(tuple);
	return info->number > 0;	/* ctid and its like are nobody's */
}

static void
throw_column(const TeAttachment *attachment, const char *column, bool exists)
{
	ereport(ERROR,
			(errcode(exists ? ERRCODE_DATATYPE_MISMATCH : ERRCODE_UNDEFINED_COLUMN),
			 exists
			 ? errmsg("column \"%s\" of attached table %s has changed its type", column, attachment->name)
			 : errmsg("column \"%s\" of attached table %s does not exist any more", column, attachment->name),
			 errhint("Call thumbexif_attach() again with the table's columns as they are now.")));
}

/* Look at the mapped columns as they are now.  With check, ERROR if one has gone or changed. */
static void
fill_columns(TeAttachment *attachment, Oid attached_key_type, bool check)
{
	TeColumnInfo info;
	bool		exists;

	exists = te_column_find(attachment->relation, attachment->key, &info);
	attachment->key_type = exists ? info.type : InvalidOid;
	if (check && (!exists || te_key_state(info.type) != te_key_state(attached_key_type)))
		throw_column(attachment, attachment->key, exists);

	exists = te_column_find(attachment->relation, attachment->path, &info);
	if (check && (!exists || !te_path_takes(info.type)))
		throw_column(attachment, attachment->path, exists);

	for (int i = 0; i < TE_COLUMNS; i++)
	{
		if (attachment->column[i] == NULL)
			continue;
		exists = te_column_find(attachment->relation, attachment->column[i], &info);
		if (check && (!exists || !te_column_takes(i, info.type) || info.generated))
			throw_column(attachment, attachment->column[i], exists);
		attachment->type[i] = exists ? info.type : InvalidOid;
		attachment->typmod[i] = exists ? info.typmod : -1;
	}
}

/* The table at the other end of a line of pg_inherits, or InvalidOid.  "column" is where the relation stands. */
static Oid
inherits(Oid relation, AttrNumber column)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			other = InvalidOid;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, column == Anum_pg_inherits_inhrelid ? InheritsRelidSeqnoIndexId :
							  InheritsParentIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		other = column == Anum_pg_inherits_inhrelid ?
			((Form_pg_inherits) GETSTRUCT(tuple))->inhparent : ((Form_pg_inherits) GETSTRUCT(tuple))->inhrelid;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return other;
}

/*
 * What has become of a table that was fit when it was attached: why it cannot be worked on now, or NULL.  The
 * catalog itself is asked: who joins two tables wakes the worker before the flags in its cache are invalid.
 */
static const char *
unfit(Oid relation)
{
	Oid			parent = inherits(relation, Anum_pg_inherits_inhrelid);

	if (OidIsValid(parent))
		return get_rel_relkind(parent) == RELKIND_PARTITIONED_TABLE ?
			"has become a partition" : "inherits from another table now";
	if (OidIsValid(inherits(relation, Anum_pg_inherits_inhparent)))
		return "has got tables that inherit from it";
	return NULL;
}

static void
throw_unfit(const TeAttachment *attachment, const char *reason)
{
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("attached table %s %s", attachment->name, reason),
			 errdetail("What is written by way of another table passes by the triggers that would tell thumbexif."),
			 errhint("Take the table out of its hierarchy again, or call thumbexif_detach().")));
}

/* Attaching has looked at it; but a rule may have made it a view since, and a dump may say what its author likes. */
static void
check_kind(const TeAttachment *attachment, Form_pg_class form)
{
	if (form->relkind == RELKIND_RELATION && form->relpersistence != RELPERSISTENCE_TEMP &&
		!IsSystemClass(attachment->relation, form) && form->relnamespace != get_namespace_oid(TE_SCHEMA, true))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_WRONG_OBJECT_TYPE),
			 errmsg("attached table %s is not an ordinary table of a user's", attachment->name),
			 errhint("Call thumbexif_detach(), and attach an ordinary permanent table.")));
}

/* The columns of the query below, in its order. */
enum
{
	ROW_NUMBER = 1, ROW_RELATION, ROW_KEY_TYPE, ROW_PAUSED, ROW_PAUSED_BY_US, ROW_KEY, ROW_PATH, ROW_COLUMNS
};

static Datum
row_datum(HeapTuple row, int number)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, SPI_tuptable->tupdesc, number, &isnull);

	Assert(!isnull);
	return value;
}

/* An attachment from its row, or NULL if its table has been dropped behind our back, or if no attach has written the row. */
static TeAttachment *
from_row(HeapTuple row, bool check)
{
	TeAttachment *attachment = palloc0(sizeof(TeAttachment));
	Oid			key_type = DatumGetObjectId(row_datum(row, ROW_KEY_TYPE));
	const char *reason;
	HeapTuple	class;
	Form_pg_class form;

	if (te_key_state(key_type) == NULL)
		return NULL;
	attachment->number = DatumGetInt32(row_datum(row, ROW_NUMBER));
	attachment->relation = DatumGetObjectId(row_datum(row, ROW_RELATION));
	attachment->paused = DatumGetBool(row_datum(row, ROW_PAUSED));
	attachment->paused_by_us = attachment->paused && DatumGetBool(row_datum(row, ROW_PAUSED_BY_US));
	attachment->key = pstrdup(NameStr(*DatumGetName(row_datum(row, ROW_KEY))));
	attachment->path = pstrdup(NameStr(*DatumGetName(row_datum(row, ROW_PATH))));
	for (int i = 0; i < TE_COLUMNS; i++)
		attachment->column[i] = SPI_getvalue(row, SPI_tuptable->tupdesc, ROW_COLUMNS + i);
	attachment->state = te_our(te_key_state(key_type));

	class = SearchSysCache1(RELOID, ObjectIdGetDatum(attachment->relation));
	if (!HeapTupleIsValid(class))
		return NULL;
	form = (Form_pg_class) GETSTRUCT(class);
	attachment->owner = form->relowner;
	attachment->name = quote_qualified_identifier(get_namespace_name(form->relnamespace),
												  NameStr(form->relname));
	if (check)
		check_kind(attachment, form);
	reason = check ? unfit(attachment->relation) : NULL;
	ReleaseSysCache(class);
	if (reason != NULL)
		throw_unfit(attachment, reason);

	fill_columns(attachment, key_type, check);
	return attachment;
}

/* Run the query for one relation, or for all with InvalidOid, and return how many rows it gave.  Inside SPI. */
static uint64
select_rows(Oid relation)
{
	StringInfoData sql;
	TeArgs		args = {0};

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT attachment, relation::oid, key_type::oid, paused, pause_reason IS NOT NULL, id_column, path_column");
	for (int i = 0; i < TE_COLUMNS; i++)
		appendStringInfo(&sql, ", %s_column::text", columns[i].name);
	appendStringInfo(&sql, " FROM %s WHERE relation = $1 OR $1 = 0 ORDER BY attachment",
					 te_our("thumbexif_attachment"));
	te_arg(&args, OIDOID, ObjectIdGetDatum(relation));
	return te_sql_as_extension(sql.data, &args);
}

static void
throw_none(Oid relation)
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
			 errhint("Call thumbexif_attach() for the table that names the images.")));
}

static TeAttachment *
get(Oid relation, bool check)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	uint64		rows;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	rows = select_rows(relation);
	if (rows == 0)
		throw_none(relation);
	if (rows > 1)
		ereport(ERROR,
				(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
				 errmsg("several tables are attached"),
				 errhint("Say which one with the parameter \"relation\".")));

	MemoryContextSwitchTo(caller);
	attachment = from_row(SPI_tuptable->vals[0], check);
	if (attachment == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the attached table does not exist any more"),
				 errhint("Call thumbexif_clean() to forget it.")));
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return attachment;
}

TeAttachment *
te_attachment_get(Oid relation)
{
	return get(relation, true);
}

TeAttachment *
te_attachment_pick(Oid relation)
{
	return get(relation, false);
}

TeAttachment *
te_attachment_find(Oid relation)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment = NULL;
	uint64		rows;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	rows = select_rows(relation);
	MemoryContextSwitchTo(caller);
	if (rows > 0)
		attachment = from_row(SPI_tuptable->vals[0], false);
	SPI_finish();
	MemoryContextSwitchTo(caller);
	return attachment;
}

List *
te_attachment_all(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *all = NIL;
	uint64		rows;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	rows = select_rows(InvalidOid);
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

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_same(const TeAttachment *a, const TeAttachment *b)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (!same_text(a->column[i], b->column[i]) || a->type[i] != b->type[i] || a->typmod[i] != b->typmod[i])
			return false;
	return a->number == b->number && a->owner == b->owner && a->key_type == b->key_type &&
		same_text(a->name, b->name) && same_text(a->key, b->key) && same_text(a->path, b->path);
}

void
te_attachment_check_same(const TeAttachment *attachment)
{
	TeAttachment *now = te_attachment_find(attachment->relation);

	if (now == NULL || !is_same(now, attachment))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("attached table %s has been changed while its assets were worked on", attachment->name),
				 errhint("What was in work has been given back, for the next run to do.")));
}

bool
te_attachment_has_thumbnail(const TeAttachment *attachment)
{
	return attachment->column[TE_COL_THUMBNAIL_PATH] != NULL;
}

bool
te_attachment_has_exif(const TeAttachment *attachment)
{
	for (int i = TE_COL_TAKEN_AT; i < TE_COLUMNS; i++)
		if (attachment->column[i] != NULL)
			return true;
	return false;
}

void
te_attachment_check_owner(const TeAttachment *attachment)
{
	if (!object_ownercheck(RelationRelationId, attachment->relation, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", attachment->name),
				 errhint("Ask the table's owner, or a member of the owning role, to do this.")));
}
