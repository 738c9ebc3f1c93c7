/*
 * adopt.c
 *		Thumbnails that rows name and their states do not.
 *
 * A file belongs to one state.  A name begins with the key that its asset had when it was made, so if that is the row's key and the row
 * has no state, no other state is looked for, but those of the same key in other partitions; otherwise all states of the table, or of all
 * partitions, are read once for each call.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "adopt.h"
#include "asset_files.h"
#include "pg/base/extension.h"
#include "pg/base/guc.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/member.h"
#include "pg/files/thumbnail_path.h"
#include "wire/message.h"

#define LOCK_TIMEOUT "100ms"	/* for states that others insert, and have not committed */

/*
 * Does the row of a shard have a thumbnail in itself, which no state knows of?  With its shard it may have been moved here from another node.
 * In other tables such bytes may be anybody's.
 */
static bool
has_moved_bytes(const TeAsset *asset)
{
	return (asset->attachment->shard != 0 || asset->attachment->arrived) && te_attachment_stores_bytes(asset->attachment) && asset->has_thumbnail && !asset->state.exists;
}

bool
te_may_adopt_queued(const TeAsset *asset)
{
	const TeState *state = &asset->state;

	return asset->attachment->arrived && state->exists && state->file == NULL && (state->status == TE_ASSET_QUEUED || state->status == TE_ASSET_NEW) &&
		te_asset_files_own_name(asset) != NULL;
}

bool
te_may_adopt(const TeAsset *asset)
{
	char	   *name;

	if (asset->path == NULL)
		return false;
	if (te_may_adopt_queued(asset))
		return true;
	if (asset->state.exists && !te_source_changed(asset, NULL))
		return false;
	if (has_moved_bytes(asset))
		return true;
	name = te_asset_files_own_name(asset);
	return name != NULL && (asset->state.file == NULL || strcmp(name, asset->state.file) != 0);
}

/* Is the file there, and of the format that is wanted? */
static bool
file_exists(const TeAsset *asset, char *name)
{
	TeAsset		named = *asset;
	const char *suffix = te_format_suffix(te_thumbnail_format);
	size_t		length = strlen(name);

	if (strlen(suffix) >= length || strcmp(name + length - strlen(suffix), suffix) != 0)
		return false;
	named.state = (TeState) {.file = name, .file_size = -1};
	te_asset_files_check_thumbnail(&named, TE_PART_THUMBNAIL);
	return !named.thumbnail_lost;
}

/* Was the file made for an asset with this key? */
static bool
was_made_for(const char *name, const TeAsset *asset)
{
	return te_thumbnail_is_of(name, te_key_text(asset->attachment->key_type, &asset->key));
}

/*
 * May rows on other nodes name this file, so that nobody can tell whose it is?  Those of one shard were copied into several; the key in a
 * file's name is that of one of them.
 */
static bool
may_be_on_other_nodes(const TeAsset *asset, const char *name)
{
	return !was_made_for(name, asset) && te_asset_files_is_of_former_shard(asset);
}

bool
te_may_adopt_own(const TeAsset *asset)
{
	return te_may_adopt(asset) && (has_moved_bytes(asset) || was_made_for(te_asset_files_own_name(asset), asset));
}

/* --- owners: states that name the files */

typedef struct Owners
{
	TeAsset    *assets;
	int			count;
} Owners;

/* The assets of one of these tables. */
static void
add_owners(const TeAttachment *attachment, Datum *files, int count, Owners *owners)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	TeAsset    *assets;
	TeKey	   *keys;
	int			found;

	te_arg_int4(&args, attachment->number);
	te_arg_array(&args, TEXTOID, files, NULL, count);
	found = (int) te_sql_as_extension(psprintf("SELECT id FROM %s WHERE attachment = $1 AND file = ANY ($2)", attachment->state), &args);
	keys = palloc(sizeof(TeKey) * Max(found, 1));
	for (int i = 0; i < found; i++)
		te_out_key(i, 1, type, &keys[i]);
	te_sql_free();
	if (found == 0)
		return;
	owners->assets = repalloc(owners->assets, sizeof(TeAsset) * (owners->count + found));
	assets = owners->assets + owners->count;
	owners->count += found;
	te_assets_of_keys(attachment, keys, found, assets);
	te_assets_fill_states(attachment, assets, found, TE_STATE_READ);
	te_assets_fill_rows(attachment, assets, found);
}

/* The assets whose states name one of these files, with their rows and states. */
static void
find_owners(const TeAttachment *attachment, Datum *files, int count, Owners *owners)
{
	ListCell   *cell;

	*owners = (Owners) {.assets = palloc(sizeof(TeAsset))};
	foreach(cell, count > 0 ? te_member_tables_of_folder(attachment) : NIL)
		add_owners(lfirst(cell), files, count, owners);
}

/* Does a state with one of these keys, in whichever partition, name one of the files? */
static bool
any_owner(const TeAttachment *attachment, const TeKey *keys, Datum *files, int count)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	if (count == 0 || !te_attachment_shares_folder(attachment))
		return false;
	te_arg(&args, te_key_array_type(type), te_key_array(type, keys, count));
	te_arg_array(&args, TEXTOID, files, NULL, count);
	return te_sql_by_index(psprintf("SELECT FROM %s AS s WHERE s.attachment IN (%s) AND s.id = ANY ($1) AND s.file = ANY ($2) LIMIT 1",
									attachment->state, te_member_numbers_sql(attachment->parent)), &args) > 0;
}

static TeAsset *
owner_of(Owners *owners, const char *name)
{
	for (int i = 0; i < owners->count; i++)
		if (owners->assets[i].state.file != NULL && strcmp(owners->assets[i].state.file, name) == 0)
			return &owners->assets[i];
	return NULL;
}

/* --- states */

/* The settings of a thumbnail of which only the first size is known to exist. */
static char *
settings_of_one_size(const TeSettings *settings)
{
	char	   *text = pstrdup(settings->thumbnail);
	char	   *comma = strchr(text, ',');

	if (comma != NULL)
	{
		char	   *rest = comma + strcspn(comma, " ");

		memmove(comma, rest, strlen(rest) + 1);
	}
	return text;
}

/* Assets that have no state, and the files that they name.  A name is empty if the thumbnail is in the row. */
typedef struct Insertion
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	TeAsset   **assets;
	char	  **names;
	int			count;
} Insertion;

/* Insert the states. */
static void
insert_states(void *arg)
{
	const Insertion *insertion = arg;
	const TeAttachment *attachment = insertion->attachment;
	const TeSettings *settings = insertion->settings;
	int			count = insertion->count;
	Oid			type = te_key_state_type(attachment->key_type);
	Datum	   *values = palloc(sizeof(Datum) * count);
	TeArgs		args = {0};
	TeRunAs		save;

	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, count);
	for (int i = 0; i < count; i++)
		values[i] = te_key_datum(type, &insertion->assets[i]->key);
	te_arg_array(&args, type, values, NULL, count);
	for (int i = 0; i < count; i++)
		values[i] = CStringGetTextDatum(insertion->names[i]);
	te_arg_array(&args, TEXTOID, values, NULL, count);
	for (int i = 0; i < count; i++)
		values[i] = Int64GetDatum(te_path_hash(insertion->assets[i]->path));
	te_arg_array(&args, INT8OID, values, NULL, count);
	te_arg_text(&args, settings_of_one_size(settings));
	te_arg_text(&args, settings->exif);
	te_arg_text(&args, te_asset_status_name(settings->sizes.count > 1 ? TE_ASSET_QUEUED : TE_ASSET_DONE));
	te_run_as_extension(&save);
	te_sql(psprintf("INSERT INTO %s (attachment, id, status, next_try, finished_at, file, wrote, path_hash, thumbnail_settings, exif_settings)"
					" SELECT $1, ($3)[n], $8::%s, CASE $8 WHEN 'queued' THEN now() END, now(), NULLIF(($4)[n], ''),"
					" CASE ($4)[n] WHEN '' THEN " INT64_FORMAT " ELSE 0 END, ($5)[n], $6, $7"
					" FROM generate_series(1, $2) AS n ON CONFLICT DO NOTHING",
					attachment->state, te_internal_name("thumbexif_asset_status"), TE_WROTE_THUMBNAIL), &args);
	te_run_as_end(&save);
}

/* Everything that te_adopt() works on. */
typedef struct Adopting
{
	TeAsset   **assets;
	int			count;
	Owners		owners;
} Adopting;

/* An asset may be among those that were read as well as among the owners: both are to know the state as it is now. */
static void
note_file(TeAsset *asset, int attachment, Oid type, const TeKey *key, char *file, int64 version)
{
	if (!asset->state.exists || asset->attachment->number != attachment || te_key_compare(type, &asset->key, key) != 0)
		return;
	asset->state.file = file;
	asset->state.version = version;
}

/* Let a state, which nobody has changed since it was read, name a file that no other state names, or none.  False if it is locked. */
static bool
set_file(Adopting *adopting, const TeAsset *asset, char *name)
{
	const TeAttachment *attachment = asset->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeKey		key = asset->key;
	int64		version = asset->state.version + 1;
	TeArgs		args = {0};

	if (!te_state_lock(asset))
		return false;
	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &key));
	te_arg_text(&args, name);
	te_sql_by_index(psprintf("UPDATE %s SET file = $3, file_size = NULL, version = version + 1 WHERE attachment = $1 AND id = $2",
							 attachment->state), &args);
	for (int i = 0; i < adopting->count; i++)
		note_file(adopting->assets[i], attachment->number, type, &key, name, version);
	for (int i = 0; i < adopting->owners.count; i++)
		note_file(&adopting->owners.assets[i], attachment->number, type, &key, name, version);
	return true;
}

/* Let an asset have a file that exists, unless that belongs to another row.  One without state remains to be inserted. */
static TeAdoption
take_file(Adopting *adopting, TeAsset *asset, char *name)
{
	TeAsset    *owner = owner_of(&adopting->owners, name);

	if (owner != NULL && owner->has_row && te_names_our_file(owner))
		return TE_ADOPT_NOT;
	if (owner != NULL && !set_file(adopting, owner, NULL))
		return TE_ADOPT_LATER;
	if (!asset->state.exists)
		return TE_ADOPT_DONE;
	return set_file(adopting, asset, name) ? TE_ADOPT_FILE : TE_ADOPT_LATER;
}

/* Has one of the earlier assets taken the file of this one? */
static bool
is_taken(char **names, const TeAdoption *results, int asset)
{
	for (int i = 0; i < asset; i++)
		if (names[asset][0] != '\0' && (results[i] == TE_ADOPT_DONE || results[i] == TE_ADOPT_FILE) && strcmp(names[i], names[asset]) == 0)
			return true;
	return false;
}

void
te_adopt(const TeAttachment *attachment, const TeSettings *settings, TeAsset **assets, int count, TeAdoption *results)
{
	char	  **names = palloc0(sizeof(char *) * Max(count, 1));
	Datum	   *searched = palloc(sizeof(Datum) * Max(count, 1));
	Datum	   *own = palloc(sizeof(Datum) * Max(count, 1));
	TeKey	   *keys = palloc(sizeof(TeKey) * Max(count, 1));
	TeAsset   **inserted = palloc(sizeof(TeAsset *) * Max(count, 1));
	char	  **inserted_names = palloc(sizeof(char *) * Max(count, 1));
	Insertion	insertion = {attachment, settings, inserted, inserted_names, 0};
	Adopting	adopting = {.assets = assets, .count = count};
	int			num_own = 0;
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		char	   *name = te_asset_files_own_name(assets[i]);

		if (has_moved_bytes(assets[i]))
			names[i] = "";
		if (name == NULL || !file_exists(assets[i], name) || may_be_on_other_nodes(assets[i], name))
			continue;
		names[i] = name;
		if (assets[i]->state.exists || !was_made_for(name, assets[i]))
			searched[n++] = CStringGetTextDatum(name);
		else
		{
			keys[num_own] = assets[i]->key;
			own[num_own++] = CStringGetTextDatum(name);
		}
	}
	/* partitions may have the same keys */
	if (any_owner(attachment, keys, own, num_own))
	{
		memcpy(searched + n, own, sizeof(Datum) * num_own);
		n += num_own;
	}
	find_owners(attachment, searched, n, &adopting.owners);
	n = 0;
	for (int i = 0; i < count; i++)
	{
		results[i] = names[i] != NULL && !is_taken(names, results, i) ? take_file(&adopting, assets[i], names[i]) : TE_ADOPT_NOT;
		if (results[i] != TE_ADOPT_DONE)
			continue;
		inserted[n] = assets[i];
		inserted_names[n++] = names[i];
	}
	insertion.count = n;
	if (n == 0 || te_subtransaction_short_waits(insert_states, &insertion, LOCK_TIMEOUT))
		return;
	/* others have inserted one of these states, and have not committed */
	for (int i = 0; i < count; i++)
		if (results[i] == TE_ADOPT_DONE)
			results[i] = TE_ADOPT_LATER;
}
