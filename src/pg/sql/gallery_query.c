/*
 * gallery_query.c
 *		The statement that reads the photos of thumbexif_gallery() from a user's table.
 *
 * A fact is taken from its column if one is mapped, and else from exif_metadata.  Columns are looked up by the names that
 * thumbexif_attach() has for them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "cluster.h"
#include "gallery_query.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/catalog/asset.h"
#include "pg/catalog/key_sql.h"

typedef struct Builder
{
	const TeAttachment *attachment;
	TeArgs	   *args;
	StringInfoData sql;
} Builder;

/* --- columns */

static int
column_number(const char *name)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (strcmp(te_columns[i].name, name) == 0)
			return i;
	return -1;
}

/* SQL for the column that is mapped to a parameter of thumbexif_attach(); NULL if none is, or if there is no such parameter. */
static const char *
column(const TeAttachment *attachment, const char *name)
{
	int			number = column_number(name);

	if (number < 0 || attachment->column[number] == NULL)
		return NULL;
	return psprintf("t.%s", quote_identifier(attachment->column[number]));
}

/* exif_metadata as jsonb; NULL if it is not mapped. */
static const char *
exif(const TeAttachment *attachment)
{
	const char *name = column(attachment, "exif_metadata");

	return name != NULL ? psprintf("CAST(%s AS pg_catalog.jsonb)", name) : NULL;
}

/* A value of exif_metadata under a key, or a second one: as text, or as jsonb. */
static const char *
exif_value(const TeAttachment *attachment, const char *const keys[2], bool as_text)
{
	const char *json = exif(attachment);
	const char *operator = as_text ? "OPERATOR(pg_catalog.->>)" : "OPERATOR(pg_catalog.->)";
	const char *value;

	if (json == NULL || keys[0] == NULL)
		return NULL;
	value = psprintf("(%s %s '%s'::pg_catalog.text)", json, operator, keys[0]);
	if (keys[1] != NULL)
		value = psprintf("COALESCE(%s, %s %s '%s'::pg_catalog.text)", value, json, operator, keys[1]);
	return value;
}

/* --- facts */

typedef enum FactKind
{
	FACT_TEXT,					/* long ones are cut */
	FACT_VALUE
} FactKind;

static const struct
{
	const char *name;			/* in the JSON, and of the parameter of thumbexif_attach() */
	FactKind	kind;
	const char *keys[2];		/* of exif_metadata */
}			facts[] = {
	{"width", FACT_VALUE}, {"height", FACT_VALUE},
	{"camera_make", FACT_TEXT}, {"camera_model", FACT_TEXT},
	{"lens", FACT_TEXT, {"LensModel"}},
	{"iso", FACT_VALUE}, {"f_number", FACT_VALUE}, {"exposure_time", FACT_VALUE}, {"focal_length", FACT_VALUE},
	{"title", FACT_TEXT, {"XMP:Title", "IPTC:ObjectName"}},
	{"description", FACT_TEXT, {"XMP:Description", "IPTC:Caption-Abstract"}},
	{"rating", FACT_VALUE, {"XMP:Rating"}},
	{"altitude", FACT_VALUE}, {"direction", FACT_VALUE},
};

static const char *
fact(const TeAttachment *attachment, const char *name, FactKind kind, const char *const keys[2])
{
	const char *value = column(attachment, name);

	if (value == NULL)
		value = exif_value(attachment, keys, kind == FACT_TEXT);
	return value != NULL && kind == FACT_TEXT ? te_path_sql(value) : value;
}

static const char *
lens(const TeAttachment *attachment)
{
	static const char *const keys[2] = {"LensModel"};

	return fact(attachment, "lens", FACT_TEXT, keys);
}

/* The exposure, as people read it; NULL if nothing can be known of it. */
static const char *
exposure(const TeAttachment *attachment)
{
	static const struct
	{
		const char *column;
		const char *const keys[2];
	}			parts[] = {{"exposure_time", {"ExposureTime"}}, {"f_number", {"FNumber"}}, {"iso", {"ISOSpeedRatings"}}, {"focal_length", {"FocalLength"}}};
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < (int) lengthof(parts); i++)
	{
		const char *value = fact(attachment, parts[i].column, FACT_VALUE, parts[i].keys);
		const char *tag = parts[i].keys[0];

		/* what is no finite number counts as NULL */
		if (value != NULL)
			appendStringInfo(&list, ", %s(pg_catalog.jsonb_build_object('%s'::pg_catalog.text, %s(pg_catalog.jsonb_build_object('%s'::pg_catalog.text, %s),"
							 " '%s'::pg_catalog.text)), '%s'::pg_catalog.text)",
							 te_user_name("thumbexif_display"), tag, te_user_name("thumbexif_number"), tag, value, tag, tag);
	}
	/* no other encoding is certain to have a middle dot */
	return list.len == 0 ? NULL : psprintf("NULLIF(pg_catalog.concat_ws('%s'::pg_catalog.text%s), ''::pg_catalog.text)",
										   GetDatabaseEncoding() == PG_UTF8 ? " \302\267 " : ", ", list.data);
}

/* A text that is compared: the collations of two columns might exclude each other. */
static const char *
collated(const char *sql)
{
	return sql != NULL ? psprintf("(%s COLLATE pg_catalog.\"default\")", sql) : NULL;
}

static const char *
camera_part(const TeAttachment *attachment, const char *name)
{
	const char *part = column(attachment, name);

	return part != NULL ? collated(te_path_sql(part)) : NULL;
}

/* The camera: make, in one spelling, and model, as a text that is compared. */
static const char *
camera(const TeAttachment *attachment)
{
	const char *make = camera_part(attachment, "camera_make");
	const char *model = camera_part(attachment, "camera_model");

	if (make == NULL && model == NULL)
		return NULL;
	return collated(psprintf("%s(%s, %s)", te_user_name("thumbexif_camera"), make != NULL ? make : "NULL::pg_catalog.text",
							 model != NULL ? model : "NULL::pg_catalog.text"));
}

/* The keywords, as an array of texts or as jsonb. */
static const char *
keywords(const TeAttachment *attachment)
{
	const char *value = column(attachment, "keywords");
	const char *json = exif(attachment);

	if (value != NULL || json == NULL)
		return value;
	return psprintf("(pg_catalog.jsonb_path_query_array(%s, '$.\"XMP:Subject\"[*]'::pg_catalog.jsonpath) OPERATOR(pg_catalog.||)"
					" pg_catalog.jsonb_path_query_array(%s, '$.\"IPTC:Keywords\"[*]'::pg_catalog.jsonpath))", json, json);
}

static const char *
timezone_argument(Builder *builder)
{
	te_arg_text(builder->args, te_default_timezone);
	return psprintf("$%d", builder->args->count);
}

/* What the clock showed where the photo was taken. */
static const char *
local_time(Builder *builder)
{
	const TeAttachment *attachment = builder->attachment;
	const char *local = column(attachment, "taken_at_local");
	const char *taken = column(attachment, "taken_at");

	if (taken != NULL && attachment->type[TE_COL_TAKEN_AT] == TIMESTAMPTZOID)
		taken = psprintf("pg_catalog.timezone(%s, %s)", timezone_argument(builder), taken);
	if (local != NULL && taken != NULL)
		return psprintf("COALESCE(%s, %s)", local, taken);
	return local != NULL ? local : taken;
}

static void
append_fact(Builder *builder, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(&builder->sql, ", '%s'::pg_catalog.text, %s", name, value);
}

/* The facts of a photo as one JSON object, without those that are NULL. */
static void
append_facts(Builder *builder)
{
	const TeAttachment *attachment = builder->attachment;
	const char *latitude = column(attachment, "gps_latitude");
	const char *longitude = column(attachment, "gps_longitude");
	const char *thumbhash = column(attachment, "thumbhash");

	appendStringInfo(&builder->sql, "CAST(pg_catalog.json_strip_nulls(pg_catalog.json_build_object('id'::pg_catalog.text, CAST(%s AS pg_catalog.text)",
					 attachment->key.count == 1 ? te_key_list_sql(&attachment->key, "t.", "") : te_key_out_sql(&attachment->key, "t."));
	append_fact(builder, "path", te_path_sql(psprintf("t.%s", quote_identifier(attachment->path))));
	for (int i = 0; i < (int) lengthof(facts); i++)
		append_fact(builder, facts[i].name, fact(attachment, facts[i].name, facts[i].kind, facts[i].keys));
	append_fact(builder, "taken_at_local", local_time(builder));
	append_fact(builder, "camera", camera(attachment));
	append_fact(builder, "exposure", exposure(attachment));
	append_fact(builder, "keywords", keywords(attachment));
	if (latitude != NULL && longitude != NULL)
	{
		append_fact(builder, "latitude", latitude);
		append_fact(builder, "longitude", longitude);
	}
	/* no thumbhash is longer than 25 bytes */
	if (thumbhash != NULL)
		append_fact(builder, "thumbhash",
					psprintf("CASE WHEN pg_catalog.octet_length(%s) OPERATOR(pg_catalog.<=) 50 THEN pg_catalog.encode(%s, 'base64'::pg_catalog.text) END",
							 thumbhash, thumbhash));
	appendStringInfoString(&builder->sql, ")) AS pg_catalog.text)");
}

/* --- filters */

/* Append a condition that one of several texts equals an argument, whatever the case, or that a make is the same in another spelling. */
static void
append_equal(Builder *builder, const char *wanted, const char *const *texts, int count, const char *make)
{
	te_arg_text(builder->args, wanted);
	appendStringInfoString(&builder->sql, " AND (false");
	for (int i = 0; i < count; i++)
		if (texts[i] != NULL)
			appendStringInfo(&builder->sql, " OR pg_catalog.lower(%s) OPERATOR(pg_catalog.=) pg_catalog.lower($%d COLLATE pg_catalog.\"default\")",
							 texts[i], builder->args->count);
	if (make != NULL)
		appendStringInfo(&builder->sql, " OR %s(%s) OPERATOR(pg_catalog.=) %s($%d COLLATE pg_catalog.\"default\")",
						 te_user_name("thumbexif_make"), make, te_user_name("thumbexif_make"), builder->args->count);
	appendStringInfoChar(&builder->sql, ')');
}

static void
append_time(Builder *builder, const char *operator, TimestampTz time)
{
	const char *argument;

	te_arg(builder->args, TIMESTAMPTZOID, TimestampTzGetDatum(time));
	argument = psprintf("$%d", builder->args->count);
	if (builder->attachment->type[TE_COL_TAKEN_AT] != TIMESTAMPTZOID)
		argument = psprintf("pg_catalog.timezone(%s, %s)", timezone_argument(builder), argument);
	appendStringInfo(&builder->sql, " AND %s OPERATOR(pg_catalog.%s) %s", column(builder->attachment, "taken_at"), operator, argument);
}

static void
append_keyword(Builder *builder, const char *keyword)
{
	bool		has_column = column(builder->attachment, "keywords") != NULL;

	te_arg_text(builder->args, keyword);
	if (has_column)
		appendStringInfo(&builder->sql, " AND $%d COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) ANY (CAST(%s AS pg_catalog.text[]))",
						 builder->args->count, keywords(builder->attachment));
	else
		appendStringInfo(&builder->sql, " AND %s OPERATOR(pg_catalog.?) $%d", keywords(builder->attachment), builder->args->count);
}

static void
append_filter(Builder *builder, const TeGalleryFilter *filter)
{
	const TeAttachment *attachment = builder->attachment;

	if (filter->camera != NULL)
	{
		const char *texts[] = {camera(attachment), camera_part(attachment, "camera_model")};

		append_equal(builder, filter->camera, texts, lengthof(texts), camera_part(attachment, "camera_make"));
	}
	if (filter->lens != NULL)
	{
		const char *text = collated(lens(attachment));

		append_equal(builder, filter->lens, &text, 1, NULL);
	}
	if (filter->keyword != NULL)
		append_keyword(builder, filter->keyword);
	if (filter->has_from)
		append_time(builder, ">=", filter->from);
	if (filter->has_to)
		append_time(builder, "<", filter->to);
	if (filter->has_position_given)
		appendStringInfo(&builder->sql, " AND (%s IS NOT NULL AND %s IS NOT NULL) IS %s",
						 column(attachment, "gps_latitude"), column(attachment, "gps_longitude"),
						 filter->has_position ? "TRUE" : "FALSE");
}

bool
te_gallery_has_local_time(const TeAttachment *attachment)
{
	return column(attachment, "taken_at_local") != NULL;
}

static void
check_column(const TeAttachment *attachment, bool given, const char *parameter, bool exists, const char *columns)
{
	if (given && !exists)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("attached table %s has no column for parameter \"%s\"", attachment->name, parameter),
				 errhint("Add a column, and map it by thumbexif_attach() to %s.", columns)));
}

void
te_gallery_check_filter(const TeAttachment *attachment, const TeGalleryFilter *filter)
{
	bool		has_date = column(attachment, "taken_at") != NULL;

	check_column(attachment, filter->camera != NULL, "camera", camera(attachment) != NULL, "\"camera_make\" or \"camera_model\"");
	check_column(attachment, filter->lens != NULL, "lens", lens(attachment) != NULL, "\"exif_metadata\"");
	check_column(attachment, filter->keyword != NULL, "keyword", keywords(attachment) != NULL, "\"exif_metadata\"");
	check_column(attachment, filter->has_from, "from", has_date, "\"taken_at\"");
	check_column(attachment, filter->has_to, "to", has_date, "\"taken_at\"");
	check_column(attachment, filter->has_position_given, "has_position",
				 column(attachment, "gps_latitude") != NULL && column(attachment, "gps_longitude") != NULL,
				 "\"gps_latitude\" and \"gps_longitude\"");
}

/* Append FROM and the rest: at most "limit" rows that meet the filters, the newest first. */
static void
append_chosen(Builder *builder, const TeGalleryFilter *filter, bool dated, int limit)
{
	const TeAttachment *attachment = builder->attachment;
	const TeKeyColumns *key = &attachment->key;
	const char *taken = column(attachment, "taken_at");

	appendStringInfo(&builder->sql, " FROM %s AS t WHERE %s%s", attachment->user_rows, te_key_fits_sql(key, "t."), attachment->user_rows_and);
	if (taken != NULL)
		appendStringInfo(&builder->sql, " AND %s IS %s", taken, dated ? "NOT NULL" : "NULL");
	append_filter(builder, filter);
	appendStringInfo(&builder->sql, " ORDER BY %s%s%s LIMIT %d", dated ? taken : "", dated ? " DESC, " : "",
					 te_key_list_sql(key, "t.", " DESC"), limit);
}

/* Append the columns of the result but the last. */
static void
append_columns(Builder *builder, const char *thumbnail)
{
	const TeAttachment *attachment = builder->attachment;
	const char *path = column(attachment, "thumbnail_path");
	const char *json = exif(attachment);

	appendStringInfo(&builder->sql, "SELECT %s, %s, ", te_key_out_sql(&attachment->key, "t."), te_path_sql(path != NULL ? path : "NULL"));
	append_facts(builder);
	appendStringInfo(&builder->sql, ", %s, %s", json != NULL ? json : "NULL::pg_catalog.jsonb",
					 thumbnail != NULL ? thumbnail : "NULL::pg_catalog.bytea");
}

char *
te_gallery_sql(const TeAttachment *attachment, const TeGalleryFilter *filter, bool dated, int limit, TeArgs *args)
{
	Builder		builder = {.attachment = attachment, .args = args};

	initStringInfo(&builder.sql);
	append_columns(&builder, column(attachment, "thumbnail"));
	append_chosen(&builder, filter, dated, limit);
	return builder.sql.data;
}

char *
te_gallery_keys_sql(const TeAttachment *attachment, const TeGalleryFilter *filter, bool dated, int limit, TeArgs *args)
{
	Builder		builder = {.attachment = attachment, .args = args};

	initStringInfo(&builder.sql);
	appendStringInfo(&builder.sql, "SELECT %s", te_key_out_sql(&attachment->key, "t."));
	append_chosen(&builder, filter, dated, limit);
	return builder.sql.data;
}

char *
te_gallery_rows_sql(const TeAttachment *attachment, const TeKey *keys, int count, TeArgs *args)
{
	Builder		builder = {.attachment = attachment, .args = args};

	te_arg(args, te_key_array_type(attachment->key_type), te_key_array(attachment->key_type, keys, count));
	initStringInfo(&builder.sql);
	append_columns(&builder, NULL);
	appendStringInfo(&builder.sql, ", %s) FROM %s AS t WHERE %s", te_cluster_row_call(attachment, "thumbexif_gallery_part", TEXTOID),
					 attachment->user_rows, te_key_any_sql(&attachment->key, "t.", "$1"));
	return builder.sql.data;
}
