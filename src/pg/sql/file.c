/*
 * file.c
 *		SQL function thumbexif_file(): the stored thumbnail of an asset.
 *
 * Who may read the row may read the thumbnail.  Which file that is, our state tells: the row only tells whether it has this
 * thumbnail, none, or one that somebody else has made.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "asset_reading.h"
#include "pg/compat.h"
#include "pg/files/thumbnail_read.h"
#include "pg/pipeline/staleness.h"

/* The thumbnail of an asset; NULL if it has none of ours, or if the file does not exist, which *lost then tells. */
static bytea *
read_file(const TeAttachment *attachment, const TeKey *key, TeStateRead how, char **lost)
{
	TeAsset		asset;
	bytea	   *bytes;

	*lost = NULL;
	if (!te_asset_read(attachment, key, false, how, &asset) || !te_names_our_file(&asset))
		return NULL;
	bytes = te_thumbnail_read(attachment->number, asset.state.file, asset.state.file_size);
	if (bytes == NULL)
		*lost = asset.thumbnail_path;
	return bytes;
}

/* thumbexif_file(id, relation regclass) RETURNS bytea */
static Datum
file(FunctionCallInfo fcinfo, Oid type)
{
	MemoryContext caller = CurrentMemoryContext;
	TeAttachment *attachment;
	TeKey		key;
	bytea	   *bytes;
	bytea	   *result = NULL;
	char	   *lost;

	if (!te_asset_arguments(fcinfo, type, &attachment, &key))
		PG_RETURN_NULL();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	bytes = read_file(attachment, &key, TE_STATE_SEE, &lost);
	/* it may have been replaced, and removed, since the query began */
	if (lost != NULL)
		bytes = read_file(attachment, &key, TE_STATE_READ, &lost);
	if (lost != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("thumbnail file \"%s\" does not exist", lost),
				 errhint("thumbexif_process(), or thumbexif_backfill(verify => true) for all assets, makes it again.")));
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
