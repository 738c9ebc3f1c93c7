/*
 * orphan.h
 *		Assets in work whose owner has died.
 *
 * All functions need an SPI connection.
 */
#ifndef TE_PG_ORPHAN_H
#define TE_PG_ORPHAN_H

#include "postgres.h"

#include "claim.h"

typedef struct TeOrphanPlace	/* in the order of claims and keys; zeroed = at the beginning */
{
	int32		claim;			/* of the last that was read; 0 = none was */
	TeKey		key;
} TeOrphanPlace;

typedef enum TeOrphanKind
{
	TE_ORPHANS_ONCE,			/* this is the first time that their owner died */
	TE_ORPHANS_AGAIN,			/* it has died before: perhaps of this one */
	TE_ORPHANS_ALL
} TeOrphanKind;

/* The next orphans of a kind, at most "most".  Goes on from the place, which it moves: nothing is named twice. */
extern int	te_orphans_read(const TeAttachment *attachment, TeOrphanKind kind, TeOrphanPlace *place,
							TeKey *keys, int most);

/*
 * Of assets that were judged and not taken: orphans that need nothing become what they were before the
 * claim, its interruption counted, and states without a row go, unless somebody is at work on them.
 * Waits for nobody: what is locked or has changed is left to the next pass.
 */
extern void te_orphans_settle(const TeAttachment *attachment, const TeAsset *assets, const TeClaimResult *taken, int count);

#endif							/* TE_PG_ORPHAN_H */
