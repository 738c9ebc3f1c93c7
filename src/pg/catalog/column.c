/*
 * column.c
 *		The columns of users' tables: which ones thumbexif writes, and the types it accepts.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "column.h"

#define TEXT_COLUMN		"pg_catalog.text", "text or varchar", {TEXTOID, VARCHAROID}
#define INTEGER_COLUMN	"integer", "integer or bigint", {INT4OID, INT8OID}
#define TIME_COLUMN		"pg_catalog.timestamptz", "timestamp with or without time zone", {TIMESTAMPTZOID, TIMESTAMPOID}
#define DOUBLE_COLUMN	"double precision", "double precision or numeric", {FLOAT8OID, NUMERICOID}
#define BYTEA_COLUMN	"pg_catalog.bytea", "bytea", {BYTEAOID, BYTEAOID}
#define JSONB_COLUMN	"pg_catalog.jsonb", "jsonb or json", {JSONBOID, JSONOID}

const TeColumnDef te_columns[TE_COLUMNS] = {
	[TE_COL_THUMBNAIL_PATH] = {"thumbnail_path", TEXT_COLUMN},
	[TE_COL_WIDTH] = {"width", INTEGER_COLUMN},
	[TE_COL_HEIGHT] = {"height", INTEGER_COLUMN},
	[TE_COL_TAKEN_AT] = {"taken_at", TIME_COLUMN, .from_exif = true},
	[TE_COL_CAMERA_MAKE] = {"camera_make", TEXT_COLUMN, .from_exif = true},
	[TE_COL_CAMERA_MODEL] = {"camera_model", TEXT_COLUMN, .from_exif = true},
	[TE_COL_GPS_LATITUDE] = {"gps_latitude", DOUBLE_COLUMN, .from_exif = true, .holds_position = true},
	[TE_COL_GPS_LONGITUDE] = {"gps_longitude", DOUBLE_COLUMN, .from_exif = true, .holds_position = true},
	[TE_COL_EXIF_METADATA] = {"exif_metadata", JSONB_COLUMN, .from_exif = true, .holds_position = true},
	[TE_COL_THUMBNAIL] = {"thumbnail", BYTEA_COLUMN, .on_request = true},
};

bool
te_column_accepts(TeColumn column, Oid type)
{
	return type == te_columns[column].types[0] || type == te_columns[column].types[1];
}

bool
te_path_accepts(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

Oid
te_key_type(Oid type)
{
	if (type == VARCHAROID)
		return TEXTOID;
	return te_key_state_table(type) != NULL ? type : InvalidOid;
}

const char *
te_key_state_table(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return "thumbexif_asset_bigint";
		case UUIDOID:
			return "thumbexif_asset_uuid";
		case TEXTOID:
			return "thumbexif_asset_text";
		default:
			return NULL;
	}
}

char *
te_thumbnail_table(const char *state)
{
	const char *dot = strrchr(state, '.');

	return psprintf("%.*s.thumbexif_thumbnail%s", (int) (dot - state), state, strrchr(state, '_'));
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
	info->typmod = form->atttypmod;
	info->type = getBaseTypeAndTypmod(form->atttypid, &info->typmod);
	info->not_null = form->attnotnull;
	info->generated = form->attgenerated != '\0';
	info->storage = form->attstorage;
	ReleaseSysCache(tuple);
	return info->number > 0;	/* not a system column */
}
