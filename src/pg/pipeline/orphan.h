/*
 * orphan.h
 *		Assets whose claim's owner has died (orphans).
 *
 * All functions need an SPI connection.
 */
#ifndef TE_PG_ORPHAN_H
#define TE_PG_ORPHAN_H

#include "postgres.h"

#include "pg/catalog/asset.h"

typedef struct TeOrphanPlace	/* the last orphan that was read, in the order of claims and keys; zeroed = none */
{
	int32		claim;
	TeKey		key;
} TeOrphanPlace;

typedef enum TeOrphanKind
{
	TE_ORPHANS_FIRST,			/* without an earlier interruption */
	TE_ORPHANS_REPEATED,		/* with earlier interruptions: they may be the cause */
	TE_ORPHANS_ALL
} TeOrphanKind;

/* Read at most max_keys orphans of a kind, beginning after the place, which it advances. */
extern int	te_orphans_read(const TeAttachment *attachment, TeOrphanKind kind, TeOrphanPlace *place,
							TeKey *keys, int max_keys);

/*
 * Release the claims of orphans that need no processing: restores the state before the claim and counts an interruption.
 * This and the next function skip states that are locked or have changed; the next pass finds them again.
 */
extern void te_orphans_release(const TeAttachment *attachment, const TeAsset **assets, int count);

/* Delete the states of assets whose row is gone, and list their files for removal. */
extern void te_orphans_delete(const TeAttachment *attachment, const TeAsset **assets, int count);

#endif							/* TE_PG_ORPHAN_H */
