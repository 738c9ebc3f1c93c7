/*
 * cluster_views.c
 *		What the other nodes of a Citus cluster know of a table, for the views on the coordinator.
 *
 * Each node is asked for the rows of its own view, as one text of JSON, with the rights of who reads the view.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "cluster.h"
#include "cluster_views.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"
#include "pg/catalog/citus.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_node_failures);
PG_FUNCTION_INFO_V1(thumbexif_node_activity);
PG_FUNCTION_INFO_V1(thumbexif_node_thumbnails);

#define OF_CITUS "v.relation IN (SELECT p.logicalrelid FROM pg_catalog.pg_dist_partition AS p)"

/*
 * Ask all nodes for the rows of a view.  "columns" are those of the result, "condition" is on alias v.  Inside SPI.  Returns the nodes.
 */
static List *
ask(const char *view, const char *columns, const char *condition, const char *what)
{
	List	   *nodes = te_cluster_nodes();

	te_cluster_run(nodes, psprintf("SELECT COALESCE(pg_catalog.json_agg(r)::pg_catalog.text, '[]') FROM (SELECT %s FROM %s AS v WHERE %s) AS r",
								   columns, te_user_name(view), condition));
	te_cluster_warn(nodes, what);
	return nodes;
}

/* Read a node's rows; "columns" have their types.  Returns their number. */
static uint64
read_rows(const TeNode *node, const char *columns)
{
	TeArgs		args = {0};

	if (!node->answered)
		return 0;
	te_arg_text(&args, node->text);
	return te_sql(psprintf("SELECT x.* FROM pg_catalog.json_to_recordset($1::pg_catalog.json) AS x(%s)", columns), &args);
}

static char *
of_relation(const TeAttachment *attachment)
{
	return psprintf("v.relation OPERATOR(pg_catalog.=) %s", te_cluster_relation(attachment));
}

bool
te_cluster_add_status(const TeAttachment *attachment, int64 assets[TE_ASSET_STATUSES])
{
	ListCell   *cell;

	if (!te_cluster_is_led_here(attachment))
		return false;
	SPI_connect();
	foreach(cell, ask("thumbexif_status", "v.status, v.assets", of_relation(attachment), "read the numbers of assets"))
	{
		uint64		rows = read_rows(lfirst(cell), "status pg_catalog.text, assets pg_catalog.int8");

		for (uint64 i = 0; i < rows; i++)
		{
			const char *status = te_out_text((int) i, 1);

			for (int j = 0; j < TE_ASSET_STATUSES; j++)
				if (strcmp(status, te_asset_status_name((TeAssetStatus) j)) == 0)
					assets[j] += te_out_int((int) i, 2, 0);
		}
		te_sql_free();
	}
	SPI_finish();
	return true;
}

bool
te_cluster_add_progress(const TeAttachment *attachment, TeClusterProgress *progress)
{
	ListCell   *cell;

	if (!te_cluster_is_led_here(attachment))
		return false;
	SPI_connect();
	foreach(cell, ask("thumbexif_progress", "v.total, v.done, v.failed, v.remaining, v.stale, v.rate", of_relation(attachment), "read the progress"))
	{
		if (read_rows(lfirst(cell), "total pg_catalog.int8, done pg_catalog.int8, failed pg_catalog.int8, remaining pg_catalog.int8,"
					  " stale pg_catalog.int8, rate pg_catalog.float8") > 0)
		{
			progress->total += te_out_int(0, 1, 0);
			progress->done += te_out_int(0, 2, 0);
			progress->failed += te_out_int(0, 3, 0);
			progress->remaining += te_out_int(0, 4, 0);
			progress->stale += te_out_int(0, 5, 0);
			if (!te_out_null(0, 6))
				progress->rate += DatumGetFloat8(te_out(0, 6));
		}
		te_sql_free();
	}
	SPI_finish();
	return true;
}

/*
 * Put the rows that the other nodes have in a view into the result, whose columns have the names of the view's; with "name", the last one is the
 * node's name.
 */
static Datum
put_rows(FunctionCallInfo fcinfo, const char *view, const char *condition, const char *what, bool name)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	StringInfoData plain;
	StringInfoData typed;
	int			count;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	if (!te_citus_is_coordinator())
		return (Datum) 0;
	count = result->setDesc->natts - (name ? 1 : 0);
	initStringInfo(&plain);
	initStringInfo(&typed);
	for (int i = 0; i < count; i++)
	{
		const char *column = NameStr(TupleDescAttr(result->setDesc, i)->attname);
		bool		relation = strcmp(column, "relation") == 0;

		/* of a shard, which the coordinator does not have, the distributed table */
		appendStringInfo(&plain, relation ? "%sCOALESCE((SELECT s.logicalrelid FROM pg_catalog.pg_dist_shard AS s WHERE s.shardid OPERATOR(pg_catalog.=)"
						 " pg_catalog.int8(pg_catalog.substring(v.relation::pg_catalog.text, '_([0-9]{1,18})\"?$'))), v.relation)::pg_catalog.text AS relation" :
						 "%sv.%s", i > 0 ? ", " : "", column);
		appendStringInfo(&typed, "%s%s %s", i > 0 ? ", " : "", quote_identifier(column),
						 format_type_be_qualified(TupleDescAttr(result->setDesc, i)->atttypid));
	}
	SPI_connect();
	foreach(cell, ask(view, plain.data, condition, what))
	{
		const TeNode *node = lfirst(cell);
		uint64		rows = read_rows(node, typed.data);

		for (uint64 i = 0; i < rows; i++)
		{
			Datum		values[MaxTupleAttributeNumber] = {0};
			bool		nulls[MaxTupleAttributeNumber];

			for (int j = 0; j < count; j++)
			{
				nulls[j] = te_out_null((int) i, j + 1);
				values[j] = nulls[j] ? (Datum) 0 : te_out((int) i, j + 1);
			}
			if (name)
			{
				values[count] = CStringGetTextDatum(node->name);
				nulls[count] = false;
			}
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
		te_sql_free();
	}
	SPI_finish();
	return (Datum) 0;
}

/* thumbexif_node_failures() RETURNS TABLE: the rows of thumbexif_failures on the other nodes, of tables of Citus */
Datum
thumbexif_node_failures(PG_FUNCTION_ARGS)
{
	return put_rows(fcinfo, "thumbexif_failures", OF_CITUS, "read failures", false);
}

/* thumbexif_node_thumbnails() RETURNS TABLE: the rows of thumbexif_thumbnails on the other nodes, of tables of Citus */
Datum
thumbexif_node_thumbnails(PG_FUNCTION_ARGS)
{
	return put_rows(fcinfo, "thumbexif_thumbnails", OF_CITUS, "read thumbnails", false);
}

/* thumbexif_node_activity() RETURNS TABLE: the rows of thumbexif_workers on the other nodes, and the node */
Datum
thumbexif_node_activity(PG_FUNCTION_ARGS)
{
	return put_rows(fcinfo, "thumbexif_workers",
					"v.database OPERATOR(pg_catalog.=) pg_catalog.current_database() OR v.database IS NULL",
					"read who works", true);
}
