/*
 * asset.c
 *		Reading assets: rows with the rights of the table's owner, states with the extension's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"

#include "asset.h"
#include "asset_count.h"
#include "pg/base/statement.h"

static const char *const status_names[] = {
	[TE_ASSET_NEW] = "new",
	[TE_ASSET_QUEUED] = "queued",
	[TE_ASSET_RUNNING] = "running",
	[TE_ASSET_DONE] = "done",
	[TE_ASSET_FAILED] = "failed",
	[TE_ASSET_MISSING] = "missing",
	[TE_ASSET_UNSUPPORTED] = "unsupported",
};

/* The columns of a state row that are read, in the order of the enum below. */
#define STATE_COLUMNS \
	"id, status, claimed_from, claim, version, path_hash, source_size, source_mtime," \
	" limit_hit, attempts, interruptions, verdict, wrote, next_try, finished_at," \
	" thumbnail_settings, exif_settings, tried_settings, file, left(error, 1000), exif_error, file_size"

enum
{
	COL_ID = 1, COL_STATUS, COL_CLAIMED_FROM, COL_CLAIM, COL_VERSION, COL_PATH_HASH, COL_SOURCE_SIZE,
	COL_SOURCE_MTIME, COL_LIMIT_HIT, COL_ATTEMPTS, COL_INTERRUPTIONS, COL_VERDICT, COL_WROTE,
	COL_NEXT_TRY, COL_FINISHED_AT, COL_THUMBNAIL_SETTINGS, COL_EXIF_SETTINGS, COL_TRIED_SETTINGS, COL_FILE, COL_ERROR, COL_EXIF_ERROR,
	COL_FILE_SIZE
};

const char *
te_asset_status_name(TeAssetStatus status)
{
	return status_names[status];
}

TeAssetStatus
te_asset_status(const TeState *state)
{
	if (!state->exists)
		return TE_ASSET_NEW;
	return state->status == TE_ASSET_RUNNING ? state->claimed_from : state->status;
}

int64
te_path_hash(const char *path)
{
	if (path == NULL)
		return 0;
	return (int64) hash_bytes_extended((const unsigned char *) path, strlen(path), 0);
}

/* A column with a status; TE_ASSET_NEW for NULL (claimed_from is NULL unless the asset is running). */
static TeAssetStatus
out_status(int row, int column)
{
	if (te_out_null(row, column))
		return TE_ASSET_NEW;
	return (TeAssetStatus) Max(te_count_status(DatumGetObjectId(te_out(row, column))), TE_ASSET_NEW);
}

static void
read_state(int row, TeState *state)
{
	state->exists = true;
	state->status = out_status(row, COL_STATUS);
	state->claimed_from = out_status(row, COL_CLAIMED_FROM);
	state->claim = (int32) te_out_int(row, COL_CLAIM, -1);
	state->version = te_out_int(row, COL_VERSION, 0);
	state->has_path_hash = !te_out_null(row, COL_PATH_HASH);
	state->path_hash = te_out_int(row, COL_PATH_HASH, 0);
	state->source_size = te_out_int(row, COL_SOURCE_SIZE, -1);
	state->source_mtime = te_out_int(row, COL_SOURCE_MTIME, -1);
	state->limit_hit = te_out_int(row, COL_LIMIT_HIT, -1);
	state->attempts = (int) te_out_int(row, COL_ATTEMPTS, 0);
	state->interruptions = (int) te_out_int(row, COL_INTERRUPTIONS, 0);
	state->verdict = (int) te_out_int(row, COL_VERDICT, -1);
	state->wrote = (int) te_out_int(row, COL_WROTE, 0);
	state->next_try = te_out_int(row, COL_NEXT_TRY, 0);
	state->finished_at = te_out_int(row, COL_FINISHED_AT, 0);
	state->thumbnail_settings = te_out_text(row, COL_THUMBNAIL_SETTINGS);
	state->exif_settings = te_out_text(row, COL_EXIF_SETTINGS);
	state->tried_settings = te_out_text(row, COL_TRIED_SETTINGS);
	state->file = te_out_text(row, COL_FILE);
	state->error = te_out_text(row, COL_ERROR);
	state->exif_error = te_out_text(row, COL_EXIF_ERROR);
	state->file_size = te_out_int(row, COL_FILE_SIZE, -1);
}

/* Copy the states in SPI_tuptable to their assets, which are sorted. */
static void
merge_states(Oid key_type, TeAsset *assets, int count, uint64 rows)
{
	Oid			type = te_key_state_type(key_type);

	for (uint64 row = 0; row < rows; row++)
	{
		TeKey		key;
		int			low = 0;
		int			high = count;

		te_out_key((int) row, COL_ID, type, &key);
		while (low < high)
		{
			int			middle = low + (high - low) / 2;

			if (te_key_compare(key_type, &assets[middle].key, &key) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < count && te_key_compare(key_type, &assets[low].key, &key) == 0)
			read_state((int) row, &assets[low].state);
	}
}

/*
 * Append a SELECT of key, path and thumbnail_path up to its WHERE.  The casts guarantee the result types should a
 * column's type have changed since the attachment was read.
 */
static void
append_select(StringInfo sql, const TeAttachment *attachment)
{
	const char *thumbnail = attachment->column[TE_COL_THUMBNAIL_PATH];

	appendStringInfo(sql, "SELECT %s::%s, " TE_PATH_SQL ", ", quote_identifier(attachment->key),
					 format_type_be_qualified(attachment->key_type), quote_identifier(attachment->path));
	if (thumbnail != NULL)
		appendStringInfo(sql, TE_PATH_SQL, quote_identifier(thumbnail));
	else
		appendStringInfoString(sql, "NULL::pg_catalog.text");
	appendStringInfo(sql, " FROM ONLY %s WHERE ", attachment->name);
}

static void
read_row(const TeAttachment *attachment, int row, TeAsset *asset)
{
	asset->has_row = true;
	asset->path = te_out_text(row, 2);
	asset->thumbnail_path = te_out_text(row, 3);
}

static void
fill_range_states(const TeAttachment *attachment, TeAsset *assets, int count)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	char	   *sql = psprintf("SELECT " STATE_COLUMNS " FROM %s"
							   " WHERE attachment = $1 AND id >= $2 AND id <= $3", attachment->state);

	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &assets[0].key));
	te_arg(&args, type, te_key_datum(type, &assets[count - 1].key));
	merge_states(attachment->key_type, assets, count, te_sql_as_extension(sql, &args));
	te_sql_free();
	pfree(sql);
}

static int
compare_assets(const void *a, const void *b, void *type)
{
	return te_key_compare(*(const Oid *) type, &((const TeAsset *) a)->key, &((const TeAsset *) b)->key);
}

int
te_assets_after(const TeAttachment *attachment, const TeKey *after, int limit, TeAsset *assets, TeKey *last)
{
	Oid			type = attachment->key_type;
	const char *key = quote_identifier(attachment->key);
	StringInfoData sql;
	TeArgs		args = {0};
	int			count;

	initStringInfo(&sql);
	append_select(&sql, attachment);
	if (after != NULL)
	{
		appendStringInfo(&sql, "%s OPERATOR(pg_catalog.>) $1", key);
		te_arg(&args, type, te_key_datum(type, after));
	}
	else
		appendStringInfo(&sql, "%s IS NOT NULL", key);	/* the NOT NULL constraint may have been dropped */
	if (type == TEXTOID)
		appendStringInfo(&sql, " AND %s", te_key_fits_sql(type, te_key_sql(type, key)));

	/* The limit is a constant, since the planner might sort the whole table unless it knows that the limit is small. */
	appendStringInfo(&sql, " ORDER BY %s LIMIT %d", key, limit);

	count = (int) te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql.data, &args);
	memset(assets, 0, sizeof(TeAsset) * count);
	for (int i = 0; i < count; i++)
	{
		assets[i].attachment = attachment;
		te_out_key(i, 1, type, &assets[i].key);
		read_row(attachment, i, &assets[i]);
	}
	te_sql_free();
	pfree(sql.data);
	if (count == 0)
		return 0;
	*last = assets[count - 1].key;
	if (type == TEXTOID)
	{
		/* in the order of the column's collation, which is not ours */
		qsort_arg(assets, count, sizeof(TeAsset), compare_assets, &type);
		te_assets_fill_states(attachment, assets, count, TE_STATE_READ);
	}
	else
		fill_range_states(attachment, assets, count);
	return count;
}

void
te_assets_of_keys(const TeAttachment *attachment, const TeKey *keys, int count, TeAsset *assets)
{
	Oid			type = attachment->key_type;

	memset(assets, 0, sizeof(TeAsset) * count);
	for (int i = 0; i < count; i++)
	{
		assets[i].attachment = attachment;
		assets[i].key = keys[i];
	}
	qsort_arg(assets, count, sizeof(TeAsset), compare_assets, &type);
}

/* Add the keys of assets as an array parameter. */
static void
arg_keys(TeArgs *args, Oid type, const TeAsset *assets, int count)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * Max(count, 1));

	for (int i = 0; i < count; i++)
		keys[i] = assets[i].key;
	te_arg(args, te_key_array_type(type), te_key_array(type, keys, count));
	pfree(keys);
}

void
te_assets_fill_rows(const TeAttachment *attachment, TeAsset *assets, int count)
{
	Oid			type = attachment->key_type;
	const char *key = quote_identifier(attachment->key);
	StringInfoData sql;
	TeArgs		args = {0};
	int			found;

	initStringInfo(&sql);
	append_select(&sql, attachment);
	appendStringInfo(&sql, "%s OPERATOR(pg_catalog.=) ANY ($1) ORDER BY %s", key, te_key_sql(type, key));
	arg_keys(&args, type, assets, count);
	found = (int) te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql.data, &args);

	/* The result and the assets are sorted by key. */
	for (int row = 0, i = 0; row < found && i < count; row++)
	{
		TeKey		this;

		te_out_key(row, 1, type, &this);
		while (i < count && te_key_compare(type, &assets[i].key, &this) < 0)
			i++;
		if (i < count && te_key_compare(type, &assets[i].key, &this) == 0)
			read_row(attachment, row, &assets[i]);
	}
	te_sql_free();
	pfree(sql.data);
}

void
te_arg_state_keys(TeArgs *args, const TeAttachment *attachment, const TeKey *keys, int count)
{
	Oid			type = te_key_state_type(attachment->key_type);
	Datum	   *numbers = palloc(sizeof(Datum) * Max(count, 1));

	for (int i = 0; i < count; i++)
		numbers[i] = Int32GetDatum(attachment->number);
	te_arg_array(args, INT4OID, numbers, NULL, count);
	te_arg(args, te_key_array_type(type), te_key_array(type, keys, count));
	pfree(numbers);
}

void
te_assets_fill_states(const TeAttachment *attachment, TeAsset *assets, int count, TeStateRead how)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * Max(count, 1));
	TeArgs		args = {0};
	char	   *sql;

	for (int i = 0; i < count; i++)
	{
		keys[i] = assets[i].key;
		memset(&assets[i].state, 0, sizeof(TeState));
	}
	te_arg_state_keys(&args, attachment, keys, count);
	sql = psprintf("SELECT " STATE_COLUMNS " FROM %s AS s, unnest($1, $2) AS w (w_attachment, w_id)"
				   " WHERE s.attachment = w_attachment AND s.id = w_id%s",
				   attachment->state, how == TE_STATE_LOCK ? " FOR UPDATE OF s" : "");
	merge_states(attachment->key_type, assets, count,
				 how == TE_STATE_SEE ? te_sql_read_by_index(sql, &args) : te_sql_by_index(sql, &args));
	te_sql_free();
	pfree(sql);
	pfree(keys);
}

void
te_states_lock(const TeAttachment *attachment, const TeKey *keys, const int64 *versions, int count, bool *locked)
{
	TeArgs		args = {0};
	char	   *sql;
	uint64		found;

	te_arg_state_keys(&args, attachment, keys, count);
	te_arg_int8_array(&args, versions, count);
	sql = psprintf("SELECT w.n FROM %s AS s, unnest($1, $2, $3) WITH ORDINALITY AS w (attachment, id, version, n)"
				   " WHERE s.attachment = w.attachment AND s.id = w.id AND s.version = w.version"
				   " FOR UPDATE OF s SKIP LOCKED", attachment->state);
	found = te_sql_by_index(sql, &args);
	memset(locked, 0, sizeof(bool) * count);
	for (uint64 row = 0; row < found; row++)
		locked[te_out_int((int) row, 1, 1) - 1] = true;
	te_sql_free();
	pfree(sql);
}
