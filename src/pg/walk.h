/*
 * walk.h
 *		Going through an attached table in the order of its keys, in search of what needs something.
 *
 * A window of a few thousand rows is read at a time, with their states, so that the
 * memory needed does not depend on the table's size; a window in which nothing
 * is lacking and nothing has failed costs two index scans and no file.  The files of failed assets are looked at.
 */
#ifndef TE_PG_WALK_H
#define TE_PG_WALK_H

#include "postgres.h"

#include "asset.h"
#include "claim.h"
#include "need.h"

typedef struct TeWalk
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	int			parts;
	bool		verify;			/* also look whether images and thumbnails of all others are as they were: a stat each */

	MemoryContext window_context;
	TeAsset    *window;
	int			count;
	TeSource   *files;			/* of those in the window that were looked at */
	bool	   *looked;
	int			looked_to;
	int			at;
	bool		started;
	bool		ended;
	TeKey		last;			/* of the windows so far */
} TeWalk;

/* A walk from the first key on; it lives in the current memory context. */
extern TeWalk *te_walk_begin(const TeAttachment *attachment, const TeSettings *settings, int parts, bool verify);

/*
 * The next keys that may need something, at most "most"; -1 at the end.  Reads one
 * window at most, so that the caller can commit between them: 0 says to ask again.  Inside SPI.
 */
extern int	te_walk_next(TeWalk *walk, TeKey *keys, int most);

#endif							/* TE_PG_WALK_H */
