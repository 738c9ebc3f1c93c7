/*
 * file.c
 *		SQL function thumbexif_file(): the stored thumbnail of an asset, in one of its sizes.
 *
 * Who may read the row may read the thumbnail.  Which file that is, our state tells: the row only tells whether it has this
 * thumbnail, none, or one that somebody else has made.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "asset_reading.h"
#include "cluster.h"
#include "pg/compat.h"
#include "pg/files/thumbnail_read.h"
#include "pg/pipeline/staleness.h"
#include "stored_size.h"

/* Read a file; if it does not exist, *lost is its path. */
static bytea *
read_file(const TeAsset *asset, const char *file, int64 length, char *path, char **lost)
{
	bytea	   *bytes = te_thumbnail_read(asset->attachment->folder, file, length);

	if (bytes == NULL)
		*lost = path;
	return bytes;
}

/* The thumbnail itself: in the row or a file, also if the table has changed from one to the other since it was made. */
static bytea *
read_first(const TeAsset *asset, TeStateRead how, char **lost)
{
	const TeAttachment *attachment = asset->attachment;
	bool		in_row = (asset->state.wrote & TE_WROTE_THUMBNAIL) != 0;

	if (in_row && asset->has_thumbnail)
		return te_asset_row_bytes(asset, how, attachment->column[TE_COL_THUMBNAIL]);
	if (te_names_our_file(asset))
		return read_file(asset, asset->state.file, asset->state.file_size, asset->thumbnail_path, lost);
	if (in_row && attachment->former_thumbnail != NULL)
		return te_asset_row_bytes(asset, how, attachment->former_thumbnail);
	return NULL;
}

/* One of the sizes; NULL if the asset does not have it. */
static bytea *
read_size(const TeAsset *asset, int size, TeStateRead how, char **lost)
{
	TeStoredSize sizes[TE_MAX_SIZES];
	int			count = te_stored_sizes(asset, how, sizes);

	for (int i = 0; i < count; i++)
	{
		if (sizes[i].size != size)
			continue;
		if (sizes[i].has_bytes)
			return te_stored_size_bytes(asset, how, size);
		if (sizes[i].file != NULL)
			return read_file(asset, sizes[i].file, sizes[i].length, sizes[i].path, lost);
		return read_first(asset, how, lost);
	}
	if (count == 0 && te_settings_first_size(asset->state.thumbnail_settings) == size)
		return read_first(asset, how, lost);
	return NULL;
}

/*
 * The thumbnail of an asset, or with a size that of this size; NULL if it has none of ours, or if the file does not exist,
 * which *lost then tells.
 */
static bytea *
read_thumbnail(TeAttachment *attachment, const TeKey *key, int size, TeStateRead how, char **lost)
{
	TeAsset		asset;

	*lost = NULL;
	if (!te_asset_read(attachment, key, false, how, &asset))
		return NULL;
	return size > 0 ? read_size(&asset, size, how, lost) : read_first(&asset, how, lost);
}

/* The same; ERROR if the file does not exist. */
static bytea *
read_here(TeAttachment *attachment, const TeKey *key, int size)
{
	char	   *lost;
	bytea	   *bytes = read_thumbnail(attachment, key, size, TE_STATE_SEE, &lost);

	/* it may have been replaced, and removed, since the query began */
	if (lost != NULL)
		bytes = read_thumbnail(attachment, key, size, TE_STATE_READ, &lost);
	if (lost != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("thumbnail file \"%s\" does not exist", lost),
				 errhint("thumbexif_process(), or thumbexif_backfill(verify => true) for all assets, makes it again.")));
	return bytes;
}

/* The same, if the row is on another node of a Citus cluster; otherwise false. */
static bool
read_on_node(const TeAttachment *attachment, const TeKey *key, int size, bytea **bytes)
{
	NullableDatum third = {Int32GetDatum(size), size == 0};
	uint64		rows;

	if (!te_cluster_read_row(attachment, key, "thumbexif_file", INT4OID, third, &rows))
		return false;
	*bytes = rows > 0 && !te_out_null(0, 1) ? (bytea *) PG_DETOAST_DATUM_COPY(te_out(0, 1)) : NULL;
	te_sql_free();
	return true;
}

/* The argument "size"; 0 if it is NULL. */
static int
get_size(FunctionCallInfo fcinfo)
{
	int32		size;

	if (PG_ARGISNULL(2))
		return 0;
	size = PG_GETARG_INT32(2);
	if (size < 1 || size > TE_MAX_SIDE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("size %d is out of range", size),
				 errhint("Name a size that \"thumbexif.thumbnail_sizes\" or the table's list of sizes has, or none for the first one.")));
	return size;
}

/* thumbexif_file(id, relation regclass, size integer) RETURNS bytea */
static Datum
file(FunctionCallInfo fcinfo, Oid type)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	TeKey		key;
	bytea	   *bytes;
	bytea	   *result = NULL;
	int			size = get_size(fcinfo);

	if (!te_asset_arguments(fcinfo, type, &attachment, &key))
		PG_RETURN_NULL();
	SPI_connect();
	if (!read_on_node(attachment, &key, size, &bytes))
		bytes = read_here(attachment, &key, size);
	if (bytes != NULL)
	{
		MemoryContextSwitchTo(caller);
		result = palloc(VARSIZE(bytes));
		memcpy(result, bytes, VARSIZE(bytes));
	}
	SPI_finish();
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(result);
}

/* One function for each type of key: see queue.c. */
PG_FUNCTION_INFO_V1(thumbexif_file_bigint);
PG_FUNCTION_INFO_V1(thumbexif_file_uuid);
PG_FUNCTION_INFO_V1(thumbexif_file_text);

Datum
thumbexif_file_bigint(PG_FUNCTION_ARGS)
{
	return file(fcinfo, INT8OID);
}

Datum
thumbexif_file_uuid(PG_FUNCTION_ARGS)
{
	return file(fcinfo, UUIDOID);
}

Datum
thumbexif_file_text(PG_FUNCTION_ARGS)
{
	return file(fcinfo, TEXTOID);
}
