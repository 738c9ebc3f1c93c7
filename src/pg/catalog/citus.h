/*
 * citus.h
 *		What Citus tells of a table: whether its rows are in shards, and which of these are on this node.
 *
 * A shard that several nodes have copies of, which is that of a reference table, counts as one of the node with the lowest group number
 * among them: that node alone notices changes and processes its assets.  If it changes, that is as if the shard had been moved.
 *
 * Citus is no dependency: its catalogs and functions are found by name in pg_catalog, where nobody but superusers creates
 * objects, and all of this says "no" where they do not exist.
 */
#ifndef TE_PG_CITUS_H
#define TE_PG_CITUS_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef enum TeCitusKind
{
	TE_CITUS_NONE,				/* no table of Citus, or no Citus */
	TE_CITUS_HASH,				/* distributed by the hash of a column */
	TE_CITUS_SINGLE,			/* one shard: a table of a distributed schema, or one on the coordinator */
	TE_CITUS_REFERENCE,			/* each node has a copy of all rows */
	TE_CITUS_OTHER				/* distributed in another way, or each shard on several nodes */
} TeCitusKind;

/* The highest number of a shard that names a folder. */
#define TE_MAX_SHARD	PG_INT32_MAX

typedef struct TeCitusShard
{
	int64		number;
	int64		folder;			/* the shard whose number its thumbnail folder has: itself, or of a partition's, that of the partitioned table */
	Oid			of;				/* the distributed table */
	Oid			relation;		/* the table of this node that has its rows */
} TeCitusShard;

/* Does this database belong to a Citus cluster, and is this node its coordinator? */
extern bool te_citus_is_installed(void);
extern bool te_citus_is_coordinator(void);

/* Needs no SPI connection and no lock. */
extern TeCitusKind te_citus_kind(Oid relation);

/* The name of the distribution column of a table, palloc'd; NULL if there is none.  Inside SPI. */
extern char *te_citus_distribution_column(Oid relation);

/* For SQL: pg_dist_placement, as "p", of the node that a shard counts as one of.  A condition may follow. */
#define TE_CITUS_PLACEMENT_SQL \
	"pg_catalog.pg_dist_placement AS p WHERE p.shardstate OPERATOR(pg_catalog.=) 1" \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_dist_placement AS o WHERE o.shardid OPERATOR(pg_catalog.=) p.shardid" \
	" AND o.shardstate OPERATOR(pg_catalog.=) 1 AND o.groupid OPERATOR(pg_catalog.<) p.groupid)"

/*
 * The shards that this node has (List of TeCitusShard *, in the order of their numbers) of tables (OIDs): of "relation", or of partitions
 * of it.  Inside SPI.
 */
extern List *te_citus_local_shards(Oid relation, const List *tables);

/* The shard that a table of this node is, of "relation" or of a partition of it; false if it is none.  Inside SPI. */
extern bool te_citus_shard_of(Oid relation, Oid table, TeCitusShard *shard);

/* The table of this node that is a shard of "relation" with this number; InvalidOid if this node has none.  Inside SPI. */
extern Oid	te_citus_shard_table(Oid relation, int64 number);

/*
 * The tables (List of OIDs) of this node that are colocated with one of its shards: the shards with the same range, of all tables in the
 * colocation group of its table.  Rows that were in a partition once are in one of these.  Inside SPI.
 */
extern List *te_citus_shards_beside(int64 number);

/* The other tables (List of OIDs) in the colocation group of one: its partitions, those that were so, and others.  Inside SPI. */
extern List *te_citus_tables_beside(Oid relation);

/* Does a shard count as one of this node's?  Inside SPI. */
extern bool te_citus_has_shard(int64 shard);

/*
 * Keep a shard from being moved until the transaction ends, with the rights of the table's owner; waits for the end of a move that is about to
 * copy the last changes.  False if the shard is not on this node any more, so that nothing may be written to it.  Needs no SPI connection.
 */
extern bool te_citus_hold_shard(int64 shard, Oid owner);

#endif							/* TE_PG_CITUS_H */
