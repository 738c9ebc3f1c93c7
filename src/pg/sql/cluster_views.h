/*
 * cluster_views.h
 *		What the other nodes of a Citus cluster know of a table, for the views on the coordinator.
 */
#ifndef TE_PG_CLUSTER_VIEWS_H
#define TE_PG_CLUSTER_VIEWS_H

#include "postgres.h"

#include "pg/catalog/asset_count.h"
#include "pg/catalog/attachment.h"

typedef struct TeClusterProgress
{
	int64		total;
	int64		done;
	int64		failed;
	int64		remaining;
	int64		stale;
	double		rate;			/* 0 = none is known */
} TeClusterProgress;

/*
 * Add the numbers of the other nodes to those of this one, if it leads the cluster and this is a table of Citus.  A node that does not
 * answer is left out, with a WARNING.  False if there was nothing to add.
 */
extern bool te_cluster_add_status(const TeAttachment *attachment, int64 assets[TE_ASSET_STATUSES]);
extern bool te_cluster_add_progress(const TeAttachment *attachment, TeClusterProgress *progress);

/* The number of done assets that were made with other settings than those of this session (monitoring.c). */
extern int64 te_count_stale(const TeAttachment *attachment, const TeAssetCounts *counts);

#endif							/* TE_PG_CLUSTER_VIEWS_H */
