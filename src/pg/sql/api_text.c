/*
 * api_text.c
 *		The SQL of thumbexif_api(): templates of the install script (sql/api), and what is put into them for a table.
 *
 * An expression for a column has always the same type, whatever the column's is.  Those that indexes use must be immutable and must
 * not fail, or else rows could not be written.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "api_text.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/key.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/key_time.h"
#include "pg/compat.h"

/*
 * The columns of the view, by the names of te_columns, and what exif_metadata has for those that are not mapped: "EXIF" stands for it, and "NUMBER" and
 * "TEXT" for our functions on it.
 */
static const struct
{
	const char *name;
	const char *column;			/* NULL = of the same name */
	const char *type;
	const char *from_exif;
}			expressions[] = {
	{"thumbnail_path", NULL, "text"},
	{"width", NULL, "integer"},
	{"height", NULL, "integer"},
	{"camera_make", NULL, "text"},
	{"camera_model", NULL, "text"},
	{"lens", NULL, "text", "TEXT(EXIF, 'LensModel')"},
	{"iso", NULL, "integer",
	"CASE WHEN NUMBER(EXIF, 'ISOSpeedRatings') BETWEEN 0 AND 2147483647 THEN CAST(NUMBER(EXIF, 'ISOSpeedRatings') AS integer) END"},
	{"f_number", NULL, "double precision", "NUMBER(EXIF, 'FNumber')"},
	{"exposure_time", NULL, "double precision", "NUMBER(EXIF, 'ExposureTime')"},
	{"focal_length", NULL, "double precision", "NUMBER(EXIF, 'FocalLength')"},
	{"focal_length_35mm", NULL, "double precision", "NUMBER(EXIF, 'FocalLengthIn35mmFilm')"},
	{"latitude", "gps_latitude", "double precision"},
	{"longitude", "gps_longitude", "double precision"},
	{"altitude", NULL, "double precision",
	"CASE WHEN NUMBER(EXIF, 'GPSAltitudeRef') IN (1, 3) THEN -1 ELSE 1 END * NUMBER(EXIF, 'GPSAltitude')"},
	{"direction", NULL, "double precision", "NUMBER(EXIF, 'GPSImgDirection')"},
	{"keywords", NULL, "text[]", "KEYWORDS(EXIF)"},
	{"title", NULL, "text", "COALESCE(TEXT(EXIF, 'XMP:Title'), TEXT(EXIF, 'IPTC:ObjectName'))"},
	{"description", NULL, "text",
	"COALESCE(TEXT(EXIF, 'XMP:Description'), TEXT(EXIF, 'IPTC:Caption-Abstract'), TEXT(EXIF, 'ImageDescription'))"},
	{"rating", NULL, "integer",
	"CASE WHEN NUMBER(EXIF, 'XMP:Rating') BETWEEN -1 AND 99 THEN CAST(NUMBER(EXIF, 'XMP:Rating') AS integer) END"},
	{"thumbhash", NULL, "bytea"}
};

/* --- putting values into texts */

const TeApiValue *
te_api_value(const TeApi *api, const char *name, size_t length)
{
	for (int i = 0; i < api->value_count; i++)
		if (strlen(api->values[i].name) == length && strncmp(api->values[i].name, name, length) == 0)
			return &api->values[i];
	return NULL;
}

bool
te_api_is_part(const TeApiTemplate *template)
{
	return strncmp(template->text + strspn(template->text, "\n"), "CREATE ", strlen("CREATE ")) != 0 && strcmp(template->name, "indexes") != 0;
}

char *
te_api_text(const TeApi *api, const char *text)
{
	StringInfoData sql;

	initStringInfo(&sql);
	while (*text != '\0')
	{
		size_t		length = text[0] == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_0123456789") : 0;
		const TeApiValue *value;

		if (length == 0 || text[length + 1] != '}' || pg_ascii_toupper((unsigned char) text[1]) == text[1])
		{
			appendStringInfoChar(&sql, *text++);
			continue;
		}
		value = te_api_value(api, text + 1, length);
		if (value == NULL)
			elog(ERROR, "template of thumbexif_api() has an unknown name \"%.*s\"", (int) length, text + 1);
		appendStringInfoString(&sql, value->sql);
		text += length + 2;
	}
	return sql.data;
}

static void
add_value(TeApi *api, const char *name, const char *sql, bool known)
{
	if (api->value_count == TE_API_MOST_VALUES)
		elog(ERROR, "too many values for templates");
	api->values[api->value_count++] = (TeApiValue) {name, sql, known};
}

/* --- expressions */

/* The mapped column of a name, NULL if there is none or this version knows none.  *type is its type. */
static const char *
mapped_column(const TeAttachment *attachment, const char *name, Oid *type)
{
	for (int i = 0; i < TE_COLUMNS; i++)
		if (strcmp(te_columns[i].name, name) == 0 && attachment->column[i] != NULL)
		{
			*type = attachment->type[i];
			return quote_identifier(attachment->column[i]);
		}
	return NULL;
}

/* Replace the words of "from_exif" by the extension's functions and the column. */
static char *
exif_expression(const char *template, const char *exif)
{
	static const struct
	{
		const char *word;
		const char *function;
	}			words[] = {{"NUMBER(", "thumbexif_number"}, {"TEXT(", "thumbexif_text"}, {"KEYWORDS(", "thumbexif_keywords"}};
	StringInfoData sql;

	initStringInfo(&sql);
	while (*template != '\0')
	{
		size_t		i = 0;

		if (strncmp(template, "EXIF", 4) == 0)
		{
			appendStringInfoString(&sql, exif);
			template += 4;
			continue;
		}
		while (i < lengthof(words) && strncmp(template, words[i].word, strlen(words[i].word)) != 0)
			i++;
		if (i == lengthof(words))
		{
			appendStringInfoChar(&sql, *template++);
			continue;
		}
		appendStringInfo(&sql, "%s(", te_user_name(words[i].function));
		template += strlen(words[i].word);
	}
	return sql.data;
}

static void
add_expressions(TeApi *api)
{
	const TeAttachment *attachment = api->attachment;
	Oid			type;
	const char *exif = mapped_column(attachment, "exif_metadata", &type);

	if (exif != NULL)
		exif = psprintf("CAST(%s AS jsonb)", exif);
	add_value(api, "exif", exif != NULL ? exif : "CAST(NULL AS jsonb)", exif != NULL);
	for (size_t i = 0; i < lengthof(expressions); i++)
	{
		const char *name = expressions[i].column != NULL ? expressions[i].column : expressions[i].name;
		const char *sql = mapped_column(attachment, name, &type);

		if (sql == NULL && exif != NULL && expressions[i].from_exif != NULL)
			sql = exif_expression(expressions[i].from_exif, exif);
		/* texts of any length do not fit into an index; unlike left(), this serves under row security, too */
		if (sql != NULL && strcmp(name, "lens") == 0)
			sql = psprintf("%s(CAST(NULL AS text), %s)", te_user_name("thumbexif_camera"), sql);
		else if (strcmp(name, "keywords") == 0 && mapped_column(attachment, name, &type) != NULL)
			sql = psprintf("%s(CAST(%s AS text[]))", te_user_name("thumbexif_keywords"), sql);
		add_value(api, expressions[i].name, psprintf("CAST(%s AS %s)", sql != NULL ? sql : "NULL", expressions[i].type), sql != NULL);
	}
}

/* The instant and the wall clock. */
static void
add_times(TeApi *api)
{
	Oid			type = InvalidOid;
	const char *column = mapped_column(api->attachment, "taken_at", &type);
	const char *local = mapped_column(api->attachment, "taken_at_local", &type);
	const char *taken_at = "CAST(NULL AS timestamptz)";

	(void) mapped_column(api->attachment, "taken_at", &type);
	/* in an index the time zone is a constant: that of now */
	if (column != NULL)
		taken_at = type == TIMESTAMPOID ? psprintf("timezone(%s::text, %s)", quote_literal_cstr(te_default_timezone), column) :
			psprintf("CAST(%s AS timestamptz)", column);
	add_value(api, "taken_at", taken_at, column != NULL);
	add_value(api, "sorted", psprintf("COALESCE(%s, timestamptz '-infinity')", taken_at), column != NULL);
	if (local == NULL && column != NULL && type == TIMESTAMPOID)
		local = column;
	if (local == NULL)
		local = psprintf("timezone(COALESCE(current_setting('thumbexif.default_timezone', true), 'UTC'), %s)", taken_at);
	add_value(api, "taken_at_local", local, column != NULL);
}

/* The id of a row whose key has several columns, as indexes can have it. */
static char *
composite_id(const TeKeyColumns *key)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "%s(", te_user_name("thumbexif_key"));
	for (int i = 0; i < key->count; i++)
	{
		const char *name = quote_identifier(key->name[i]);

		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", !te_key_is_time(key->type[i]) ? psprintf("CAST(%s AS text)", name) :
						 psprintf("%s(CAST(%s AS %s))", te_user_name("thumbexif_key_value"), name, format_type_be_qualified(key->type[i])));
	}
	appendStringInfoString(&sql, ") COLLATE \"C\"");
	return sql.data;
}

/* Columns as they are, for lists that take no expressions. */
static void
add_columns(TeApi *api)
{
	const TeAttachment *attachment = api->attachment;
	const TeKeyColumns *key = &attachment->key;
	const char *columns = te_key_list_sql(key, "", "");
	Oid			type;
	const char *latitude = mapped_column(attachment, "gps_latitude", &type);
	const char *longitude = mapped_column(attachment, "gps_longitude", &type);
	const char *id_type = format_type_be_qualified(attachment->key_type);

	const char *id = key->count > 1 ? composite_id(key) : psprintf("CAST(%s AS %s)", columns, id_type);

	add_value(api, "id_columns", columns, true);
	add_value(api, "id_in_index", key->count > 1 ? psprintf("(%s)", id) : columns, true);
	add_value(api, "latitude_column", latitude != NULL ? latitude : "NULL", latitude != NULL);
	add_value(api, "longitude_column", longitude != NULL ? longitude : "NULL", longitude != NULL);
	add_value(api, "id_type", id_type, true);
	add_value(api, "id", id, true);
	add_value(api, "id_of_several", id, key->count > 1);
	add_value(api, "is_id", key->count > 1 ? te_key_equals_sql(key, "t.", "_photo.id") : psprintf("%s = _photo.id", id), true);
	add_value(api, "path", psprintf("CAST(%s AS text)", quote_identifier(attachment->path)), true);
}

/* A name as part of a literal, with standard_conforming_strings. */
static char *
within_literal(const char *name)
{
	StringInfoData literal;

	initStringInfo(&literal);
	for (; *name != '\0'; name++)
	{
		if (*name == '\'')
			appendStringInfoChar(&literal, '\'');
		appendStringInfoChar(&literal, *name);
	}
	return literal.data;
}

/* The URL of a thumbnail that is stored in the row, under which the application delivers it: the key, encoded. */
static void
add_row_thumbnail(TeApi *api)
{
	Oid			type;
	const char *bytes = mapped_column(api->attachment, "thumbnail", &type);
	const TeKeyColumns *columns = &api->attachment->key;
	const char *key = columns->count > 1 ? composite_id(columns) : psprintf("CAST(%s AS text)", te_key_list_sql(columns, "", ""));

	if (bytes != NULL && te_key_state_type(api->attachment->key_type) == TEXTOID)
		key = psprintf("replace(replace(replace(replace(replace(replace(%s, '%%', '%%25'), '/', '%%2F'), '?', '%%3F'), '#', '%%23'), '&', '%%26'), '+', '%%2B')", key);
	add_value(api, "row_thumbnail", bytes != NULL ? psprintf("CASE WHEN %s IS NOT NULL THEN %s END", bytes, key) : "NULL", bytes != NULL);
}

/* The sizes of a table's thumbnails take several look-ups a row, which are left out if it has one size. */
static void
add_thumbnails(TeApi *api)
{
	const TeAttachment *attachment = api->attachment;
	TeSizes		sizes = attachment->sizes;

	if (sizes.count == 0)
		(void) te_sizes_parse(te_thumbnail_sizes, &sizes);	/* the check hook has checked it */
	add_value(api, "thumbnails", sizes.count < 2 ? "CAST(NULL AS jsonb)" :
			  psprintf("CAST(%s(CAST(%s AS %s), regclass %s, %s) AS jsonb)", te_user_name("thumbexif_thumbnail_urls"),
					   attachment->key.count > 1 ? composite_id(&attachment->key) : te_key_list_sql(&attachment->key, "", ""), format_type_be_qualified(te_key_state_type(attachment->key_type)),
					   psprintf("'%s'", within_literal(attachment->name)), te_api_value(api, "base", 4)->sql), sizes.count > 1);
}

/* Parts that differ if the rows are on the nodes of a Citus cluster. */
static void
add_choices(TeApi *api)
{
	static const struct
	{
		const char *name;
		const char *one;		/* the name of a part, or SQL */
		const char *nodes;
	}			choices[] = {
		{"newest", "newest_of_all", "newest_of_nodes"},
		{"search_words", "_photos_search_words", "_photos_search"},
		{"map", "map_of_newest", "map_of_nodes"},
		{"map_all", "map_of_pages", "SELECT m FROM {schema}._photos_map(west, south, east, north, zoom) AS m"},
		/* with constants, on which a function depends, Citus would create function and view on a node that joins, before the table */
		{"table_to_upload", "regclass '{relation_literal}'", "CAST(text '{relation_literal}' AS regclass)"},
		{"photo_of_upload", "regproc '{schema_literal}.photo'", "CAST(text '{schema_literal}.photo' AS regproc)"},
	};
	bool		distributed = te_citus_kind(api->attachment->relation) != TE_CITUS_NONE;

	for (size_t i = 0; i < lengthof(choices); i++)
	{
		const char *chosen = distributed ? choices[i].nodes : choices[i].one;
		const TeApiValue *part = te_api_value(api, chosen, strlen(chosen));

		add_value(api, choices[i].name, part != NULL ? part->sql : te_api_text(api, chosen), true);
	}
}

/* --- all */

static void
read_templates(TeApi *api)
{
	TeArgs		none = {0};
	uint64		rows = te_sql_as_extension(psprintf("SELECT t.name, t.template FROM %s() AS t", te_internal_name("thumbexif_api_templates")),
										   &none);

	if (rows > TE_API_MOST_TEMPLATES)
		elog(ERROR, "too many templates");
	for (uint64 i = 0; i < rows; i++)
		api->templates[i] = (TeApiTemplate) {te_out_text((int) i, 1), te_out_text((int) i, 2)};
	api->template_count = (int) rows;
	te_sql_free();
}

void
te_api_text_prepare(TeApi *api, const TeAttachment *attachment, const char *schema, const char *base)
{
	memset(api, 0, sizeof(*api));
	api->attachment = attachment;
	api->schema = quote_identifier(schema);
	read_templates(api);
	add_value(api, "schema", api->schema, true);
	add_value(api, "schema_literal", within_literal(api->schema), true);
	add_value(api, "relation", attachment->name, true);
	add_value(api, "relation_literal", within_literal(attachment->name), true);
	add_value(api, "base", base != NULL ? quote_literal_cstr(base) : "''", true);
	/* no other encoding is certain to have a middle dot */
	add_value(api, "dot", GetDatabaseEncoding() == PG_UTF8 ? "' \302\267 '" : "', '", true);
	add_expressions(api);
	add_times(api);
	add_columns(api);
	add_row_thumbnail(api);
	add_thumbnails(api);
	for (int i = 0; i < api->template_count; i++)
		if (te_api_is_part(&api->templates[i]))
			add_value(api, api->templates[i].name, te_api_text(api, api->templates[i].text), true);
	add_choices(api);
	/* the id of several columns finds no row by an index, but these do */
	add_value(api, "photo_of_id", te_api_text(api, attachment->key.count > 1 ? "({photo_row}\nWHERE {is_id}) AS p" :
											  "{schema}.photos AS p WHERE p.id = _photo.id"), true);
}
