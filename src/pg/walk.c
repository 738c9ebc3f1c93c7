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
#define LOOK	250				/* of them, to look at their files at a time */

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
	walk->files = palloc(sizeof(TeSource) * WINDOW);
	walk->looked = palloc0(sizeof(bool) * WINDOW);
	walk->looked_to = 0;
	walk->at = 0;
	walk->started = true;
	if (walk->count > 0)
		walk->last = walk->window[walk->count - 1].key;
	walk->ended = walk->count < WINDOW;
	MemoryContextSwitchTo(caller);
}

/* Must one look at its file to know whether it needs something? */
static bool
must_look(const TeWalk *walk, const TeAsset *asset)
{
	return asset->path != NULL && (walk->verify || te_need_depends_on_file(asset)) &&
		te_need(asset, walk->settings, walk->parts, NULL) == 0;
}

/* Look at the files of the next assets, all at once: one at a time takes several times as long. */
static void
look_ahead(TeWalk *walk)
{
	int			end = Min(walk->at + LOOK, walk->count);
	const char *paths[LOOK] = {0};
	int			which[LOOK];
	TeSource	files[LOOK];
	int			n = 0;

	for (int i = walk->at; i < end; i++)
	{
		if (!must_look(walk, &walk->window[i]))
			continue;
		which[n] = i;
		paths[n++] = walk->window[i].path;
	}
	te_source_look(paths, n, files);
	for (int i = 0; i < n; i++)
	{
		walk->files[which[i]] = files[i];
		walk->looked[which[i]] = files[i].trouble == NULL;
	}
	walk->looked_to = end;
}

static bool
may_need(TeWalk *walk, int at, TeAlive *last)
{
	TeAsset    *asset = &walk->window[at];

	if (asset->state.exists && asset->state.status == TE_ASSET_RUNNING &&
		te_claim_alive(last, asset->state.claim))
		return false;
	if (walk->looked[at] && walk->verify)
		te_look_at_thumbnail(asset, walk->parts);
	return te_need(asset, walk->settings, walk->parts, walk->looked[at] ? &walk->files[at] : NULL) != 0;
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
		if (walk->at == walk->looked_to)
			look_ahead(walk);
		if (may_need(walk, walk->at, &last))
			keys[found++] = walk->window[walk->at].key;
	}
	return found;
}
