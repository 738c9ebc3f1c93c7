/*
 * cluster.c
 *		What the coordinator of a Citus cluster has the other nodes do.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "cluster.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/shard_left.h"
#include "pg/compat.h"
#include "pg/files/cluster_folder.h"

PG_FUNCTION_INFO_V1(thumbexif_left);

bool
te_cluster_is_led_here(const TeAttachment *attachment)
{
	return te_citus_kind(attachment->relation) != TE_CITUS_NONE && te_citus_is_coordinator();
}

void
te_cluster_refuse_block(const char *what)
{
	if (IsTransactionBlock())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a table of a Citus cluster cannot be %s inside a transaction block", what),
				 errdetail("The other nodes do it in transactions of their own, which could not be rolled back."),
				 errhint("Do it outside of BEGIN.")));
}

int64
te_cluster_sum(const List *nodes)
{
	int64		sum = 0;
	ListCell   *cell;

	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);

		if (node->answered && node->text != NULL)
			sum += strtoll(node->text, NULL, 10);
	}
	return sum;
}

char *
te_cluster_value(const char *json, const char *key)
{
	TeArgs		args = {0};
	char	   *value;

	if (json == NULL)
		return NULL;
	te_arg_text(&args, json);
	te_arg_text(&args, key);
	te_sql("SELECT pg_catalog.json_object_field_text($1::pg_catalog.json, $2)", &args);
	value = te_out_text(0, 1);
	te_sql_free();
	return value;
}

int64
te_cluster_number(const char *json, const char *key)
{
	const char *value = te_cluster_value(json, key);

	return value != NULL ? strtoll(value, NULL, 10) : 0;
}

char *
te_cluster_relation(const TeAttachment *attachment)
{
	return psprintf("%s::pg_catalog.regclass", quote_literal_cstr(attachment->name));
}

int64
te_cluster_call_on_all(const TeAttachment *attachment, const char *function, const char *first_argument)
{
	List	   *nodes;

	if (!te_cluster_is_led_here(attachment))
		return 0;
	te_cluster_refuse_block(psprintf("given to %s()", function));
	nodes = te_cluster_nodes();
	te_cluster_run(nodes, psprintf("SELECT %s(%s%s%s)", te_user_name(function), first_argument != NULL ? first_argument : "",
								   first_argument != NULL ? ", " : "", te_cluster_relation(attachment)));
	te_cluster_check(nodes, psprintf("call %s() for table %s", function, attachment->name),
					 "Nodes that answered have done it. Call it again when this node answers.");
	return te_cluster_sum(nodes);
}

int64
te_cluster_clean(bool dry_run)
{
	char		cluster[TE_FOLDER_NAME_SIZE];
	List	   *nodes;

	if (!te_citus_is_coordinator() || !te_cluster_folder_name(cluster))
		return 0;
	nodes = te_cluster_nodes();
	te_cluster_run(nodes, psprintf("SELECT %s(%s)", te_user_name("thumbexif_clean"), dry_run ? "true" : "false"));
	te_cluster_warn(nodes, "clean");
	return te_cluster_sum(nodes);
}

/* thumbexif_left(relation text, shard bigint, forget boolean) RETURNS text */
Datum
thumbexif_left(PG_FUNCTION_ARGS)
{
	MemoryContext caller = CurrentMemoryContext;
	const char *relation = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *notes = "";
	text	   *result = NULL;

	SPI_connect();
	if (PG_GETARG_BOOL(2))
		te_left_forget(relation, PG_GETARG_INT64(1));
	else
		notes = te_left_tell(relation, PG_GETARG_INT64(1));
	MemoryContextSwitchTo(caller);
	if (notes != NULL)
		result = cstring_to_text(notes);
	SPI_finish();
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}
