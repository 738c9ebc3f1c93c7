/*
 * thumbnails.c
 *		SQL function thumbexif_srcset(), and the one behind the view thumbexif_thumbnails: thumbnails in several sizes.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "asset_reading.h"
#include "cluster.h"
#include "pg/catalog/member.h"
#include "pg/compat.h"
#include "pg/pipeline/staleness.h"
#include "stored_size.h"
#include "tables.h"

PG_FUNCTION_INFO_V1(thumbexif_thumbnail_rows);

/* --- thumbexif_srcset() */

/* Append a text as a part of a URL; "kept" are characters that stay, beside those that always do. */
static void
append_encoded(StringInfo url, const char *plain, const char *kept)
{
	for (; *plain != '\0'; plain++)
	{
		unsigned char byte = (unsigned char) *plain;

		if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
			strchr("-._~", byte) != NULL || strchr(kept, byte) != NULL)
			appendStringInfoChar(url, (char) byte);
		else
			appendStringInfo(url, "%%%02X", byte);
	}
}

/* The part of a thumbnail's path below thumbnail_dir, wherever that was: "<folder>/<attachment>/ab/cd/<file>". */
static const char *
below_folder(const char *path)
{
	const char *at = path + strlen(path);

	for (int slashes = 0; at > path; at--)
		if (at[-1] == '/' && ++slashes == 5)
			return at;
	return path;
}

/* Append the URL of a file, or if path is NULL, of bytes that the application delivers by key and size. */
static void
append_url(StringInfo set, const char *base, const char *path, const char *id, int size)
{
	if (base != NULL)
		appendStringInfoString(set, base);
	if (path != NULL)
		append_encoded(set, base != NULL ? below_folder(path) : path, "/");
	else
	{
		append_encoded(set, id, "");
		if (size > 0)
			appendStringInfo(set, "/%d", size);
	}
}

/* Has the asset a thumbnail of ours? */
static bool
has_ours(const TeAsset *asset)
{
	return te_names_our_file(asset) ||
		((asset->state.wrote & TE_WROTE_THUMBNAIL) && (asset->has_thumbnail || asset->attachment->former_thumbnail != NULL));
}

/* The value of srcset; NULL if there is no thumbnail. */
static char *
make_srcset(const TeAsset *asset, const char *base)
{
	char	   *id = te_key_text(asset->attachment->key_type, &asset->key);
	TeStoredSize sizes[TE_MAX_SIZES];
	int			count = te_stored_sizes(asset, TE_STATE_SEE, sizes);
	int			last_width = 0;
	StringInfoData set;

	if (!has_ours(asset))
		return NULL;
	initStringInfo(&set);
	for (int i = 0; i < count; i++)
	{
		/* those of a small picture have the same width, which may be named only once */
		if (sizes[i].width == last_width)
			continue;
		if (last_width > 0)
			appendStringInfoString(&set, ", ");
		append_url(&set, base, sizes[i].path, id, sizes[i].size);
		appendStringInfo(&set, " %dw", sizes[i].width);
		last_width = sizes[i].width;
	}
	/* the width of the only one is not known */
	if (count == 0)
		append_url(&set, base, te_names_our_file(asset) ? asset->thumbnail_path : NULL, id,
				   te_settings_first_size(asset->state.thumbnail_settings));
	return set.data;
}

/* What the function of this name returns on the node of a Citus cluster that has the row; false if this node is that. */
static bool
read_on_node(const TeAttachment *attachment, const TeKey *key, const char *name, const char *base, char **result)
{
	NullableDatum third = {base != NULL ? CStringGetTextDatum(base) : (Datum) 0, base == NULL};
	uint64		rows;

	if (!te_cluster_read_row(attachment, key, name, TEXTOID, third, &rows))
		return false;
	*result = rows > 0 && !te_out_null(0, 1) ? TextDatumGetCString(te_out(0, 1)) : NULL;
	te_sql_free();
	return true;
}

/*
 * What "make" returns for the arguments id, relation regclass and base text of the function "name": a text, or json, which is stored as
 * one.  It is read with the caller's rights on the row.
 */
static Datum
of_asset(FunctionCallInfo fcinfo, Oid type, const char *name, char *(*make) (const TeAsset *asset, const char *base))
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	TeAsset		asset;
	TeKey		key;
	text	   *result = NULL;
	char	   *set = NULL;
	const char *base = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));

	if (!te_asset_arguments(fcinfo, type, &attachment, &key))
		PG_RETURN_NULL();
	SPI_connect();
	if (!read_on_node(attachment, &key, name, base, &set) && te_asset_read(attachment, &key, false, TE_STATE_SEE, &asset))
		set = make(&asset, base);
	if (set != NULL)
	{
		MemoryContextSwitchTo(caller);
		result = cstring_to_text(set);
	}
	SPI_finish();
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}

/* thumbexif_srcset(id, relation regclass, base text) RETURNS text.  One function for each type of key: see queue.c. */
PG_FUNCTION_INFO_V1(thumbexif_srcset_bigint);
PG_FUNCTION_INFO_V1(thumbexif_srcset_uuid);
PG_FUNCTION_INFO_V1(thumbexif_srcset_text);

Datum
thumbexif_srcset_bigint(PG_FUNCTION_ARGS)
{
	return of_asset(fcinfo, INT8OID, "thumbexif_srcset", make_srcset);
}

Datum
thumbexif_srcset_uuid(PG_FUNCTION_ARGS)
{
	return of_asset(fcinfo, UUIDOID, "thumbexif_srcset", make_srcset);
}

Datum
thumbexif_srcset_text(PG_FUNCTION_ARGS)
{
	return of_asset(fcinfo, TEXTOID, "thumbexif_srcset", make_srcset);
}

/* --- thumbexif_thumbnail_urls() */

/* An array of objects; NULL unless there are several sizes. */
static char *
make_urls(const TeAsset *asset, const char *base)
{
	char	   *id = te_key_text(asset->attachment->key_type, &asset->key);
	TeStoredSize sizes[TE_MAX_SIZES];
	int			count = has_ours(asset) ? te_stored_sizes(asset, TE_STATE_SEE, sizes) : 0;
	StringInfoData json;

	if (count == 0)
		return NULL;
	initStringInfo(&json);
	for (int i = 0; i < count; i++)
	{
		StringInfoData url;

		initStringInfo(&url);
		append_url(&url, base != NULL ? base : "", sizes[i].path, id, sizes[i].size);
		appendStringInfo(&json, "%c{\"size\":%d,\"width\":%d,\"height\":%d,\"url\":", i == 0 ? '[' : ',', sizes[i].size, sizes[i].width,
						 sizes[i].height);
		escape_json(&json, url.data);
		appendStringInfoChar(&json, '}');
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

/* thumbexif_thumbnail_urls(id, relation regclass, base text) RETURNS json: NULL of a table that is attached no more, as a view may ask */
static Datum
thumbnail_urls(FunctionCallInfo fcinfo, Oid type)
{
	if (!PG_ARGISNULL(1) && te_attachment_find(PG_GETARG_OID(1)) == NULL)
		PG_RETURN_NULL();
	return of_asset(fcinfo, type, "thumbexif_thumbnail_urls", make_urls);
}

PG_FUNCTION_INFO_V1(thumbexif_thumbnail_urls_bigint);
PG_FUNCTION_INFO_V1(thumbexif_thumbnail_urls_uuid);
PG_FUNCTION_INFO_V1(thumbexif_thumbnail_urls_text);

Datum
thumbexif_thumbnail_urls_bigint(PG_FUNCTION_ARGS)
{
	return thumbnail_urls(fcinfo, INT8OID);
}

Datum
thumbexif_thumbnail_urls_uuid(PG_FUNCTION_ARGS)
{
	return thumbnail_urls(fcinfo, UUIDOID);
}

Datum
thumbexif_thumbnail_urls_text(PG_FUNCTION_ARGS)
{
	return thumbnail_urls(fcinfo, TEXTOID);
}

/* --- thumbexif_thumbnails */

/* The thumbnails of one table. */
static char *
thumbnails_sql(const TeAttachment *attachment)
{
	return psprintf("SELECT %u::pg_catalog.regclass, t.id::pg_catalog.text, t.size, t.width, t.height, t.format, t.length, t.path"
					" FROM %s AS t WHERE t.attachment OPERATOR(pg_catalog.=) ANY ('%s'::pg_catalog.int4[])",
					attachment->relation, attachment->thumbnails, te_member_numbers(attachment));
}

/*
 * thumbexif_thumbnail_rows() RETURNS TABLE (relation regclass, id text, size integer, width integer, height integer,
 *		format text, bytes bigint, path text): only of tables all of whose rows the current user may see
 */
Datum
thumbexif_thumbnail_rows(PG_FUNCTION_ARGS)
{
	return te_tables_put_rows(fcinfo, thumbnails_sql);
}
