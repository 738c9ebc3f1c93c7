/*
 * shard_left.h
 *		Notes about assets in shards that have left this node.
 *
 * States do not move with a shard.  Whoever has its rows now takes those with a thumbnail for done, with the current settings; so a node
 * that a shard leaves notes which were not done, and which were made with other settings.  A note is about a key of the table,
 * since the shard may have been split: who asks gets the notes about the keys that are in its shard now.
 *
 * A table that has no shards, since it was undistributed, asks in the same way, with shard 0.  All functions are called inside SPI.
 */
#ifndef TE_PG_SHARD_LEFT_H
#define TE_PG_SHARD_LEFT_H

#include "postgres.h"

#include "attachment.h"

/*
 * Note the assets of a member that is a shard, before its states are deleted.  The attachment, if it can still be read, tells the current
 * settings; with NULL those that are done are not noted.  Nothing is, if the shard is still here: it is of a partition that was detached.
 */
extern void te_left_note(int number, const TeAttachment *shard);

/*
 * The notes about a shard of the attached table with this name, as JSON; NULL if this node has not released all shards yet, so that
 * it must be asked again.
 */
extern char *te_left_tell(const char *relation, int64 shard);

/* Forget these notes. */
extern void te_left_forget(const char *relation, int64 shard);

/* Add what another node has told to the notes of this one.  False if this one has not released all shards yet. */
extern bool te_left_take(const TeAttachment *shard, const char *json);

/* Of a shard on this node: queue what was not done; the notes about that are forgotten. */
extern void te_left_queue(const TeAttachment *shard);

/* Of a shard on this node, whose rows were looked through: note in the states with which settings they were made. */
extern void te_left_apply(const TeAttachment *shard);

#endif							/* TE_PG_SHARD_LEFT_H */
