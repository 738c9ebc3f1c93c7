/*
 * claim.h
 *		Claims: who is at work on which asset, and giving back.
 *
 * All functions need a transaction, and an SPI connection unless they say otherwise.
 */
#ifndef TE_PG_CLAIM_H
#define TE_PG_CLAIM_H

#include "postgres.h"

#include "claim_lock.h"
#include "pg/catalog/asset.h"
#include "staleness.h"

#define TE_MAX_INTERRUPTIONS 10	/* claims of one asset that died with their owners */

typedef enum TeClaimResult
{
	TE_CLAIMED,					/* ours now */
	TE_CLAIM_NOT_NEEDED,		/* lacks nothing, or has failed for good: see its state */
	TE_CLAIM_BUSY,				/* somebody else is at work on it, or its root is held off */
	TE_CLAIM_GONE				/* there is no such row */
} TeClaimResult;

typedef struct TeClaimRequest
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	int			parts;
	const TeClaim *claim;		/* NULL: only look, claim nothing (a dry run) */
	TimestampTz since;			/* when we began: what has failed since and is not due again is another's */
	bool		look;			/* also where nothing has failed: the file may have changed, or is back */
} TeClaimRequest;

/*
 * Claim of these assets (te_assets_of_keys) what needs something: reads row and
 * state as they are now, and fills taken[].  For those taken, state is as it
 * will be once the caller has committed.  Never waits for another's row longer than a moment.
 */
extern void te_claim_assets(const TeClaimRequest *take, TeAsset *assets, int count, TeClaimResult *taken);

/*
 * Give back what is still ours of some assets: as before the claim, the attempt not counted.
 * Waits for nobody: returns how many are locked by others, and moves those to the front of keys.
 */
extern int	te_claim_release(const char *state_table, int attachment, Oid key_type,
							   TeKey *keys, int count, int32 claim);

#endif							/* TE_PG_CLAIM_H */
