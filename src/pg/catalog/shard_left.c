/*
 * shard_left.c
 *		Notes about assets in shards that have left this node.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "asset.h"
#include "asset_state.h"
#include "citus.h"
#include "dropped_table.h"
#include "key.h"
#include "key_sql.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "result_settings.h"
#include "shard_left.h"

/* Of the settings in states, those of the first size: files of the others do not stay when a shard leaves. */
#define FIRST_SIZE(settings) "regexp_replace(" settings ", ',[0-9,]+', '')"

/* Of an asset that is to be done. */
#define IS_TO_BE_DONE "l.thumbnail_settings IS NULL AND l.exif_settings IS NULL"

/* --- writing notes */

static void
note(const char *state, int number, const char *thumbnail, const char *exif)
{
	TeArgs		args = {0};

	te_arg_int4(&args, number);
	te_arg_text(&args, thumbnail);
	te_arg_text(&args, exif);
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, id, thumbnail_settings, exif_settings)"
								 " SELECT a.attachment, s.id::text, d.thumbnail, d.exif FROM %s AS m JOIN %s AS a ON a.attachment = m.parent JOIN %s AS s ON s.attachment = m.attachment,"
								 " LATERAL (SELECT CASE s.status WHEN 'done' THEN " FIRST_SIZE("s.thumbnail_settings") " END,"
								 " CASE s.status WHEN 'done' THEN s.exif_settings END) AS d (thumbnail, exif)"
								 " WHERE m.attachment = $1 AND m.shard IS NOT NULL"
								 " AND (s.file IS NOT NULL OR (s.wrote & " INT64_FORMAT ") <> 0)"
								 " AND (s.status <> 'done' OR d.thumbnail <> " FIRST_SIZE("$2") " OR d.exif <> $3 OR (d.exif IS NULL AND $3 IS NOT NULL))"
								 " ON CONFLICT (attachment, id) DO UPDATE SET thumbnail_settings = EXCLUDED.thumbnail_settings, exif_settings = EXCLUDED.exif_settings",
								 te_internal_name("thumbexif_left"), te_internal_name("thumbexif_attachment"), te_internal_name("thumbexif_attachment"),
								 state, TE_WROTE_THUMBNAIL), &args);
}

void
te_left_note(int number, const TeAttachment *shard)
{
	static const Oid types[] = {INT8OID, UUIDOID, TEXTOID};
	TeSettings	settings = {0};

	if (shard != NULL && te_citus_has_shard(shard->shard))
		return;					/* of a partition that was detached: no other node will ask */
	if (shard != NULL)
		te_settings_now(shard, &settings);
	for (size_t i = 0; i < lengthof(types); i++)
		note(te_internal_name(te_key_state_table(types[i])), number, settings.thumbnail, settings.exif);
}

/* --- whose notes */

/*
 * SQL: is the asset of a note (alias l) in this shard now, or in one of another partition beside it?  Each is, if the table has no distribution
 * column.
 */
static char *
is_in_sql(const TeAttachment *table, int64 shard)
{
	const char *column = te_citus_kind(table->relation) == TE_CITUS_HASH ? te_citus_distribution_column(table->relation) : NULL;
	const char *value = "l.id";

	if (column == NULL)
		return pstrdup("true");
	for (int i = 0; i < table->key.count && table->key.count > 1; i++)
		if (strcmp(table->key.name[i], column) == 0)
			value = psprintf("(l.id::text[])[%d]", i + 1);
	/* the shards of a partition have other numbers than those of the table */
	return psprintf("get_shard_id_for_distribution_column(COALESCE((SELECT o.logicalrelid FROM pg_dist_shard AS o WHERE o.shardid = " INT64_FORMAT "), '%u'::regclass), %s) = " INT64_FORMAT,
					shard, table->relation, value, shard);
}

/* The attached table with this name on this node; NULL if there is none. */
static TeAttachment *
find_table(const char *relation)
{
	TeArgs		args = {0};
	Oid			found = InvalidOid;

	te_arg_text(&args, relation);
	if (te_sql_as_extension("SELECT to_regclass($1)::oid", &args) > 0 && !te_out_null(0, 1))
		found = DatumGetObjectId(te_out(0, 1));
	te_sql_free();
	return OidIsValid(found) ? te_attachment_find(found) : NULL;
}

/*
 * Has this node shards of an attached table that it ought to have released: this one, one of another partition beside it, or any that Citus
 * knows no more?
 */
static bool
has_to_release(int number, int64 shard)
{
	TeArgs		args = {0};
	bool		any;

	te_arg_int4(&args, number);
	te_arg_int8(&args, shard);
	any = te_sql_as_extension(psprintf("SELECT FROM %s AS m WHERE m.parent = $1 AND (m.shard = $2 OR m.folder_shard IN"
									   " (SELECT f.shardid FROM pg_dist_shard AS s, pg_dist_shard AS f JOIN %s AS a ON a.relation = f.logicalrelid WHERE s.shardid = $2"
									   " AND a.attachment = $1 AND COALESCE(f.shardminvalue, '') = COALESCE(s.shardminvalue, ''))"
									   " OR NOT EXISTS (SELECT FROM pg_dist_shard AS s WHERE s.shardid = m.shard))",
									   te_internal_name("thumbexif_attachment"), te_internal_name("thumbexif_attachment")), &args) > 0;
	te_sql_free();
	return any;
}

/* Does this node know of the shard?  Until the transaction that has made it is committed here, it does not. */
static bool
knows_shard(int64 shard)
{
	TeArgs		args = {0};
	bool		known;

	te_arg_int8(&args, shard);
	known = te_sql_as_extension("SELECT FROM pg_dist_shard AS s WHERE s.shardid = $1", &args) > 0;
	te_sql_free();
	return known;
}

/* --- what other nodes are told */

/* The notes of an attached table that meet a condition. */
static char *
tell(int number, const char *condition)
{
	TeArgs		args = {0};
	char	   *json;

	te_arg_int4(&args, number);
	te_sql_as_extension(psprintf("SELECT COALESCE(json_agg(json_build_object('id', l.id, 'thumbnail', l.thumbnail_settings, 'exif', l.exif_settings))::text, '[]')"
								 " FROM %s AS l WHERE l.attachment = $1 AND %s", te_internal_name("thumbexif_left"), condition), &args);
	json = te_out_text(0, 1);
	te_sql_free();
	return json;
}

char *
te_left_tell(const char *relation, int64 shard)
{
	TeAttachment *table = find_table(relation);
	int			dropped = table == NULL ? te_dropped_table_find(relation) : 0;

	if (dropped != 0)
		return shard == 0 && !has_to_release(dropped, 0) ? tell(dropped, "true") : NULL;
	if (table == NULL || te_citus_kind(table->relation) == TE_CITUS_NONE)
		return pstrdup("[]");
	return knows_shard(shard) && !has_to_release(table->number, shard) ? tell(table->number, is_in_sql(table, shard)) : NULL;
}

/* Forget the notes that meet a condition, of those about a shard. */
static void
forget(const TeAttachment *table, int64 shard, const char *condition)
{
	TeArgs		args = {0};

	te_arg_int4(&args, table->number);
	te_sql_as_extension(psprintf("DELETE FROM %s AS l WHERE l.attachment = $1 AND %s AND %s", te_internal_name("thumbexif_left"), condition,
								 is_in_sql(table, shard)), &args);
}

void
te_left_forget(const char *relation, int64 shard)
{
	TeAttachment *table = find_table(relation);
	int			dropped = table == NULL && shard == 0 ? te_dropped_table_find(relation) : 0;

	if (dropped != 0)
		te_dropped_attachment_forget(dropped);
	else if (table != NULL && te_citus_kind(table->relation) != TE_CITUS_NONE)
		forget(table, shard, "true");
}

/* --- the node that has the shard */

bool
te_left_take(const TeAttachment *shard, const char *json)
{
	const TeAttachment *table = find_table(shard->named_name);
	TeArgs		args = {0};

	if (table == NULL || has_to_release(table->number, 0))
		return false;
	te_arg_int4(&args, table->number);
	te_arg_text(&args, json);
	te_sql_as_extension(psprintf("INSERT INTO %s (attachment, id, thumbnail_settings, exif_settings) SELECT $1, t.id, t.thumbnail, t.exif"
								 " FROM json_to_recordset($2::json) AS t (id text, thumbnail text, exif text)"
								 " ON CONFLICT (attachment, id) DO UPDATE SET thumbnail_settings = EXCLUDED.thumbnail_settings, exif_settings = EXCLUDED.exif_settings",
								 te_internal_name("thumbexif_left")), &args);
	return true;
}

/*
 * The keys (an array) of notes about what was not done; 0 if there are none.  Notes about a partitioned table do not tell the partition: those of rows
 * of another one are left to its shard.
 */
static Datum
keys_to_be_done(const TeAttachment *shard, const TeAttachment *table)
{
	Oid			type = te_key_state_type(shard->key_type);
	TeArgs		args = {0};
	TeArgs		found = {0};

	te_arg_int4(&args, table->number);
	te_sql_as_extension(psprintf("SELECT array_agg(l.id::%s) FROM %s AS l WHERE l.attachment = $1 AND " IS_TO_BE_DONE " AND %s",
								 format_type_be_qualified(type), te_internal_name("thumbexif_left"), is_in_sql(table, shard->shard)), &args);
	if (!te_out_null(0, 1) && te_attachment_shares_folder(shard))
	{
		te_arg(&found, te_key_array_type(type), te_out(0, 1));
		te_sql_as_owner(shard->relation, shard->owner, shard->search_path,
						psprintf("SELECT pg_catalog.array_agg(k.id) FROM pg_catalog.unnest($1) AS k(id) WHERE EXISTS (SELECT FROM %s AS t WHERE %s)",
								 shard->rows, te_key_equals_sql(&shard->key, "t.", "k.id")), &found);
	}
	return te_out_null(0, 1) ? (Datum) 0 : te_out(0, 1);
}

/* Thumbnails in rows that are to be done again are ours: without a state, they could be anybody's and would stay. */
static void
note_bytes(const TeAttachment *shard, Datum keys)
{
	TeArgs		args = {0};

	te_arg_int4(&args, shard->number);
	te_arg(&args, te_key_array_type(te_key_state_type(shard->key_type)), keys);
	te_sql_as_extension(psprintf("UPDATE %s AS s SET wrote = s.wrote | " INT64_FORMAT " WHERE s.attachment = $1 AND s.id = ANY ($2)",
								 shard->state, TE_WROTE_THUMBNAIL), &args);
}

void
te_left_queue(const TeAttachment *shard)
{
	const TeAttachment *table = find_table(shard->named_name);
	Oid			array_type = te_key_array_type(te_key_state_type(shard->key_type));
	Datum		keys = keys_to_be_done(shard, table);
	TeArgs		args = {0};
	TeArgs		done = {0};

	if (keys == (Datum) 0)
		return;
	te_arg_int4(&args, shard->number);
	te_arg_int8(&args, te_asset_state_new_version());
	te_arg(&args, array_type, keys);
	te_sql_as_extension(te_asset_state_queue_sql(shard->state, "SELECT k.id FROM unnest($3) AS k(id)"), &args);
	if (te_attachment_stores_bytes(shard))
		note_bytes(shard, keys);
	te_arg_int4(&done, table->number);
	te_arg(&done, array_type, keys);
	te_sql_as_extension(psprintf("DELETE FROM %s AS l USING unnest($2) AS k(id) WHERE l.attachment = $1 AND l.id = k.id::text AND " IS_TO_BE_DONE,
								 te_internal_name("thumbexif_left")), &done);
}

void
te_left_apply(const TeAttachment *shard)
{
	const TeAttachment *table = find_table(shard->named_name);
	TeArgs		args = {0};

	te_arg_int4(&args, shard->number);
	te_arg_int4(&args, table->number);
	te_sql_as_extension(psprintf("UPDATE %s AS s SET thumbnail_settings = l.thumbnail_settings, exif_settings = l.exif_settings, version = s.version + 1"
								 " FROM %s AS l WHERE l.attachment = $2 AND %s AND s.attachment = $1 AND s.id = l.id::%s AND s.thumbnail_settings IS NOT NULL"
								 " AND NOT (" IS_TO_BE_DONE ")",
								 shard->state, te_internal_name("thumbexif_left"), is_in_sql(table, shard->shard),
								 format_type_be_qualified(te_key_state_type(shard->key_type))), &args);
	/* shards of other partitions beside this one, which may not be attached yet, need theirs */
	forget(table, shard->shard, !te_attachment_shares_folder(shard) ? "true" :
		   psprintf("EXISTS (SELECT FROM %s AS s WHERE s.attachment = %d AND s.id = l.id::%s)", shard->state, shard->number,
					format_type_be_qualified(te_key_state_type(shard->key_type))));
}
