/*
 * cluster.h
 *		What the coordinator of a Citus cluster has the other nodes do.
 *
 * The coordinator works for all nodes: what a function does for a distributed table it does on each node, by calling the same
 * function there, which then does it for the shards of that node.
 */
#ifndef TE_PG_CLUSTER_H
#define TE_PG_CLUSTER_H

#include "postgres.h"

#include "fmgr.h"
#include "pg/catalog/attachment.h"
#include "pg/catalog/citus_node.h"
#include "pg/catalog/key.h"

/* Is this a table of Citus and this node the coordinator, so that other nodes must do their parts? */
extern bool te_cluster_is_led_here(const TeAttachment *attachment);

/* ERROR inside a transaction block: other nodes have transactions of their own.  "what" as in "a table cannot be <what>". */
extern void te_cluster_refuse_block(const char *what);

/* Grant on other nodes the rights on our functions and views that roles were granted on this one.  te_cluster_check() tells what failed.  Inside SPI. */
extern void te_cluster_copy_rights(List *nodes);

/* The sum of the answers, which are numbers. */
extern int64 te_cluster_sum(const List *nodes);

/* Have the other nodes clean, if this node leads a cluster; returns the number of files.  Inside SPI. */
extern int64 te_cluster_clean(bool dry_run);

/* What nodes tell each other in a text of JSON: a value as text; NULL if the text (may be NULL) has none.  Inside SPI. */
extern char *te_cluster_value(const char *json, const char *key);

/* The same for a number; 0 if there is none. */
extern int64 te_cluster_number(const char *json, const char *key);

/* "'schema.table'::regclass", for statements that run on other nodes. */
extern char *te_cluster_relation(const TeAttachment *attachment);

/*
 * The other node that has the row with this key of a table of Citus; NULL if it is this node, and *shard is the table with the row, or
 * if this is no table of Citus.  ERROR if the shard is on no node that is known.  Inside SPI.
 */
extern TeNode *te_cluster_find_row(const TeAttachment *attachment, const TeKey *key, Oid *shard);

/* The shard with that row, which is on this node; otherwise an ERROR that names the node.  Inside SPI. */
extern Oid	te_cluster_local_shard(const TeAttachment *attachment, const TeKey *key);

/*
 * If another node has the row whose key is the first argument of a function, call the function there, with this key and the table:
 * returns true, and its value as text.  Inside SPI.
 */
extern bool te_cluster_call_on_row(FunctionCallInfo fcinfo, Oid type, const TeAttachment *attachment, const char *function, char **value);

/*
 * Call a function with the table as its last argument on all other nodes, if this node leads; returns the sum of its values.  Not in a transaction
 * block, for whose locks they could wait.  Inside SPI.
 */
extern int64 te_cluster_call_on_all(const TeAttachment *attachment, const char *function, const char *first_argument);

/*
 * Run a statement about one asset on its node, which raises an ERROR that names node and shard if that fails.  Returns the value.
 * Not in a transaction block: the node could wait for locks of the caller's transaction, which Citus cannot tell.  Inside SPI.
 */
extern char *te_cluster_run_on_row(const TeAttachment *attachment, const TeKey *key, TeNode *node, const char *what, const char *sql);

/*
 * If this node leads and another one has the row with this key, call a function of the key, the table and perhaps a third argument (of
 * type InvalidOid: none) there, for a row that the caller sees: returns true, and *rows is 0 or 1, with the result as te_out_ functions
 * read it.  Citus reads it in the caller's transaction, as it does the row.  ERROR if the node does not answer.  Inside SPI.
 */
extern bool te_cluster_read_row(const TeAttachment *attachment, const TeKey *key, const char *function, Oid type, NullableDatum third, uint64 *rows);

/* The beginning of SQL that calls a function for a row, alias t: its name, the key as this type, and the table, without a bracket at the end. */
extern char *te_cluster_row_call(const TeAttachment *attachment, const char *function, Oid type);

/* "'42'::bigint": a key for statements that run on other nodes. */
extern char *te_cluster_key(const TeAttachment *attachment, const TeKey *key);

#endif							/* TE_PG_CLUSTER_H */
