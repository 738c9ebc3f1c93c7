/*
 * cluster_row.c
 *		The node of a Citus cluster that has a row, and statements about that row.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "cluster.h"
#include "pg/base/array_text.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/key_sql.h"
#include "pg/compat.h"

/* Add the value of the distribution column in a key; one of several values as text, which Citus reads as it reads literals. */
static void
arg_distribution_value(TeArgs *args, const TeAttachment *attachment, const TeKey *key)
{
	const char *column;
	char	   *values[TE_KEY_MAX_COLUMNS];

	if (attachment->key.count == 1)
	{
		te_arg(args, attachment->key_type, te_key_datum(attachment->key_type, key));
		return;
	}
	column = te_citus_distribution_column(attachment->relation);
	if (te_array_text_parse(key->text, values, TE_KEY_MAX_COLUMNS) == attachment->key.count)
		for (int i = 0; i < attachment->key.count; i++)
			if (column != NULL && strcmp(column, attachment->key.name[i]) == 0)
			{
				te_arg_text(args, values[i]);
				return;
			}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table %s is no longer distributed by a column of its key", attachment->name),
			 errhint("Call thumbexif_attach() again.")));
}

/* The number of the shard that has the row with this key. */
static int64
shard_of_key(const TeAttachment *attachment, const TeKey *key)
{
	TeArgs		args = {0};
	int64		shard = 0;

	te_arg(&args, OIDOID, ObjectIdGetDatum(attachment->relation));
	if (te_citus_kind(attachment->relation) == TE_CITUS_HASH)
	{
		arg_distribution_value(&args, attachment, key);
		te_sql("SELECT pg_catalog.get_shard_id_for_distribution_column($1::pg_catalog.regclass, $2)", &args);
		shard = te_out_int(0, 1, 0);
	}
	else if (te_sql("SELECT s.shardid FROM pg_catalog.pg_dist_shard AS s WHERE s.logicalrelid OPERATOR(pg_catalog.=) $1 LIMIT 1", &args) > 0)
		shard = te_out_int(0, 1, 0);
	te_sql_free();
	return shard;
}

TeNode *
te_cluster_find_row(const TeAttachment *attachment, const TeKey *key, Oid *shard)
{
	TeArgs		args = {0};
	TeNode	   *node;
	int64		number;

	*shard = InvalidOid;
	if (te_citus_kind(attachment->relation) == TE_CITUS_NONE)
		return NULL;
	number = shard_of_key(attachment, key);
	*shard = te_citus_shard_table(attachment->relation, number);
	if (OidIsValid(*shard))
		return NULL;
	te_arg_int8(&args, number);
	if (te_sql("SELECT n.groupid, n.nodename, n.nodeport FROM pg_catalog.pg_dist_node AS n, " TE_CITUS_PLACEMENT_SQL
			   " AND p.shardid OPERATOR(pg_catalog.=) $1 AND p.groupid OPERATOR(pg_catalog.=) n.groupid"
			   " AND n.noderole::pg_catalog.text OPERATOR(pg_catalog.=) 'primary'", &args) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no node is known that has shard " INT64_FORMAT " of table %s", number, attachment->name),
				 errhint("See citus_shards and pg_dist_node.")));
	node = te_cluster_node_out(0);
	te_sql_free();
	return node;
}

char *
te_cluster_key(const TeAttachment *attachment, const TeKey *key)
{
	return psprintf("%s::%s", quote_literal_cstr(te_key_text(te_key_state_type(attachment->key_type), key)),
					format_type_be_qualified(te_key_state_type(attachment->key_type)));
}

char *
te_cluster_run_on_row(const TeAttachment *attachment, const TeKey *key, TeNode *node, const char *what, const char *sql)
{
	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("could not %s inside a transaction block: its row is on node %s", what, node->name),
				 errdetail("That node would do it in a transaction of its own, which could wait for this one."),
				 errhint("Do it outside of BEGIN, after the row is committed.")));
	te_cluster_run(list_make1(node), sql);
	te_cluster_check(list_make1(node),
					 psprintf("%s (shard " INT64_FORMAT " of table %s)", what, shard_of_key(attachment, key), attachment->name),
					 "If the node is down, try again when it is back. If the shard was just moved, try again.");
	return node->text;
}

Oid
te_cluster_local_shard(const TeAttachment *attachment, const TeKey *key)
{
	Oid			shard;
	const TeNode *node = te_cluster_find_row(attachment, key, &shard);

	if (node != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("asset %s of table %s is on node %s", te_key_text(attachment->key_type, key), attachment->name, node->name),
				 errdetail("It is in shard " INT64_FORMAT ".", shard_of_key(attachment, key)),
				 errhint("Call this function on that node.")));
	return shard;
}

bool
te_cluster_call_on_row(FunctionCallInfo fcinfo, Oid type, const TeAttachment *attachment, const char *function, char **value)
{
	TeNode	   *node;
	TeKey		key;
	Oid			shard;

	if (PG_ARGISNULL(0) || !te_cluster_is_led_here(attachment) || !te_key_from_argument(attachment, type, PG_GETARG_DATUM(0), &key))
		return false;
	node = te_cluster_find_row(attachment, &key, &shard);
	if (node == NULL)
		return false;
	*value = te_cluster_run_on_row(attachment, &key, node,
								   psprintf("call %s() for asset %s", function, te_key_text(attachment->key_type, &key)),
								   psprintf("SELECT %s(%s, %s)", te_user_name(function), te_cluster_key(attachment, &key), te_cluster_relation(attachment)));
	return true;
}

char *
te_cluster_row_call(const TeAttachment *attachment, const char *function, Oid type)
{
	return psprintf("%s(CAST(%s AS %s), %s", te_user_name(function), te_key_out_sql(&attachment->key, "t."),
					format_type_be_qualified(type), te_cluster_relation(attachment));
}

bool
te_cluster_read_row(const TeAttachment *attachment, const TeKey *key, const char *function, Oid type, NullableDatum third, uint64 *rows)
{
	TeArgs		args = {0};
	Oid			shard;

	if (!te_cluster_is_led_here(attachment) || te_cluster_find_row(attachment, key, &shard) == NULL)
		return false;
	te_arg(&args, attachment->key_type, te_key_datum(attachment->key_type, key));
	if (OidIsValid(type) && third.isnull)
		te_arg_null(&args, type);
	else if (OidIsValid(type))
		te_arg(&args, type, third.value);
	*rows = te_sql_read_as_caller(attachment->named,
								  psprintf("SELECT r.* FROM %s AS t, LATERAL %s%s) AS r WHERE %s", attachment->user_rows,
										   te_cluster_row_call(attachment, function, te_key_state_type(attachment->key_type)), OidIsValid(type) ? ", $2" : "",
										   te_key_equals_sql(&attachment->key, "t.", "$1")), &args);
	return true;
}
