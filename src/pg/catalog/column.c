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
#include "wire/message.h"

#define TEXT_COLUMN		"pg_catalog.text", "text or varchar", {TEXTOID, VARCHAROID}
#define INTEGER_COLUMN	"integer", "integer or bigint", {INT4OID, INT8OID}
#define TIME_COLUMN		"pg_catalog.timestamptz", "timestamp with or without time zone", {TIMESTAMPTZOID, TIMESTAMPOID}
#define DOUBLE_COLUMN	"double precision", "double precision or numeric", {FLOAT8OID, NUMERICOID}
#define JSONB_COLUMN	"pg_catalog.jsonb", "jsonb or json", {JSONBOID, JSONOID}
#define SMALL_COLUMN	"integer", "smallint, integer or bigint", {INT4OID, INT8OID, INT2OID}
#define LARGE_COLUMN	"bigint", "bigint or numeric", {INT8OID, NUMERICOID}
#define LOCAL_COLUMN	"pg_catalog.timestamp", "timestamp without time zone", {TIMESTAMPOID}
#define BYTES_COLUMN	"pg_catalog.bytea", "bytea", {BYTEAOID}
#define TEXTS_COLUMN	"pg_catalog.text[]", "text[] or varchar[]", {TEXTARRAYOID, VARCHARARRAYOID}
#define HASH_COLUMN		"bigint", "bigint", {INT8OID}

#define FACT			.from_exif = true, .want = TE_WANT_FACTS

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
	[TE_COL_THUMBHASH] = {"thumbhash", BYTES_COLUMN, .from_pixels = true, .want = TE_WANT_THUMBHASH},
	[TE_COL_TAKEN_AT_LOCAL] = {"taken_at_local", LOCAL_COLUMN, .from_exif = true},
	[TE_COL_TAKEN_AT_OFFSET] = {"taken_at_offset", SMALL_COLUMN, .from_exif = true},
	[TE_COL_TAKEN_AT_OFFSET_SOURCE] = {"taken_at_offset_source", TEXT_COLUMN, .from_exif = true},
	[TE_COL_ISO] = {"iso", INTEGER_COLUMN, FACT},
	[TE_COL_F_NUMBER] = {"f_number", DOUBLE_COLUMN, FACT},
	[TE_COL_EXPOSURE_TIME] = {"exposure_time", DOUBLE_COLUMN, FACT},
	[TE_COL_FOCAL_LENGTH] = {"focal_length", DOUBLE_COLUMN, FACT},
	[TE_COL_FOCAL_LENGTH_35MM] = {"focal_length_35mm", DOUBLE_COLUMN, FACT},
	[TE_COL_LENS] = {"lens", TEXT_COLUMN, FACT},
	[TE_COL_ORIENTATION] = {"orientation", SMALL_COLUMN, FACT},
	[TE_COL_ALTITUDE] = {"altitude", DOUBLE_COLUMN, FACT, .holds_position = true},
	[TE_COL_DIRECTION] = {"direction", DOUBLE_COLUMN, FACT, .holds_position = true},
	[TE_COL_RATING] = {"rating", SMALL_COLUMN, FACT},
	[TE_COL_TITLE] = {"title", TEXT_COLUMN, FACT},
	[TE_COL_DESCRIPTION] = {"description", TEXT_COLUMN, FACT},
	[TE_COL_KEYWORDS] = {"keywords", TEXTS_COLUMN, FACT},
	[TE_COL_FORMAT] = {"format", TEXT_COLUMN},
	[TE_COL_FILE_SIZE] = {"file_size", LARGE_COLUMN},
	[TE_COL_FILE_HASH] = {"file_hash", BYTES_COLUMN, .from_exif = true, .on_request = true, .want = TE_WANT_FILE_HASH},
	[TE_COL_PICTURE_HASH] = {"picture_hash", HASH_COLUMN, .from_pixels = true, .want = TE_WANT_PICTURE_HASH},
	[TE_COL_THUMBNAIL] = {"thumbnail", BYTES_COLUMN, .on_request = true},
};

bool
te_column_accepts(TeColumn column, Oid type)
{
	const Oid  *types = te_columns[column].types;

	return OidIsValid(type) && (type == types[0] || type == types[1] || type == types[2]);
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

bool
te_key_types_match(Oid one, Oid other)
{
	const char *table = te_key_state_table(one);

	return table != NULL && table == te_key_state_table(other);
}

char *
te_thumbnail_table(const char *state)
{
	const char *dot = strrchr(state, '.');
	const char *key = strrchr(state, '_');

	/* with quote_all_identifiers there is a quote at its end */
	return psprintf("%.*s.thumbexif_thumbnail%.*s", (int) (dot - state), state, (int) strcspn(key, "\""), key);
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
