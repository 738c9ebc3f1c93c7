/*
 * claim.h
 *		Claiming assets for processing, and releasing the claims.
 *
 * All functions need a transaction and an SPI connection.
 */
#ifndef TE_PG_CLAIM_H
#define TE_PG_CLAIM_H

#include "postgres.h"

#include "claim_lock.h"
#include "pg/catalog/asset.h"
#include "staleness.h"

#define TE_MAX_INTERRUPTIONS 10 /* claims of one asset that died with their owners, after which it has failed */

typedef enum TeClaimResult
{
	TE_CLAIMED,
	TE_CLAIM_NOT_NEEDED,		/* nothing is missing, or it has failed for good: see its state */
	TE_CLAIM_BUSY,				/* another session processes it, or its root is held off */
	TE_CLAIM_GONE				/* there is no such row */
} TeClaimResult;

typedef struct TeClaimRequest
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	int			parts;
	const TeClaim *claim;		/* NULL: evaluate only, claim nothing (a dry run) */
	TimestampTz since;			/* start of the run: an asset that another session has tried since is left to its retry */
	bool		known;			/* the assets have rows and states, no state newer than its row */
	bool		check_files;	/* check the files of assets that have not failed, too: they may have changed or be back */
} TeClaimRequest;

/*
 * Claim those of the assets (sorted by key) that need processing: reads their rows and states unless they are known, and fills
 * results[].  What is known may have changed: an asset with another state is read again.  So what may be out of date is what
 * changes without the state, such as thumbnail_path; a path of which the triggers know nothing is noticed when the row is written.
 * The state of a claimed asset is set to what it will be once the caller has committed.  Waits for a row that another
 * transaction inserts, but only for a moment.
 */
extern void te_claim_assets(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results);

/*
 * Release the claims on some assets: restores the state before the claim and does not count the attempt.
 * Does not wait for locks: returns the number of assets that others have locked, and moves their keys to the front.
 */
extern int	te_claim_release(const char *state_table, int attachment, Oid key_type,
							 TeKey *keys, int count, int32 claim);

#endif							/* TE_PG_CLAIM_H */
