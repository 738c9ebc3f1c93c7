/*
 * cluster_process.c
 *		thumbexif_process() for a row that another node of a Citus cluster has.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "cluster.h"
#include "cluster_process.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"

/* Make a row of the result of a text of JSON. */
static HeapTuple
row_of(const char *json, TupleDesc desc)
{
	Datum	   *values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc0(sizeof(bool) * desc->natts);
	StringInfoData sql;
	TeArgs		args = {0};

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT x.* FROM pg_catalog.json_to_record($1::pg_catalog.json) AS x(");
	for (int i = 0; i < desc->natts; i++)
		appendStringInfo(&sql, "%s%s %s", i > 0 ? ", " : "", quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)),
						 format_type_be_qualified(TupleDescAttr(desc, i)->atttypid));
	appendStringInfoChar(&sql, ')');
	te_arg_text(&args, json);
	te_sql(sql.data, &args);
	for (int i = 0; i < desc->natts; i++)
	{
		nulls[i] = te_out_null(0, i + 1);
		values[i] = nulls[i] ? (Datum) 0 : te_out(0, i + 1);
	}
	return heap_form_tuple(desc, values, nulls);
}

/* The node has told its reasons to nobody. */
static void
report_outcome(const TeAttachment *attachment, const TeKey *key, const TeNode *node, HeapTuple row, TupleDesc desc)
{
	bool		isnull;
	Datum		error = heap_getattr(row, 2, desc, &isnull);

	if (!isnull)
		ereport(WARNING,
				(errmsg("asset %s failed: %s", te_key_text(attachment->key_type, key), TextDatumGetCString(error)),
				 errdetail("It was processed on node %s.", node->name)));
	error = heap_getattr(row, 3, desc, &isnull);
	if (!isnull)
		ereport(WARNING,
				(errmsg("Failed to extract EXIF data: %s", TextDatumGetCString(error)),
				 errdetail("It was processed on node %s.", node->name)));
}

HeapTuple
te_cluster_process(const TeAttachment *attachment, const TeKey *key, bool force, TupleDesc desc)
{
	TeNode	   *node;
	HeapTuple	row;
	char	   *answer;
	Oid			shard;

	if (!te_cluster_is_led_here(attachment))
		return NULL;
	node = te_cluster_find_row(attachment, key, &shard);
	if (node == NULL)
		return NULL;
	answer = te_cluster_run_on_row(attachment, key, node,
								   psprintf("process asset %s", te_key_text(attachment->key_type, key)),
								   psprintf("SELECT pg_catalog.row_to_json(p)::pg_catalog.text FROM %s(%s, %s, %s) AS p", te_user_name("thumbexif_process"),
											te_cluster_key(attachment, key), te_cluster_relation(attachment), force ? "true" : "false"));
	row = row_of(answer, desc);
	report_outcome(attachment, key, node, row, desc);
	return row;
}
