/*
 * asset_reading.c
 *		Reading one asset for a function of users, with the caller's rights on its row.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "asset_reading.h"
#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/key_sql.h"

bool
te_asset_arguments(FunctionCallInfo fcinfo, Oid type, TeAttachment **attachment, TeKey *key)
{
	*attachment = te_attachment_get(PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1));
	return !PG_ARGISNULL(0) && te_key_from_argument(*attachment, type, PG_GETARG_DATUM(0), key);
}

pg_noreturn static void
throw_two(const TeAttachment *attachment, const TeKey *key)
{
	Oid			first = DatumGetObjectId(te_out(0, 1));
	Oid			second = DatumGetObjectId(te_out(1, 1));

	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("asset %s of table %s is in two partitions, \"%s\" and \"%s\"", te_key_text(attachment->key_type, key),
					attachment->name, get_rel_name(first), get_rel_name(second)),
			 te_citus_kind(attachment->relation) != TE_CITUS_NONE
			 ? errhint("The key of a distributed table should have the column by which it is partitioned.") :
			 errhint("Name the partition instead of the table.")));
}

/* Rights on the columns do not suffice to learn, or to name, the partition that has a row. */
static void
check_may_see_partition(const TeAttachment *attachment)
{
	if (pg_class_aclcheck(attachment->named, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck(attachment->named, TableOidAttributeNumber, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", attachment->named_name),
				 errhint("It is partitioned: grant SELECT on the table, or on its column tableoid beside those that are needed of any table.")));
}

/*
 * The partition with a row, as the caller sees it; InvalidOid if there is none.  "table" is the partitioned table: the one that was named, or a
 * shard of it, on which the caller has the same rights.
 */
static Oid
partition_of(const TeAttachment *attachment, Oid table, const TeKey *key, TeStateRead how)
{
	TeArgs		args = {0};
	char	   *sql = psprintf("SELECT t.tableoid FROM %s AS t WHERE %s LIMIT 2", te_relation_name(table), te_key_equals_sql(&attachment->key, "t.", "$1"));
	Oid			relation;
	uint64		rows;

	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, key));
	rows = how == TE_STATE_SEE ? te_sql_read_as_caller(table, sql, &args) : te_sql_as_caller(table, NULL, sql, &args);
	if (rows == 0)
		return InvalidOid;
	if (rows > 1)
		throw_two(attachment, key);
	relation = DatumGetObjectId(te_out(0, 1));
	te_sql_free();
	return relation;
}

TeAttachment *
te_asset_table(TeAttachment *attachment, const TeKey *key, TeStateRead how)
{
	bool		citus = attachment->has_members && te_citus_kind(attachment->relation) != TE_CITUS_NONE;
	TeAttachment *member;
	Oid			relation = attachment->relation;

	if (attachment->has_members || attachment->parent != 0)
		check_may_see_partition(attachment);
	if (!attachment->has_members)
		return attachment;
	if (citus)
		relation = te_cluster_local_shard(attachment, key);
	if (get_rel_relkind(relation) == RELKIND_PARTITIONED_TABLE)
		relation = partition_of(attachment, relation, key, how);
	if (!OidIsValid(relation))
		return NULL;
	member = te_attachment_find(relation);
	if (member == NULL || member->parent != attachment->number)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s \"%s\" of attached table %s is not attached", citus ? "shard" : "partition", get_rel_name(relation), attachment->name),
				 citus ? errhint("The background worker attaches shards that have come to this node. Try again, or call thumbexif_attach() on the coordinator, which says why it cannot be.") :
				 errhint("thumbexif_attach() attaches it, or says why it cannot be.")));
	return member;
}

bool
te_asset_read(TeAttachment *attachment, const TeKey *key, bool with_path, TeStateRead how, TeAsset *asset)
{
	const char *thumbnail;
	TeArgs		args = {0};
	uint64		rows;
	char	   *sql;

	*asset = (TeAsset) {.attachment = attachment, .key = *key};
	attachment = te_asset_table(attachment, key, how);
	if (attachment == NULL)
		return false;
	asset->attachment = attachment;
	thumbnail = attachment->column[TE_COL_THUMBNAIL_PATH];
	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, key));
	sql = psprintf("SELECT %s, %s, %s FROM %s AS t WHERE %s%s",
				   te_path_sql(with_path ? psprintf("t.%s", quote_identifier(attachment->path)) : "NULL"),
				   te_path_sql(thumbnail ? psprintf("t.%s", quote_identifier(thumbnail)) : "NULL"),
				   te_attachment_stores_bytes(attachment) ?
				   psprintf("t.%s IS NOT NULL", quote_identifier(attachment->column[TE_COL_THUMBNAIL])) : "false",
				   attachment->user_rows, te_key_equals_sql(&attachment->key, "t.", "$1"), attachment->user_rows_and);
	rows = how == TE_STATE_SEE ? te_sql_read_as_caller(attachment->named, sql, &args) :
		te_sql_as_caller(attachment->named, NULL, sql, &args);
	asset->has_row = rows > 0;
	if (asset->has_row)
	{
		asset->path = te_out_text(0, 1);
		asset->thumbnail_path = te_out_thumbnail_path(0, 2);
		asset->has_thumbnail = DatumGetBool(te_out(0, 3));
	}
	te_sql_free();
	if (asset->has_row)
		te_assets_fill_states(attachment, asset, 1, how);
	return asset->has_row;
}

bytea *
te_asset_row_bytes(const TeAsset *asset, TeStateRead how, const char *column)
{
	const TeAttachment *attachment = asset->attachment;
	TeArgs		args = {0};
	char	   *sql = psprintf("SELECT t.%s FROM %s AS t WHERE %s%s",
							   quote_identifier(column), attachment->user_rows, te_key_equals_sql(&attachment->key, "t.", "$1"), attachment->user_rows_and);
	bytea	   *bytes = NULL;
	uint64		rows;

	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, &asset->key));
	rows = how == TE_STATE_SEE ? te_sql_read_as_caller(attachment->named, sql, &args) :
		te_sql_as_caller(attachment->named, NULL, sql, &args);
	if (rows > 0 && !te_out_null(0, 1))
		bytes = (bytea *) PG_DETOAST_DATUM_COPY(te_out(0, 1));
	te_sql_free();
	return bytes;
}
