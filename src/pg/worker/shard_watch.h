/*
 * shard_watch.h
 *		The background worker looks through shards that have come from other nodes (pipeline/shard_arrival.h).
 */
#ifndef TE_PG_SHARD_WATCH_H
#define TE_PG_SHARD_WATCH_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

/* Look through one of the attachments (TeAttachment *) that is such a shard, for a moment.  True if there was something to do; *due is when to do more. */
extern bool te_shard_watch_turn(List *attachments, TimestampTz *due);

/*
 * On the coordinator: attach tables on nodes that have joined the cluster.  In a transaction, inside SPI.  ERROR if a node lacks
 * something.
 */
extern void te_node_watch(void);

#endif							/* TE_PG_SHARD_WATCH_H */
