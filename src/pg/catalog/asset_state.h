/*
 * asset_state.h
 *		Queueing and deleting state rows.
 *
 * All functions need an SPI connection and use the extension's rights; callers have checked the user's rights.
 * src/README.md describes the states.
 */
#ifndef TE_PG_ASSET_STATE_H
#define TE_PG_ASSET_STATE_H

#include "postgres.h"

#include "attachment.h"

/*
 * SQL SET list that queues a state row (alias s) again with all its attempts, whatever its status.  The columns
 * about its thumbnail and its source stay, since they tell which parts are stale.  $2 is a value of
 * te_asset_state_new_version().
 */
#define TE_STATE_REQUEUE \
	"status = 'queued', claimed_from = NULL, claim = NULL, version = GREATEST(s.version + 1, $2), " \
	"next_try = now(), limit_hit = NULL, attempts = 0, interruptions = 0, verdict = NULL, " \
	"tried_settings = NULL, path = NULL, error = NULL, exif_error = NULL"

/*
 * SQL that queues assets, whether they have state rows or not.  "source" gives their keys in column "id" and
 * may use $3: VALUES or SELECT.
 */
extern char *te_asset_state_queue_sql(const char *state, const char *source);

/*
 * SQL that deletes rows of a state table (alias s) with all their thumbnails, and lists the files of these for removal.  "where" is the
 * rest of the DELETE, with its USING and WHERE; it must restrict s.attachment to $1.  The statement's row count is
 * the number of files.
 */
extern char *te_asset_state_delete_sql(const char *state, const char *where);

/*
 * SET clauses of a state (alias s) whose key changes, or its partition.  A process that works on the asset does not know where it is now, so the
 * state becomes that before its claim.  $2 as above.
 */
#define TE_STATE_MOVED \
	"version = GREATEST(s.version + 1, $2), " \
	"status = CASE s.status WHEN 'running' THEN COALESCE(s.claimed_from, 'queued') ELSE s.status END, " \
	"attempts = CASE s.status WHEN 'running' THEN GREATEST(s.attempts - 1, 0) ELSE s.attempts END, " \
	"claimed_from = NULL, claim = NULL"

/* SQL that moves a state, and the rows of its thumbnails in several sizes, from key $3 to $4 of attachment $1. */
extern char *te_asset_state_move_sql(const char *state);
extern char *te_asset_state_move_sizes_sql(const char *state);

/*
 * The version of a state row that this transaction inserts.  It is above every version of earlier rows of the same
 * key, so that a result for one of those is dropped.  Equals the column's default, but is cheaper.  Assigns a
 * transaction id.
 */
extern int64 te_asset_state_new_version(void);

/* Delete all state rows of an attachment, and the notes of rows to queue, and, unless keep_files, list the thumbnail files that rows name for removal.  Those of other sizes are listed in any case. */
extern void te_asset_state_delete_all(int attachment, bool keep_files);

#endif							/* TE_PG_ASSET_STATE_H */
