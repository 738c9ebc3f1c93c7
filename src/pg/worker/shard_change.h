/*
 * shard_change.h
 *		Notices, in the transaction that tells a node of a Citus cluster so, that shards have come or gone.
 *
 * When a shard is moved, Citus tells all nodes in one distributed transaction, while nobody can write to the shard.  If the node to which it
 * was moved attaches it in that transaction, no write to it goes without triggers.  What cannot be done at once, since something is locked,
 * the worker does, which is woken by the transaction's COMMIT PREPARED.
 */
#ifndef TE_PG_SHARD_CHANGE_H
#define TE_PG_SHARD_CHANGE_H

#include "postgres.h"

/* Watch for changes of relations.  Called once, when the library is loaded. */
extern void te_shard_change_install(void);

/* Called before a transaction block is prepared or committed: if it has changed relations, attach shards that came and release those that went. */
extern void te_shard_change_before_commit(void);

#endif							/* TE_PG_SHARD_CHANGE_H */
