/*
 * citus_node.h
 *		The nodes of a Citus cluster, and statements that run on them.
 *
 * Statements run through a function of Citus, each on a connection of its own with the current role, so that the rights that count are
 * those of this role on that node.  They commit there, whatever becomes of the caller's transaction.
 */
#ifndef TE_PG_CITUS_NODE_H
#define TE_PG_CITUS_NODE_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct TeNode
{
	int			group;
	char	   *host;
	int			port;
	char	   *name;			/* "host:port", for messages */
	char	   *sql;			/* the statement to run; NULL: the same as on the others */

	/* its answer */
	bool		answered;
	char	   *text;			/* the value returned, or the error */
} TeNode;

/* A node that a statement has read: groupid, nodename, nodeport.  Palloc'd, as are the others below. */
extern TeNode *te_cluster_node_out(int row);

/* The other nodes (List of TeNode *) that may have shards.  Inside SPI. */
extern List *te_cluster_nodes(void);

/* Those of them that have a copy of a shard.  Inside SPI. */
extern List *te_cluster_nodes_of_shard(int64 shard);

/* This node, as the cluster knows it; ERROR if it does not.  Inside SPI. */
extern TeNode *te_cluster_this_node(void);

/*
 * Run a statement that returns one value, on all nodes at once, and fill in the answers.  An error on a node is its answer, and no ERROR here:
 * te_cluster_check() or te_cluster_warn() tell of it.  Inside SPI.
 */
extern void te_cluster_run(List *nodes, const char *sql);

/* ERROR that names the first node that gave no answer, and what could not be done; "hint" tells what to do then. */
extern void te_cluster_check(const List *nodes, const char *what, const char *hint);

/* WARNING for each node that gave no answer. */
extern void te_cluster_warn(const List *nodes, const char *what);

#endif							/* TE_PG_CITUS_NODE_H */
