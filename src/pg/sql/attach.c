/*
 * attach.c
 *		SQL functions thumbexif_attach() and thumbexif_detach().
 *
 * The table is found and created with the caller's rights; our tables are written
 * and the triggers created with the extension's (users may not execute the
 * trigger function).  The table is locked against writers until the transaction ends.  Attaching again keeps what is not
 * named, and takes the session's search_path anew.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "attach_check.h"
#include "attach_cluster.h"
#include "attach_key.h"
#include "attach_open.h"
#include "attach_thumbnails.h"
#include "attach_tracking.h"
#include "pg/base/array_text.h"
#include "pg/base/extension.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/table_path.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/asset_state.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/inserted_range.h"
#include "pg/catalog/key.h"
#include "pg/catalog/key_sql.h"
#include "pg/catalog/member.h"
#include "pg/catalog/member_change.h"
#include "pg/catalog/shard_folder.h"
#include "pg/catalog/swept.h"
#include "pg/catalog/table_trigger.h"
#include "pg/compat.h"
#include "pg/files/thumbnail_store.h"
#include "pg/pipeline/staleness.h"
#include "pg/shared/wakeup.h"
#include "tables.h"

#define COLUMN_ARGUMENT		(1 + 2) /* after the relation, key and path */
#define CREATE_ARGUMENT		(COLUMN_ARGUMENT + TE_COL_EXIF_METADATA + 1)
#define NOTIFY_ARGUMENT		(CREATE_ARGUMENT + 1)
#define FACT_ARGUMENT		(NOTIFY_ARGUMENT + 1)
#define FACTS_ARGUMENT		(FACT_ARGUMENT + TE_COL_LAST_FACT - TE_COL_EXIF_METADATA)
#define THUMBNAIL_ARGUMENT	(FACTS_ARGUMENT + 1)
#define SIZES_ARGUMENT		(THUMBNAIL_ARGUMENT + 1)
#define TRIGGERS_ARGUMENT	(SIZES_ARGUMENT + 1)
#define REPLICATED_ARGUMENT (TRIGGERS_ARGUMENT + 1)

PG_FUNCTION_INFO_V1(thumbexif_attach);
PG_FUNCTION_INFO_V1(thumbexif_attach_node);
PG_FUNCTION_INFO_V1(thumbexif_detach);

/* Do an attachment and its members have state rows that meet a condition?  Inside SPI. */
static bool
has_states(int attachment, const char *condition)
{
	TeArgs		none = {0};

	return te_sql_as_extension(psprintf("SELECT FROM %s WHERE attachment IN (%s) %s LIMIT 1",
										te_internal_name("thumbexif_asset"), te_member_numbers_sql(attachment), condition), &none) > 0;
}

/* Are rows of an attachment or its members still to be queued? */
static bool
has_ranges(const TeAttachment *attachment)
{
	ListCell   *cell;

	foreach(cell, te_attachment_members(attachment))
	{
		if (te_inserted_ranges_exist(((TeAttachment *) lfirst(cell))->number))
			return true;
	}
	return te_inserted_ranges_exist(attachment->number);
}

/*
 * Does the new mapping replace a mapped column by another one?  A column that was renamed,
 * so that the old name no longer exists, is not replaced.
 */
static bool
column_replaced(const TeAttachment *old, const char *old_name, const char *new_name)
{
	TeColumnInfo info;

	return old_name != NULL && (new_name == NULL || strcmp(old_name, new_name) != 0) &&
		te_column_find(old->relation, old_name, &info);
}

/*
 * The table is already attached.  Refuse to replace the key column, or the column of thumbnails,
 * while states refer to its values; mark EXIF, or thumbnails, stale if there is a new column to fill.  Inside SPI.
 */
static void
check_remapping(const TeAttachment *old, const TeMapping *mapping)
{
	bool		new_column = false,
				new_hash = false;
	TeArgs		none = {0};

	if (te_attach_key_replaced(old, mapping) && (has_states(old->number, "") || has_ranges(old)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change the key of attached table %s", old->name),
				 errhint("Call thumbexif_detach() first. The state of its assets is then lost; rows and thumbnails stay.")));
	if (column_replaced(old, old->column[TE_COL_THUMBNAIL_PATH], mapping->column[TE_COL_THUMBNAIL_PATH]) &&
		has_states(old->number, "AND file IS NOT NULL"))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot change the thumbnail column of attached table %s", old->name),
				 errhint("Column \"%s\" names thumbnails that thumbexif made. Call thumbexif_detach() first; the files stay where they are.",
						 old->column[TE_COL_THUMBNAIL_PATH])));

	for (int i = 0; i < TE_COLUMNS; i++)
		if (i != TE_COL_THUMBNAIL_PATH && i != TE_COL_THUMBNAIL && mapping->column[i] != NULL &&
			(old->column[i] == NULL || column_replaced(old, old->column[i], mapping->column[i])))
			*(te_columns[i].from_pixels ? &new_hash : &new_column) = true;
	if (new_column)
		te_sql(psprintf("UPDATE %s SET exif_settings = NULL WHERE attachment IN (%s) AND exif_settings IS NOT NULL",
						te_internal_name("thumbexif_asset"), te_member_numbers_sql(old->number)), &none);
	if (new_hash)
		te_sql(psprintf("UPDATE %s SET thumbnail_settings = thumbnail_settings || '" TE_SETTINGS_AGAIN "' WHERE attachment IN (%s)"
						" AND thumbnail_settings NOT LIKE '%%" TE_SETTINGS_AGAIN "'",
						te_internal_name("thumbexif_asset"), te_member_numbers_sql(old->number)), &none);
}

/*
 * Choose the number of a new attachment.  Numbers whose thumbnail folder exists are skipped: an
 * extension that was dropped left its files there.  Inside SPI, with the extension's rights.
 */
static int
next_attachment_number(void)
{
	char	   *sql = psprintf("SELECT nextval(%s)", quote_literal_cstr(te_internal_name("thumbexif_attachment_seq")));
	TeArgs		none = {0};
	int			number;

	do
	{
		te_sql(sql, &none);
		number = (int) te_out_int(0, 1, 0);
		te_sql_free();
	} while (te_thumbnail_has_folder(number));
	return number;
}

/* A text as a literal, NULL as NULL. */
static const char *
literal(const char *value)
{
	return value != NULL ? quote_literal_cstr(value) : "NULL";
}

/* SQL for the types of several columns of a key. */
static char *
key_types(const TeKeyColumns *key)
{
	StringInfoData sql;

	initStringInfo(&sql);
	for (int i = 0; i < key->count; i++)
		appendStringInfo(&sql, "%s%u", i > 0 ? "," : "'{", key->type[i]);
	appendStringInfoString(&sql, "}'");
	return sql.data;
}

/* Store mapping, search_path and what else is given (NULL = none).  Inside SPI, with the extension's rights. */
static void
store_mapping(Relation relation, const TeAttachment *old, const TeMapping *mapping, const char *search_path, const TeGivenColumns *given)
{
	StringInfoData sql;
	StringInfoData values;
	TeArgs		none = {0};
	bool		several = mapping->key.count > 1;

	initStringInfo(&sql);
	initStringInfo(&values);
	appendStringInfo(&sql, old != NULL
					 ? "UPDATE %s SET (key_type, search_path, search_path_owner, notify, thumbnail_sizes, former_thumbnail_column, id_column, path_column, key_columns, key_types"
					 : "INSERT INTO %s (key_type, search_path, search_path_owner, notify, thumbnail_sizes, former_thumbnail_column, id_column, path_column, key_columns, key_types",
					 te_internal_name("thumbexif_attachment"));
	appendStringInfo(&values, "%u, %s, %s, %s, %s, %s, %s, %s, %s, %s", mapping->key_type, quote_literal_cstr(search_path),
					 quote_literal_cstr(GetUserNameFromId(relation->rd_rel->relowner, false)),
					 literal(given->notify), literal(given->sizes), literal(te_attach_choose_former(old, mapping)),
					 quote_literal_cstr(mapping->key.name[0]), quote_literal_cstr(mapping->path),
					 several ? quote_literal_cstr(te_array_text(mapping->key.name, mapping->key.count)) : "NULL",
					 several ? key_types(&mapping->key) : "NULL");
	for (int i = 0; i < TE_COLUMNS; i++)
	{
		appendStringInfo(&sql, ", %s_column", te_columns[i].name);
		appendStringInfo(&values, ", %s",
						 mapping->column[i] != NULL ? quote_literal_cstr(mapping->column[i]) :
						 mapping->refused[i] ? "''" : "NULL");
	}
	if (old != NULL)
	{
		/* end a pause that the worker made because a column was missing */
		appendStringInfo(&sql, ", paused, pause_reason) = (%s, paused AND pause_reason IS NULL, NULL)"
						 " WHERE attachment = %d", values.data, old->number);
		te_sql(sql.data, &none);
	}
	else
	{
		appendStringInfo(&sql, ", attachment, relation, paused) VALUES (%s, %d, %u, %s)",
						 values.data, next_attachment_number(), RelationGetRelid(relation), given->paused ? "true" : "false");
		te_sql(sql.data, &none);
	}
}

/* An argument of type text; NULL also for one that the function of version 1.0 does not have. */
static const char *
text_argument(FunctionCallInfo fcinfo, int number)
{
	return number >= PG_NARGS() || PG_ARGISNULL(number) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

/* Read the arguments that name columns, and the other texts. */
static void
get_column_arguments(FunctionCallInfo fcinfo, TeGivenColumns *given)
{
	given->key = text_argument(fcinfo, 1);
	given->path = text_argument(fcinfo, 2);
	for (int i = 0; i < TE_COLUMNS; i++)
		given->column[i] = text_argument(fcinfo, i == TE_COL_THUMBNAIL ? THUMBNAIL_ARGUMENT :
										 !TE_COL_IS_FACT(i) ? COLUMN_ARGUMENT + i :
										 FACT_ARGUMENT + i - (TE_COL_EXIF_METADATA + 1));
	given->facts = FACTS_ARGUMENT >= PG_NARGS() || PG_ARGISNULL(FACTS_ARGUMENT) ? TE_FACTS_OF_NEW_TABLES :
		PG_GETARG_BOOL(FACTS_ARGUMENT) ? TE_FACTS_THAT_FIT : TE_FACTS_NAMED;
	given->notify = text_argument(fcinfo, NOTIFY_ARGUMENT);
	given->sizes = text_argument(fcinfo, SIZES_ARGUMENT);
}

/* An argument of type boolean; unknown also for one that the function of version 1.0 does not have. */
static TeGivenBool
bool_argument(FunctionCallInfo fcinfo, int number)
{
	return number >= PG_NARGS() || PG_ARGISNULL(number) ? TE_GIVEN_NULL : PG_GETARG_BOOL(number) ? TE_GIVEN_TRUE : TE_GIVEN_FALSE;
}

/*
 * The channel for notifications about finished assets: the one that was given, none for an empty name, and with NULL the one
 * that the table had before.
 */
static const char *
choose_channel(const TeAttachment *old, const char *given)
{
	if (given == NULL)
		return old != NULL ? old->notify : NULL;
	if (given[0] == '\0')
		return NULL;
	if (!te_notify_channel_is_valid(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the name of a channel in parameter \"notify\" is too long"),
				 errhint("NOTIFY takes names of less than %d bytes.", NAMEDATALEN)));
	return given;
}

/* ERROR if the table has keys that are too long.  Triggers refuse those that come later. */
static void
check_key_lengths(Relation relation, const TeMapping *mapping, const char *search_path)
{
	const char *name = te_relation_name(RelationGetRelid(relation));
	TeArgs		none = {0};

	if (te_key_always_fits(&mapping->key) || relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		te_sql_as_owner(RelationGetRelid(relation), relation->rd_rel->relowner, te_table_path_check(search_path),
						psprintf("SELECT FROM ONLY %s WHERE NOT %s LIMIT 1", name, te_key_fits_sql(&mapping->key, "")), &none) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
			 mapping->key.count == 1
			 ? errmsg("column \"%s\" of table %s has keys that are longer than %d bytes", mapping->key.name[0], name, TE_KEY_MAX_TEXT)
			 : errmsg("table %s has keys (%s) whose text is longer than %d bytes", name, te_key_list_sql(&mapping->key, "", ""), TE_KEY_MAX_TEXT),
			 errhint("Name a column with shorter keys in the parameter \"id\".")));
}

/*
 * Attach a table that is open and locked.  "told" is set on a node of a Citus cluster whose coordinator attaches the table.
 * Inside SPI.
 */
static void
attach_table(Relation relation, TeGivenColumns *given, TeGivenBool triggers, TeGivenBool replicated, bool told)
{
	TeAttachment *old = te_attachment_find(RelationGetRelid(relation));
	char	   *search_path = te_table_path_current(relation->rd_rel->relowner);
	bool		partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	bool		citus = te_citus_kind(RelationGetRelid(relation)) != TE_CITUS_NONE;
	TeMapping	mapping = {0};
	TeMemberChange change = {.fresh = old == NULL};
	TeRunAs		save;

	te_attach_check_relation(relation);
	given->notify = choose_channel(old, given->notify);
	given->sizes = te_attach_choose_sizes(old, given->sizes);
	if (!told)
		given->tracking = te_attach_choose_tracking(old, triggers, replicated);
	if (old != NULL)
		te_attach_keep(old, given);
	te_attach_map(relation, given, &mapping);
	if (citus)
		te_attach_cluster_check(relation, &mapping, told);
	else
		check_key_lengths(relation, &mapping, search_path);
	if (mapping.column[TE_COL_THUMBNAIL_PATH] != NULL && mapping.column[TE_COL_THUMBNAIL] == NULL)
	{
		te_thumbnail_check();
		te_attach_check_folders();
	}

	te_run_as_extension(&save);
	if (old != NULL)
		check_remapping(old, &mapping);
	store_mapping(relation, old, &mapping, search_path, given);
	te_attach_track(relation, old, &mapping, given->tracking);
	if (old == NULL && !partitioned && !citus)
		te_count_attached(relation, te_attachment_find(RelationGetRelid(relation))->number);
	te_run_as_end(&save);
	if (citus && !told)
		te_attach_cluster_nodes(te_attachment_find(RelationGetRelid(relation)), search_path);
	if (partitioned || citus)
		te_members_update(te_attachment_find(RelationGetRelid(relation)), TE_MEMBERS_STRICT, &change);
	if (!told)
		te_tables_report(relation);
}

/*
 * thumbexif_attach(relation text, id text, path text, thumbnail_path text, ..., create_table boolean, notify text,
 *		thumbhash text, ..., facts boolean, thumbnail text, thumbnail_sizes text,
 *		triggers boolean, replicated boolean) RETURNS regclass
 */
Datum
thumbexif_attach(PG_FUNCTION_ARGS)
{
	TeGivenColumns given = {NULL};
	Relation	relation;
	Oid			result;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the table to attach must not be NULL"),
				 errhint("Omit the parameter to attach \"image_assets\".")));
	PreventCommandIfReadOnly("thumbexif_attach()");
	get_column_arguments(fcinfo, &given);

	SPI_connect();
	relation = te_attach_open_table(PG_GETARG_TEXT_PP(0), &given,
						  CREATE_ARGUMENT < PG_NARGS() && !PG_ARGISNULL(CREATE_ARGUMENT) && PG_GETARG_BOOL(CREATE_ARGUMENT));
	attach_table(relation, &given, bool_argument(fcinfo, TRIGGERS_ARGUMENT), bool_argument(fcinfo, REPLICATED_ARGUMENT), false);
	te_wake_at_commit();
	SPI_finish();

	result = RelationGetRelid(relation);
	relation_close(relation, NoLock);
	PG_RETURN_OID(result);
}

/* thumbexif_attach_node(relation text, attachment text) RETURNS integer: the number of its shards that this node has */
Datum
thumbexif_attach_node(PG_FUNCTION_ARGS)
{
	TeGivenColumns given = {NULL};
	int			level = NewGUCNestLevel();
	const char *search_path;
	Relation	relation;
	int			shards;

	PreventCommandIfReadOnly("thumbexif_attach_node()");
	SPI_connect();
	search_path = te_attach_cluster_read(text_to_cstring(PG_GETARG_TEXT_PP(1)), &given);
	relation = te_attach_open_table(PG_GETARG_TEXT_PP(0), &given, false);
	te_shard_folders_add_former(RelationGetRelid(relation), given.former_shards);
	(void) set_config_option("search_path", search_path != NULL ? search_path : "", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	attach_table(relation, &given, TE_GIVEN_NULL, TE_GIVEN_NULL, true);
	AtEOXact_GUC(true, level);
	shards = list_length(te_attachment_members(te_attachment_find(RelationGetRelid(relation))));
	te_wake_at_commit();
	SPI_finish();
	relation_close(relation, NoLock);
	PG_RETURN_INT32(shards);
}

/* thumbexif_detach(relation regclass) RETURNS void */
Datum
thumbexif_detach(PG_FUNCTION_ARGS)
{
	TeAttachment *attachment;
	ListCell   *cell;
	TeArgs		args = {0};
	TeRunAs		save;

	PreventCommandIfReadOnly("thumbexif_detach()");
	attachment = te_attachment_get_unchecked(PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0));
	te_member_refuse(attachment);
	te_attachment_check_owner(attachment);
	LockRelationOid(attachment->relation, AccessExclusiveLock);
	/* check again: the owner may have changed while we waited for the lock */
	attachment = te_attachment_get_unchecked(attachment->relation);
	te_attachment_check_owner(attachment);

	SPI_connect();
	te_attach_cluster_detach(attachment);
	te_run_as_extension(&save);
	/* members come only while this row is not locked: member_change.c */
	te_arg_int4(&args, attachment->number);
	te_sql(psprintf("SELECT FROM %s WHERE attachment = $1 FOR UPDATE", te_internal_name("thumbexif_attachment")), &args);
	foreach(cell, te_attachment_members(attachment))
	{
		LockRelationOid(((TeAttachment *) lfirst(cell))->relation, AccessExclusiveLock);
		te_member_release(lfirst(cell));
	}
	te_table_triggers_drop(attachment->relation);
	/* keep the files, which the user's rows name; thumbexif_clean() does not look into this folder any more */
	te_asset_state_delete_all(attachment->number, true);
	te_count_detached(attachment->number);
	te_swept_forget(attachment->number);
	te_sql(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_released")), &args);
	te_sql(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_left")), &args);
	te_sql(psprintf("DELETE FROM %s WHERE attachment = $1", te_internal_name("thumbexif_attachment")), &args);
	te_run_as_end(&save);
	SPI_finish();
	PG_RETURN_VOID();
}
