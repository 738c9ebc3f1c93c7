/*
 * asset.c
 *		Reading assets: rows with the rights of the table's owner, states with the extension's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "asset.h"
#include "asset_count.h"
#include "key_sql.h"
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
	" thumbnail_settings, exif_settings, tried_settings, file, left(error, 1000), exif_error, file_size, damage, sidecar"

enum
{
	COL_ID = 1, COL_STATUS, COL_CLAIMED_FROM, COL_CLAIM, COL_VERSION, COL_PATH_HASH, COL_SOURCE_SIZE,
	COL_SOURCE_MTIME, COL_LIMIT_HIT, COL_ATTEMPTS, COL_INTERRUPTIONS, COL_VERDICT, COL_WROTE,
	COL_NEXT_TRY, COL_FINISHED_AT, COL_THUMBNAIL_SETTINGS, COL_EXIF_SETTINGS, COL_TRIED_SETTINGS, COL_FILE, COL_ERROR, COL_EXIF_ERROR,
	COL_FILE_SIZE, COL_DAMAGE, COL_SIDECAR
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
out_status(int column)
{
	if (te_out_null(0, column))
		return TE_ASSET_NEW;
	return (TeAssetStatus) Max(te_count_status(DatumGetObjectId(te_out(0, column))), TE_ASSET_NEW);
}

static void
read_state(TeState *state)
{
	state->exists = true;
	state->status = out_status(COL_STATUS);
	state->claimed_from = out_status(COL_CLAIMED_FROM);
	state->claim = (int32) te_out_int(0, COL_CLAIM, -1);
	state->version = te_out_int(0, COL_VERSION, 0);
	state->has_path_hash = !te_out_null(0, COL_PATH_HASH);
	state->path_hash = te_out_int(0, COL_PATH_HASH, 0);
	state->source_size = te_out_int(0, COL_SOURCE_SIZE, -1);
	state->source_mtime = te_out_int(0, COL_SOURCE_MTIME, -1);
	state->limit_hit = te_out_int(0, COL_LIMIT_HIT, -1);
	state->attempts = (int) te_out_int(0, COL_ATTEMPTS, 0);
	state->interruptions = (int) te_out_int(0, COL_INTERRUPTIONS, 0);
	state->verdict = (int) te_out_int(0, COL_VERDICT, -1);
	state->wrote = te_out_int(0, COL_WROTE, 0);
	state->next_try = te_out_int(0, COL_NEXT_TRY, 0);
	state->finished_at = te_out_int(0, COL_FINISHED_AT, 0);
	state->thumbnail_settings = te_out_text(0, COL_THUMBNAIL_SETTINGS);
	state->exif_settings = te_out_text(0, COL_EXIF_SETTINGS);
	state->tried_settings = te_out_text(0, COL_TRIED_SETTINGS);
	state->file = te_out_text(0, COL_FILE);
	state->error = te_out_text(0, COL_ERROR);
	state->exif_error = te_out_text(0, COL_EXIF_ERROR);
	state->file_size = te_out_int(0, COL_FILE_SIZE, -1);
	state->damage = te_out_text(0, COL_DAMAGE);
	state->sidecar = te_out_int(0, COL_SIDECAR, 0);
}

/* Assets that are filled with the rows or states that a statement returns. */
typedef struct Filling
{
	const TeAttachment *attachment;
	TeAsset    *assets;
	const int  *order;			/* their places, sorted by key; NULL = the assets are sorted themselves */
	int			count;
	int			next;			/* where the asset of the next row is if rows come in the order of keys */
} Filling;

/* The asset in a place of the order of keys. */
static TeAsset *
asset_at(const Filling *filling, int place)
{
	return &filling->assets[filling->order != NULL ? filling->order[place] : place];
}

/* The asset with a key, or NULL. */
static TeAsset *
find_asset(Filling *filling, const TeKey *key)
{
	Oid			type = filling->attachment->key_type;
	int			low = 0;
	int			high = filling->count;

	if (filling->next < high && te_key_compare(type, &asset_at(filling, filling->next)->key, key) == 0)
		return asset_at(filling, filling->next++);
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (te_key_compare(type, &asset_at(filling, middle)->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == filling->count || te_key_compare(type, &asset_at(filling, low)->key, key) != 0)
		return NULL;
	filling->next = low + 1;
	return asset_at(filling, low);
}

/* TeArgs.each: a state. */
static void
fill_state(void *arg)
{
	Filling    *filling = arg;
	TeAsset    *asset;
	TeKey		key;

	te_out_key(0, COL_ID, te_key_state_type(filling->attachment->key_type), &key);
	asset = find_asset(filling, &key);
	if (asset != NULL)
		read_state(&asset->state);
}

/* left() counts characters, so it is only called for a long path. */
char *
te_path_sql(const char *column)
{
	const char *text = psprintf("CAST(%s AS pg_catalog.text)", column);

	return psprintf("CASE WHEN pg_catalog.octet_length(%s) OPERATOR(pg_catalog.<=) 5000 THEN %s"
					" ELSE pg_catalog.left(%s, 5000) END", text, text, text);
}

char *
te_out_thumbnail_path(int row, int column)
{
	char	   *path = te_out_text(row, column);

	return path != NULL && path[0] != '\0' ? path : NULL;
}

/*
 * Append a SELECT of key, path, thumbnail_path and whether there is a thumbnail in the row, up to its WHERE.  The casts guarantee the result types should a
 * column's type have changed since the attachment was read.
 */
static void
append_select(StringInfo sql, const TeAttachment *attachment)
{
	const char *thumbnail = attachment->column[TE_COL_THUMBNAIL_PATH];

	appendStringInfo(sql, "SELECT %s, %s, %s", te_key_out_sql(&attachment->key, ""),
					 te_path_sql(quote_identifier(attachment->path)),
					 thumbnail != NULL ? te_path_sql(quote_identifier(thumbnail)) : "NULL::pg_catalog.text");
	/* that it is there can be told without reading it */
	if (te_attachment_stores_bytes(attachment))
		appendStringInfo(sql, ", %s IS NOT NULL", quote_identifier(attachment->column[TE_COL_THUMBNAIL]));
	appendStringInfo(sql, " FROM %s WHERE ", attachment->rows);
}

static void
read_row(TeAsset *asset)
{
	asset->has_thumbnail = te_attachment_stores_bytes(asset->attachment) && DatumGetBool(te_out(0, 4));
	asset->has_row = true;
	asset->path = te_out_text(0, 2);
	asset->thumbnail_path = te_out_thumbnail_path(0, 3);
}

/* TeArgs.each: a row of an asset, and the row of the next asset. */
static void
fill_row(void *arg)
{
	Filling    *filling = arg;
	TeAsset    *asset;
	TeKey		key;

	te_out_key(0, 1, filling->attachment->key_type, &key);
	asset = find_asset(filling, &key);
	if (asset != NULL)
		read_row(asset);
}

static void
add_row(void *arg)
{
	Filling    *filling = arg;
	TeAsset    *asset = &filling->assets[filling->count++];

	memset(asset, 0, sizeof(TeAsset));
	asset->attachment = filling->attachment;
	te_out_key(0, 1, filling->attachment->key_type, &asset->key);
	read_row(asset);
}

static void
fill_range_states(const TeAttachment *attachment, TeAsset *assets, int count)
{
	Oid			type = te_key_state_type(attachment->key_type);
	Filling		filling = {.attachment = attachment, .assets = assets, .count = count};
	TeArgs		args = {.each = fill_state, .each_arg = &filling};
	char	   *sql = psprintf("SELECT " STATE_COLUMNS " FROM %s"
							   " WHERE attachment = $1 AND id >= $2 AND id <= $3", attachment->state);

	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &assets[0].key));
	te_arg(&args, type, te_key_datum(type, &assets[count - 1].key));
	te_sql_read(sql, &args);
	pfree(sql);
}

static int
compare_assets(const void *a, const void *b, void *type)
{
	return te_key_compare(*(const Oid *) type, &((const TeAsset *) a)->key, &((const TeAsset *) b)->key);
}

/* Compare places of assets. */
static int
compare_places(const void *a, const void *b, void *assets)
{
	const TeAsset *one = &((const TeAsset *) assets)[*(const int *) a];
	const TeAsset *other = &((const TeAsset *) assets)[*(const int *) b];

	return te_key_compare(one->attachment->key_type, &one->key, &other->key);
}

/* The rows of te_assets_after(). */
static int
read_rows_after(const TeAttachment *attachment, const TeKey *after, int limit, TeAsset *assets)
{
	Oid			type = attachment->key_type;
	const TeKeyColumns *key = &attachment->key;
	StringInfoData sql;
	Filling		filling = {.attachment = attachment, .assets = assets};
	TeArgs		args = {.each = add_row, .each_arg = &filling};

	initStringInfo(&sql);
	append_select(&sql, attachment);
	if (after != NULL)
	{
		appendStringInfoString(&sql, te_key_after_sql(key, "", "$1"));
		te_arg(&args, type, te_key_datum(type, after));
	}
	else						/* the NOT NULL constraint may have been dropped */
		appendStringInfo(&sql, "%s IS NOT NULL", quote_identifier(key->name[0]));
	if (type == TEXTOID)
		appendStringInfo(&sql, " AND %s", te_key_fits_sql(key, ""));

	/* The limit is a constant, since the planner might sort the whole table unless it knows that the limit is small. */
	appendStringInfo(&sql, " ORDER BY %s LIMIT %d", te_key_list_sql(key, "", ""), limit);

	te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql.data, &args);
	pfree(sql.data);
	return filling.count;
}

void
te_assets_sort(TeAsset *assets, int count)
{
	if (count > 1)
		qsort_arg(assets, count, sizeof(TeAsset), compare_assets, unconstify(Oid *, &assets[0].attachment->key_type));
}

void
te_assets_of_keys(const TeAttachment *attachment, const TeKey *keys, int count, TeAsset *assets)
{
	memset(assets, 0, sizeof(TeAsset) * count);
	for (int i = 0; i < count; i++)
	{
		assets[i].attachment = attachment;
		assets[i].key = keys[i];
	}
	te_assets_sort(assets, count);
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
	const TeKeyColumns *key = &attachment->key;
	StringInfoData sql;
	Filling		filling = {.attachment = attachment, .assets = assets, .count = count};
	TeArgs		args = {.each = fill_row, .each_arg = &filling};

	initStringInfo(&sql);
	append_select(&sql, attachment);
	appendStringInfo(&sql, "%s ORDER BY %s", te_key_any_sql(key, "", "$1"), te_key_sql(key, ""));
	arg_keys(&args, type, assets, count);
	te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql.data, &args);
	pfree(sql.data);
}

void
te_arg_state_keys(TeArgs *args, const TeAttachment *attachment, const TeKey *keys, int count)
{
	Oid			type = te_key_state_type(attachment->key_type);
	Datum	   *values = palloc(sizeof(Datum) * Max(count, 1));

	te_arg_int4(args, count);
	for (int i = 0; i < count; i++)
		values[i] = Int32GetDatum(attachment->number);
	te_arg_array(args, INT4OID, values, NULL, count);
	for (int i = 0; i < count; i++)
		values[i] = te_key_datum(type, &keys[i]);
	te_arg_array(args, type, values, NULL, count);
	pfree(values);
}

/* te_assets_fill_states(), in an order of the assets that Filling describes. */
static void
fill_states(const TeAttachment *attachment, TeAsset *assets, const int *order, int count, TeStateRead how)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * Max(count, 1));
	Filling		filling = {attachment, assets, order, count};
	TeArgs		args = {.each = fill_state, .each_arg = &filling};
	char	   *sql;

	for (int i = 0; i < count; i++)
	{
		keys[i] = asset_at(&filling, i)->key;
		memset(&assets[i].state, 0, sizeof(TeState));
	}
	te_arg_state_keys(&args, attachment, keys, count);
	sql = psprintf("SELECT " STATE_COLUMNS " FROM %s AS s, " TE_STATE_KEYS_SQL "%s",
				   attachment->state, how == TE_STATE_LOCK ? " FOR UPDATE OF s" : "");
	if (how == TE_STATE_SEE)
		te_sql_read_by_index(sql, &args);
	else
		te_sql_by_index(sql, &args);
	pfree(sql);
	pfree(keys);
}

/* The states of texts, which are not in our order: rows come in that of the column's collation, or of several columns. */
static void
fill_text_states(const TeAttachment *attachment, TeAsset *assets, int count)
{
	int		   *order = palloc(sizeof(int) * count);

	for (int i = 0; i < count; i++)
		order[i] = i;
	qsort_arg(order, count, sizeof(int), compare_places, assets);
	fill_states(attachment, assets, order, count, TE_STATE_SEE);
	pfree(order);
}

int
te_assets_after(const TeAttachment *attachment, const TeKey *after, int limit, TeAsset *assets, TeKey *last)
{
	int			count;

	/* the states as of before the rows: see te_claim_assets() */
	PushActiveSnapshot(GetTransactionSnapshot());
	count = read_rows_after(attachment, after, limit, assets);
	if (count > 0)
	{
		*last = assets[count - 1].key;
		if (attachment->key_type == TEXTOID)
			fill_text_states(attachment, assets, count);
		else
			fill_range_states(attachment, assets, count);
	}
	PopActiveSnapshot();
	return count;
}

void
te_assets_fill_states(const TeAttachment *attachment, TeAsset *assets, int count, TeStateRead how)
{
	fill_states(attachment, assets, NULL, count, how);
}

void
te_states_lock(const TeAttachment *attachment, const TeKey *keys, const int64 *versions, int count, bool *locked)
{
	TeArgs		args = {0};
	char	   *sql;
	uint64		found;

	te_arg_state_keys(&args, attachment, keys, count);
	te_arg_int8_array(&args, versions, count);
	sql = psprintf("SELECT n FROM %s AS s, " TE_STATE_KEYS_SQL " AND s.version = ($4)[n] FOR UPDATE OF s SKIP LOCKED",
				   attachment->state);
	found = te_sql_by_index(sql, &args);
	memset(locked, 0, sizeof(bool) * count);
	for (uint64 row = 0; row < found; row++)
		locked[te_out_int((int) row, 1, 1) - 1] = true;
	te_sql_free();
	pfree(sql);
}

bool
te_state_lock(const TeAsset *asset)
{
	bool		locked;

	te_states_lock(asset->attachment, &asset->key, &asset->state.version, 1, &locked);
	return locked;
}
