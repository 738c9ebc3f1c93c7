/*
 * shard_arrival.h
 *		Looks through a shard of Citus that has come from another node, to tell which of its rows are done.
 *
 * States do not move with a shard.  A row that has a thumbnail of ours is done, so nothing is decoded again, unless a node that had the
 * shard before tells that it was to be done again when the shard left.  All other rows are queued.  Until then nobody processes assets of the shard:
 * "arrived" of its attachment tells so.
 */
#ifndef TE_PG_SHARD_ARRIVAL_H
#define TE_PG_SHARD_ARRIVAL_H

#include "postgres.h"

#include "sweep.h"

typedef enum TeArrivalResult
{
	TE_ARRIVAL_DONE,			/* its assets may be processed */
	TE_ARRIVAL_MORE,			/* call again, in another transaction */
	TE_ARRIVAL_LATER			/* a node does not answer, or rows are locked: begin again later */
} TeArrivalResult;

typedef struct TeShardArrival	/* zeroed = begin */
{
	bool		recalled;		/* the other nodes were asked */
	bool		forgotten;
	TeSwept		swept;
	TeSweepCounts counts;
} TeShardArrival;

/*
 * The next step, in a transaction of its own.  The attachment must be the one that te_table_access() returned in this transaction.
 * Inside SPI.
 */
extern TeArrivalResult te_shard_arrival_step(const TeAttachment *shard, TeShardArrival *arrival);

#endif							/* TE_PG_SHARD_ARRIVAL_H */
