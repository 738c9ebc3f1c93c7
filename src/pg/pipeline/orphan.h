/*
 * orphan.h
 *		Assets in work whose owner has died.
 *
 * All functions need an SPI connection.
 */
#ifndef TE_PG_ORPHAN_H
#define TE_PG_ORPHAN_H

#include "postgres.h"

#include "pg/catalog/asset.h"

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
 * Assets of dead claims that need nothing become as they were before the claim, and the interruption is
 * counted.  Like the next, this waits for nobody: a state that is locked or has changed is left to the next pass.
 */
extern void te_orphans_give_back(const TeAttachment *attachment, const TeAsset **assets, int count);

/* States whose row is gone are deleted, and their files listed for removal. */
extern void te_orphans_forget(const TeAttachment *attachment, const TeAsset **assets, int count);

#endif							/* TE_PG_ORPHAN_H */
