/*
 * moved_state.c
 *		States of rows whose key has changed while no trigger told of it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "moved_state.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/member.h"
#include "staleness.h"

/* The end of a file's name that is compared by the database: most of its random number, and the suffix. */
#define NAME_END	20

/* --- the rows that name files */

/* Add the ends of the names of files (entries may be NULL) as an array parameter; false if there are none. */
static bool
arg_ends(TeArgs *args, char *const *files, int count)
{
	Datum	   *ends = palloc(sizeof(Datum) * Max(count, 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (files[i] != NULL)
			ends[n++] = CStringGetTextDatum(files[i] + Max((int) strlen(files[i]) - NAME_END, 0));
	}
	te_arg_array(args, TEXTOID, ends, NULL, n);
	return n > 0;
}

/* A condition: the path ends as one of $1. */
static char *
ends_sql(const char *path)
{
	return psprintf("pg_catalog.right(%s, %d) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.=) ANY ($1)", path, NAME_END);
}

typedef struct Naming
{
	const TeAttachment *attachment;
	const TeAsset **gone;
	TeAsset    *rows;			/* [i] names the file of gone[i] if it has a row, which may be one of another partition */
	int			count;
} Naming;

static void
note_row(void *arg)
{
	Naming	   *naming = arg;
	TeAsset		row = {.attachment = naming->attachment, .has_row = true};

	row.thumbnail_path = te_out_text(0, 2);
	for (int i = 0; i < naming->count; i++)
	{
		if (naming->rows[i].has_row || !te_path_names_file(row.thumbnail_path, naming->gone[i]->state.file))
			continue;
		te_out_key(0, 1, naming->attachment->key_type, &row.key);
		naming->rows[i] = row;
		return;
	}
}

/* Find the rows.  With the owner's rights. */
static void
find_rows(Naming *naming)
{
	const TeAttachment *attachment = naming->attachment;
	const char *path = te_path_sql(quote_identifier(attachment->column[TE_COL_THUMBNAIL_PATH]));
	char	  **files = palloc(sizeof(char *) * Max(naming->count, 1));
	TeArgs		args = {.each = note_row, .each_arg = naming};

	for (int i = 0; i < naming->count; i++)
		files[i] = naming->gone[i]->state.file;
	if (arg_ends(&args, files, naming->count))
		te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path,
						psprintf("SELECT %s, %s FROM ONLY %s WHERE %s AND %s", te_key_out_sql(&attachment->key, ""), path, attachment->name,
								 te_key_fits_sql(&attachment->key, ""), ends_sql(path)), &args);
}

/* The same in the other partitions, if the table is one. */
static void
find_rows_elsewhere(Naming *naming)
{
	const TeAttachment *attachment = naming->attachment;
	ListCell   *cell;

	foreach(cell, te_member_tables_of_folder(attachment))
	{
		naming->attachment = lfirst(cell);
		if (naming->attachment->number != attachment->number)
			find_rows(naming);
	}
	naming->attachment = attachment;
}

typedef struct Named
{
	char	  **files;
	int			count;
	bool	   *named;
} Named;

static void
note_named(void *arg)
{
	Named	   *named = arg;
	char	   *path = te_out_text(0, 1);

	for (int i = 0; i < named->count; i++)
		named->named[i] |= te_path_names_file(path, named->files[i]);
	pfree(path);
}

void
te_rows_naming(const TeAttachment *attachment, char **files, int count, bool *named)
{
	Named		all = {files, count, named};
	TeArgs		args = {.each = note_named, .each_arg = &all};
	const char *path = attachment->column[TE_COL_THUMBNAIL_PATH];

	if (path == NULL || !arg_ends(&args, files, count))
		return;
	path = te_path_sql(quote_identifier(path));
	te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path,
					psprintf("SELECT %s FROM ONLY %s WHERE %s", path, attachment->name, ends_sql(path)), &args);
}

/* --- moving and giving */

/* Let the file of a state belong to that of another asset, and update both.  False if one of the states is locked or has changed since it was read. */
static bool
give_file(const TeAttachment *attachment, TeAsset *from, TeAsset *to)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		giver = {0};
	TeArgs		taker = {0};

	if (!te_state_lock(from) || !te_state_lock(to))
		return false;
	te_arg_int4(&giver, attachment->number);
	te_arg(&giver, type, te_key_datum(type, &from->key));
	te_sql_by_index(psprintf("UPDATE %s SET file = NULL, thumbnail_settings = NULL, file_size = NULL, version = version + 1"
							 " WHERE attachment = $1 AND id = $2", attachment->state), &giver);
	te_arg_int4(&taker, attachment->number);
	te_arg(&taker, type, te_key_datum(type, &to->key));
	te_arg_text(&taker, from->state.file);
	te_arg_text(&taker, from->state.thumbnail_settings);
	if (from->state.file_size < 0)
		te_arg_null(&taker, INT8OID);
	else
		te_arg_int8(&taker, from->state.file_size);
	te_sql_by_index(psprintf("UPDATE %s SET file = $3, thumbnail_settings = $4, file_size = $5, version = version + 1"
							 " WHERE attachment = $1 AND id = $2", attachment->state), &taker);
	to->state.file = from->state.file;
	to->state.thumbnail_settings = from->state.thumbnail_settings;
	to->state.file_size = from->state.file_size;
	from->state.file = from->state.thumbnail_settings = NULL;
	from->state.file_size = -1;
	from->state.version++;
	to->state.version++;
	return true;
}

/* Move a state to the key of another row, which has none, as the trigger does.  Returns whether it could be moved. */
static bool
move_state(const TeAttachment *attachment, const TeAsset *gone, const TeKey *key)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	if (!te_state_lock(gone))
		return false;
	te_arg_int4(&args, attachment->number);
	te_arg_int8(&args, te_asset_state_new_version());
	te_arg(&args, type, te_key_datum(type, &gone->key));
	te_arg(&args, type, te_key_datum(type, key));
	return te_sql_by_index(psprintf("WITH sizes AS (%s) %s", te_asset_state_move_sizes_sql(attachment->state),
									te_asset_state_move_sql(attachment->state)), &args) > 0;
}

/* The row that names the file of a state has another key.  Returns false if nothing was done. */
static bool
follow_row(const TeAttachment *attachment, TeAsset *gone, const TeAsset *row)
{
	TeAsset		now;

	te_assets_of_keys(attachment, &row->key, 1, &now);
	te_assets_fill_states(attachment, &now, 1, TE_STATE_READ);
	if (!now.state.exists)
		return move_state(attachment, gone, &row->key);
	if (now.state.status == TE_ASSET_RUNNING || gone->state.status == TE_ASSET_RUNNING)
		return false;
	return give_file(attachment, gone, &now);
}

/* A row of another partition, which has a state of its own or is to get one, names the file.  Returns false if nothing was done. */
static bool
leave_file(const TeAttachment *attachment, TeAsset *gone)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};

	if (!te_state_lock(gone))
		return false;
	te_arg_int4(&args, attachment->number);
	te_arg(&args, type, te_key_datum(type, &gone->key));
	te_sql_by_index(psprintf("UPDATE %s SET file = NULL, file_size = NULL, version = version + 1 WHERE attachment = $1 AND id = $2",
							 attachment->state), &args);
	gone->state.file = NULL;
	gone->state.version++;
	return true;
}

int
te_moved_states(const TeAttachment *attachment, const TeAsset **gone, int count, int64 *left)
{
	Naming		naming = {attachment, gone, NULL, count};
	int			n = 0;

	if (count == 0 || attachment->column[TE_COL_THUMBNAIL_PATH] == NULL)
		return count;
	naming.rows = palloc0(sizeof(TeAsset) * count);
	find_rows(&naming);
	find_rows_elsewhere(&naming);
	for (int i = 0; i < count; i++)
	{
		TeAsset    *asset = (TeAsset *) gone[i];
		const TeAsset *row = &naming.rows[i];

		if (!row->has_row)
			gone[n++] = asset;
		else if (row->attachment->number == attachment->number && te_key_compare(attachment->key_type, &row->key, &asset->key) == 0)
			continue;			/* it has been inserted again */
		else if (row->attachment->number != attachment->number ? !leave_file(attachment, asset) : !follow_row(attachment, asset, row))
			(*left)++;
		else if (asset->state.file == NULL)
			gone[n++] = asset;	/* what is left of it, without the file */
	}
	pfree(naming.rows);
	return n;
}

Datum
te_moved_states_of_keys(const TeAttachment *attachment, Datum keys, bool *any)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	TeKey	   *list;
	TeAsset    *assets;
	const TeAsset **gone;
	int64		left = 0;
	int			count;

	te_arg(&args, te_key_array_type(type), keys);
	count = (int) te_sql_as_extension("SELECT k FROM unnest($1) AS k", &args);
	list = palloc(sizeof(TeKey) * count);
	assets = palloc(sizeof(TeAsset) * count);
	gone = palloc(sizeof(TeAsset *) * count);
	for (int i = 0; i < count; i++)
		te_out_key(i, 1, type, &list[i]);
	te_sql_free();
	te_assets_of_keys(attachment, list, count, assets);
	te_assets_fill_states(attachment, assets, count, TE_STATE_READ);
	for (int i = 0; i < count; i++)
		gone[i] = &assets[i];
	count = te_moved_states(attachment, gone, count, &left);
	for (int i = 0; i < count; i++)
		list[i] = gone[i]->key;
	*any = count > 0;
	return te_key_array(type, list, count);
}
