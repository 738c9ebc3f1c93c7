/*
 * adopt.h
 *		Thumbnails that rows name and their states do not: a restore without triggers, or changed keys, leave such rows.
 */
#ifndef TE_PG_ADOPT_H
#define TE_PG_ADOPT_H

#include "postgres.h"

#include "staleness.h"

/*
 * Does the row name a file of this table's that its state does not name?  Only of assets without state, and of those whose path
 * has changed.
 */
extern bool te_may_adopt(const TeAsset *asset);

/* Is it queued in a shard that has arrived, with a thumbnail in a file of which its state does not know? */
extern bool te_may_adopt_queued(const TeAsset *asset);

/* The same, and was the file made for an asset with the key of the row?  Then the file is most likely its own. */
extern bool te_may_adopt_own(const TeAsset *asset);

typedef enum TeAdoption
{
	TE_ADOPT_NOT,				/* there is no such file, or it belongs to another row, which names it */
	TE_ADOPT_LATER,				/* others have locked a state */
	TE_ADOPT_DONE,				/* there was no state: now there is one that says so */
	TE_ADOPT_FILE				/* the state has the file; it remains to be queued */
} TeAdoption;

/*
 * Let the states of such assets name the files.  An asset without state is then done, with the current settings: nobody knows those
 * with which it was made; if there are to be several sizes, it is queued for the others.  Inside SPI.  ERROR if the folder for thumbnails may not be mounted.
 */
extern void te_adopt(const TeAttachment *attachment, const TeSettings *settings, TeAsset **assets, int count, TeAdoption *results);

#endif							/* TE_PG_ADOPT_H */
