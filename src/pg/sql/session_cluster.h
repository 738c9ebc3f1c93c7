/*
 * session_cluster.h
 *		The assets of a session in a table of a Citus cluster, which are processed by the nodes that have their rows.
 */
#ifndef TE_PG_SESSION_CLUSTER_H
#define TE_PG_SESSION_CLUSTER_H

#include "postgres.h"

#include "pg/catalog/key.h"
#include "progress.h"

/* Have all nodes process their assets at once, some at a time.  A node that does not answer is named in a WARNING.  Inside non-atomic SPI; commits. */
extern void te_session_cluster(TeProgress *progress, const TeKey *keys, int count);

#endif							/* TE_PG_SESSION_CLUSTER_H */
