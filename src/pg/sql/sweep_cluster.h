/*
 * sweep_cluster.h
 *		A sweep of a table of a Citus cluster, on all nodes at once.
 */
#ifndef TE_PG_SWEEP_CLUSTER_H
#define TE_PG_SWEEP_CLUSTER_H

#include "postgres.h"

#include "pg/catalog/attachment.h"
#include "pg/pipeline/sweep.h"

/* What sweeps of some tables have done. */
typedef struct TeSweepTotals
{
	TeSweepCounts counts;
	int64		rows_read;
	int64		rows_left;		/* which others had locked */
} TeSweepTotals;

/*
 * Have all nodes sweep their shards, if this node leads a cluster and this is a table of Citus; otherwise false.  A node that does not answer is named in
 * a WARNING.  Inside non-atomic SPI; commits.
 */
extern bool te_sweep_cluster(const TeAttachment *attachment, TeSweepTotals *totals);

#endif							/* TE_PG_SWEEP_CLUSTER_H */
