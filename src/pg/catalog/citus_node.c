/*
 * citus_node.c
 *		The nodes of a Citus cluster, and statements that run on them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "citus_node.h"
#include "pg/base/statement.h"
#include "pg/compat.h"

TeNode *
te_cluster_node_out(int row)
{
	TeNode	   *node = palloc0(sizeof(TeNode));

	node->group = (int) te_out_int(row, 1, 0);
	node->host = te_out_text(row, 2);
	node->port = (int) te_out_int(row, 3, 0);
	node->name = psprintf("%s:%d", node->host, node->port);
	return node;
}

/* The nodes whose group is, or is not, that of this node, and that meet a condition. */
static List *
list_nodes(const char *compare, const char *condition, const TeArgs *args)
{
	List	   *nodes = NIL;
	uint64		count;

	count = te_sql(psprintf("SELECT n.groupid, n.nodename, n.nodeport FROM pg_catalog.pg_dist_node AS n"
							" WHERE n.isactive AND n.noderole::pg_catalog.text OPERATOR(pg_catalog.=) 'primary'"
							" AND n.nodecluster OPERATOR(pg_catalog.=) pg_catalog.current_setting('citus.cluster_name')::pg_catalog.name"
							" AND n.groupid OPERATOR(pg_catalog.%s) ALL (SELECT g.groupid FROM pg_catalog.pg_dist_local_group AS g)%s"
							" ORDER BY n.groupid", compare, condition), args);
	for (uint64 i = 0; i < count; i++)
		nodes = lappend(nodes, te_cluster_node_out((int) i));
	te_sql_free();
	return nodes;
}

List *
te_cluster_nodes(void)
{
	const TeArgs none = {0};

	return list_nodes("<>", "", &none);
}

List *
te_cluster_nodes_of_shard(int64 shard)
{
	TeArgs		args = {0};

	te_arg_int8(&args, shard);
	return list_nodes("<>", " AND n.groupid OPERATOR(pg_catalog.=) ANY (SELECT p.groupid FROM pg_catalog.pg_dist_placement AS p"
					  " WHERE p.shardid OPERATOR(pg_catalog.=) $1 AND p.shardstate OPERATOR(pg_catalog.=) 1)", &args);
}

TeNode *
te_cluster_this_node(void)
{
	const TeArgs none = {0};
	List	   *nodes = list_nodes("=", "", &none);

	if (nodes == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("this node has shards, and is not known to its cluster"),
				 errhint("Call citus_set_coordinator_host() on the coordinator.")));
	return linitial(nodes);
}

void
te_cluster_run(List *nodes, const char *sql)
{
	int			count = list_length(nodes);
	Datum	   *hosts = palloc(sizeof(Datum) * (count + 1));
	Datum	   *ports = palloc(sizeof(Datum) * (count + 1));
	Datum	   *statements = palloc(sizeof(Datum) * (count + 1));
	TeArgs		args = {0};
	ListCell   *cell;

	if (count == 0)
		return;
	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);
		int			i = foreach_current_index(cell);

		hosts[i] = CStringGetTextDatum(node->host);
		ports[i] = Int32GetDatum(node->port);
		statements[i] = CStringGetTextDatum(node->sql != NULL ? node->sql : sql);
	}
	te_arg_array(&args, TEXTOID, hosts, NULL, count);
	te_arg_array(&args, INT4OID, ports, NULL, count);
	te_arg_array(&args, TEXTOID, statements, NULL, count);
	/* its rows come in the order of the arrays */
	if (te_sql("SELECT r.success, r.result FROM pg_catalog.master_run_on_worker($1, $2, $3, true) AS r", &args) != (uint64) count)
		elog(ERROR, "Citus did not report on every node");
	foreach(cell, nodes)
	{
		TeNode	   *node = lfirst(cell);
		int			i = foreach_current_index(cell);

		node->answered = !te_out_null(i, 1) && DatumGetBool(te_out(i, 1));
		node->text = te_out_text(i, 2);
	}
	te_sql_free();
}

/* The error of a node, without what PostgreSQL puts in front of it. */
static const char *
reason(const TeNode *node)
{
	const char *text = node->text != NULL ? node->text : "";

	return strncmp(text, "ERROR:  ", strlen("ERROR:  ")) == 0 ? text + strlen("ERROR:  ") : text;
}

void
te_cluster_check(const List *nodes, const char *what, const char *hint)
{
	ListCell   *cell;

	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);

		if (!node->answered)
			ereport(ERROR,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("could not %s on node %s", what, node->name),
					 errdetail("%s", reason(node)),
					 errhint("%s", hint)));
	}
}

void
te_cluster_warn(const List *nodes, const char *what)
{
	ListCell   *cell;

	foreach(cell, nodes)
	{
		const TeNode *node = lfirst(cell);

		if (!node->answered)
			ereport(WARNING,
					(errcode(ERRCODE_CONNECTION_FAILURE),
					 errmsg("could not %s on node %s", what, node->name),
					 errdetail("%s", reason(node)),
					 errhint("What is shown, or was done, leaves that node out. Try again when it answers.")));
	}
}
