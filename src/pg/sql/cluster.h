/*
 * cluster.h
 *		The nodes of a Citus cluster, and statements that run on them.
 *
 * The coordinator works for all nodes: what a function does for a distributed table it does on each node, by calling the same
 * function there, which then does it for the shards of that node.  Statements run through a function of Citus, each on a
 * connection of its own with the caller's role, so that the rights that count are those of the caller on that node.  They
 * commit there, whatever becomes of the caller's transaction.
 */
#ifndef TE_PG_CLUSTER_H
#define TE_PG_CLUSTER_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/key.h"

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

/* Is this a table of Citus and this node the coordinator, so that other nodes must do their parts? */
extern bool te_cluster_is_led_here(const TeAttachment *attachment);

/* The other nodes (List of TeNode *) that may have shards.  Inside SPI. */
extern List *te_cluster_nodes(void);

/* This node, as the cluster knows it.  Inside SPI. */
extern TeNode *te_cluster_this_node(void);

/* Run a statement that returns one value, on all nodes at once; fills in the answers.  Inside SPI. */
extern void te_cluster_run(List *nodes, const char *sql);

/* ERROR that names the first node that gave no answer, and what could not be done; "hint" tells what to do then. */
extern void te_cluster_check(const List *nodes, const char *what, const char *hint);

/* WARNING for each node that gave no answer. */
extern void te_cluster_warn(const List *nodes, const char *what);

/* The sum of the answers, which are numbers. */
extern int64 te_cluster_sum(const List *nodes);

/* Have the other nodes clean, if this node leads a cluster; returns the number of files.  Inside SPI. */
extern int64 te_cluster_clean(bool dry_run);

/* "'schema.table'::regclass", for statements that run on other nodes. */
extern char *te_cluster_relation(const TeAttachment *attachment);

/*
 * The other node that has the row with this key of a table of Citus; NULL if it is this node, and *shard is the table with the row, or
 * if this is no table of Citus.  ERROR if the shard is on no node that is known.  Inside SPI.
 */
extern TeNode *te_cluster_find_row(const TeAttachment *attachment, const TeKey *key, Oid *shard);

/* The attachment of the shard with that row, which is on this node; otherwise an ERROR that names the node.  Inside SPI. */
extern TeAttachment *te_cluster_local_shard(const TeAttachment *attachment, const TeKey *key);

/*
 * If another node has the row whose key is the first argument of a function, call the function there, with this key and the table:
 * returns true, and its value as text.  Inside SPI.
 */
extern bool te_cluster_call_on_row(FunctionCallInfo fcinfo, Oid type, const TeAttachment *attachment, const char *function, char **value);

/* Call a function with the table as its last argument on all other nodes, if this node leads; returns the sum of its values.  Inside SPI. */
extern int64 te_cluster_call_on_all(const TeAttachment *attachment, const char *function, const char *first_argument);

/*
 * Run a statement about one asset on its node, which raises an ERROR that names node and shard if that fails.  Returns the value.
 * Not in a transaction block: the node could wait for locks of the caller's transaction, which Citus cannot tell.  Inside SPI.
 */
extern char *te_cluster_run_on_row(const TeAttachment *attachment, const TeKey *key, TeNode *node, const char *what, const char *sql);

/* "'42'::bigint": a key for statements that run on other nodes. */
extern char *te_cluster_key(const TeAttachment *attachment, const TeKey *key);

#endif							/* TE_PG_CLUSTER_H */
