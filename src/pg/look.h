/*
 * look.h
 *		Looking at the files of an asset: its image and its thumbnail.
 */
#ifndef TE_PG_LOOK_H
#define TE_PG_LOOK_H

#include "postgres.h"

#include "need.h"

/*
 * te_need() with a look at both files, in bulk: nothing is needed as long as the image's root is held off.  ERROR on the
 * server's trouble, as te_look_at_thumbnail().
 */
extern int	te_need_looking(TeAsset *asset, const TeSettings *settings, int parts);

/*
 * Set thumbnail_lost: is a thumbnail of ours beneath thumbnail_dir (also one that another server or database has made)
 * absent, empty or of another size than when it was made?  Does nothing unless "parts" has the thumbnail.  ERROR if that
 * cannot be told, as the folder may not be mounted.
 */
extern void te_look_at_thumbnail(TeAsset *asset, int parts);

#endif							/* TE_PG_LOOK_H */
