/*
 * attach_cluster.h
 *		Attaching a table of a Citus cluster on all nodes.  Private to attach.c.
 */
#ifndef TE_PG_ATTACH_CLUSTER_H
#define TE_PG_ATTACH_CLUSTER_H

#include "postgres.h"

#include "attach_check.h"
#include "utils/relcache.h"

/*
 * ERROR, before anything is changed, if a table of Citus cannot be attached: its kind, its key, this node, a transaction block, or
 * a node that lacks something.  "told" is set on a node whose coordinator attaches the table.  Inside SPI.
 */
extern void te_attach_cluster_check(Relation relation, const TeMapping *mapping, bool told);

/* Attach the table, which is attached here, on the other nodes, with the same mapping.  ERROR that names the node that could not.  Inside SPI. */
extern void te_attach_cluster_nodes(const TeAttachment *attachment, const char *search_path);

/* Before a table is detached here: detach it on the other nodes, if this one leads.  ERROR that names the node that could not.  Inside SPI. */
extern void te_attach_cluster_detach(const TeAttachment *attachment);

/* What the coordinator has told a node: read its text into the parameters.  Returns the search_path.  Inside SPI. */
extern char *te_attach_cluster_read(const char *json, TeGivenColumns *given);

#endif							/* TE_PG_ATTACH_CLUSTER_H */
