/*
 * asset_state.h
 *		What triggers, attach and the queue functions do to state rows.
 *
 * All of it is done with the extension's rights, inside SPI; callers have checked
 * the user's.  The state machine itself is described in src/README.md.
 */
#ifndef TE_PG_ASSET_STATE_H
#define TE_PG_ASSET_STATE_H

#include "postgres.h"

#include "attachment.h"

/*
 * SET list that puts a state row (alias s) back into the queue as if it were new,
 * whatever it was doing.  What is known of its thumbnail and of the source stays: it says
 * what is stale.  "version" is the SQL of a value of te_asset_state_new_version().
 */
#define TE_REQUEUE(version) \
	"status = 'queued', claimed_from = NULL, claim = NULL, " \
	"version = GREATEST(s.version + 1, " version "), " \
	"next_try = now(), limit_hit = NULL, attempts = 0, interruptions = 0, verdict = NULL, " \
	"tried_settings = NULL, path = NULL, error = NULL, exif_error = NULL"

/*
 * The version of a state row that this transaction makes: above every version of
 * earlier rows of the same key, so that a result for one of those is dropped.  The
 * same as the column's default, and quicker.  Gets a transaction id.
 */
extern int64 te_asset_state_new_version(void);

/* Delete all state rows of an attachment, and have their files removed unless they are to be kept. */
extern void te_asset_state_delete_all(int attachment, bool keep_files);

/* The same, and the attachment itself, whose table has gone. */
extern void te_asset_state_forget(int attachment);

#endif							/* TE_PG_ASSET_STATE_H */
