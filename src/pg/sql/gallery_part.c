/*
 * gallery_part.c
 *		What thumbexif_gallery() tells of a photo beside its row: status, thumbnail, and what went wrong.
 *
 * The node of a Citus cluster that has the row knows it.  So there is an SQL function for it, which Citus calls where the row is, in the
 * gallery's own statement.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "asset_reading.h"
#include "gallery_page.h"
#include "gallery_part.h"
#include "pg/compat.h"
#include "pg/files/thumbnail_read.h"
#include "pg/pipeline/staleness.h"

PG_FUNCTION_INFO_V1(thumbexif_gallery_part);

void
te_gallery_part_text(StringInfo page, const char *name, const char *value)
{
	StringInfoData json;

	if (value == NULL)
		return;
	initStringInfo(&json);
	appendStringInfo(&json, ",\"%s\":", name);
	escape_json(&json, value);
	te_gallery_page_json(page, json.data);
	pfree(json.data);
}

/* Append a thumbnail, if it is one; otherwise false. */
static bool
append_thumbnail(StringInfo page, const bytea *bytes)
{
	int			before = page->len;

	if (bytes == NULL)
		return false;
	appendStringInfoString(page, ",\"thumbnail\":");
	if (te_gallery_page_picture(page, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)))
		return true;
	page->len = before;
	page->data[before] = '\0';
	return false;
}

/* Append the thumbnail of a photo.  Returns why there is none, although the row has one; NULL otherwise. */
static const char *
append_stored(StringInfo page, const TeAsset *asset, const bytea *thumbnail)
{
	bytea	   *bytes;

	if (thumbnail != NULL)
		return append_thumbnail(page, thumbnail) ? NULL : "the thumbnail in the row is no picture";
	if (asset->thumbnail_path == NULL)
		return NULL;
	if (!te_names_our_file(asset))
		return "the thumbnail was not made by thumbexif";
	bytes = te_thumbnail_read_whole(asset->attachment->folder, asset->state.file, asset->state.file_size);
	return append_thumbnail(page, bytes) ? NULL : "the thumbnail file does not exist or is damaged";
}

void
te_gallery_part_append(StringInfo page, const TeAsset *asset, const bytea *thumbnail)
{
	const TeState *state = &asset->state;
	const char *trouble;

	te_gallery_part_text(page, "status", te_asset_status_name(state->exists ? state->status : TE_ASSET_NEW));
	trouble = append_stored(page, asset, thumbnail);
	te_gallery_part_text(page, "error", trouble != NULL ? trouble : state->error);
	te_gallery_part_text(page, "exif_error", state->exif_error);
}

/* thumbexif_gallery_part(id text, relation regclass) RETURNS text: NULL if the caller sees no such row */
Datum
thumbexif_gallery_part(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	TeAsset		asset;
	TeKey		key;
	StringInfoData part;
	text	   *result = NULL;

	if (!te_asset_arguments(fcinfo, TEXTOID, &attachment, &key))
		PG_RETURN_NULL();
	SPI_connect();
	if (te_asset_read(attachment, &key, false, TE_STATE_SEE, &asset))
	{
		initStringInfo(&part);
		te_gallery_part_append(&part, &asset, asset.has_thumbnail ?
							   te_asset_row_bytes(&asset, TE_STATE_SEE, asset.attachment->column[TE_COL_THUMBNAIL]) : NULL);
		MemoryContextSwitchTo(caller);
		result = cstring_to_text_with_len(part.data, part.len);
	}
	SPI_finish();
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}
