/*
 * backfill_cluster.h
 *		A backfill of a table of a Citus cluster, which runs on all nodes at once.
 */
#ifndef TE_PG_BACKFILL_CLUSTER_H
#define TE_PG_BACKFILL_CLUSTER_H

#include "postgres.h"

#include "progress.h"

/* What a backfill is asked for, as SQL for the nodes. */
typedef struct TeClusterBackfill
{
	int64		max_assets;		/* PG_INT64_MAX = all */
	int			batch_size;
	bool		dry_run;
	const char *parts;
	bool		verify;
} TeClusterBackfill;

/* Run it, if this node leads a cluster and this is a table of Citus; otherwise false.  Inside non-atomic SPI; commits. */
extern bool te_backfill_cluster(const TeClusterBackfill *wanted, TeProgress *progress);

#endif							/* TE_PG_BACKFILL_CLUSTER_H */
