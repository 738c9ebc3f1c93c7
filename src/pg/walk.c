/*
 * walk.c
 *		Going through an attached table in the order of its keys.
 *
 * What is found here is a proposal: it may be an hour old when its turn comes, so the
 * claim reads row and state again and decides.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "alive.h"
#include "look.h"
#include "walk.h"

#define WINDOW 4000				/* rows */

TeWalk *
te_walk_begin(const TeAttachment *attachment, const TeSettings *settings, int parts, bool verify)
{
	TeWalk	   *walk = palloc0(sizeof(TeWalk));

	walk->attachment = attachment;
	walk->settings = settings;
	walk->parts = parts;
	walk->verify = verify;
	walk->window_context = AllocSetContextCreate(CurrentMemoryContext, "thumbexif window",
												 ALLOCSET_DEFAULT_SIZES);
	return walk;
}

static void
read_window(TeWalk *walk)
{
	MemoryContext caller;

	MemoryContextReset(walk->window_context);
	caller = MemoryContextSwitchTo(walk->window_context);
	walk->window = palloc(sizeof(TeAsset) * WINDOW);
	walk->count = te_assets_after(walk->attachment, walk->started ? &walk->last : NULL,
								  WINDOW, walk->window);
	walk->at = 0;
	walk->started = true;
	if (walk->count > 0)
		walk->last = walk->window[walk->count - 1].key;
	walk->ended = walk->count < WINDOW;
	MemoryContextSwitchTo(caller);
}

static bool
may_need(const TeWalk *walk, TeAsset *asset, TeAlive *last)
{
	if (asset->state.exists && asset->state.status == TE_ASSET_RUNNING &&
		te_claim_alive(last, asset->state.claim))
		return false;
	if (te_need(asset, walk->settings, walk->parts, NULL) != 0)
		return true;
	return walk->verify && asset->path != NULL &&
		te_need_looking(asset, walk->settings, walk->parts) != 0;
}

int
te_walk_next(TeWalk *walk, TeKey *keys, int most)
{
	TeAlive		last = {0};
	int			found = 0;

	if (walk->at == walk->count)
	{
		if (walk->ended)
			return -1;
		read_window(walk);
	}
	for (; walk->at < walk->count && found < most; walk->at++)
	{
		CHECK_FOR_INTERRUPTS();
		te_exit_without_postmaster();
		if (may_need(walk, &walk->window[walk->at], &last))
			keys[found++] = walk->window[walk->at].key;
	}
	return found;
}
