/*
 * table_scan.c
 *		Scans an attached table, in the order of its keys, for assets that may need processing.
 *
 * A key that is found may wait an hour for a decoder, so the claim reads row and state again and decides, unless they were
 * read a moment ago.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "asset_files.h"
#include "pg/base/clock.h"
#include "pg/base/postmaster_alive.h"
#include "table_scan.h"

#define WINDOW 4000				/* rows */
#define WINDOW_BYTES (1024 * 1024)	/* kept for texts of a window */
#define FILES_AHEAD	250			/* assets whose files are checked at a time */
#define KNOWN_MS	1000		/* a row that was read is taken for unchanged */

TeTableScan *
te_table_scan_begin(const TeAttachment *attachment, const TeSettings *settings, int parts, bool verify)
{
	TeTableScan *scan = palloc0(sizeof(TeTableScan));

	scan->attachment = attachment;
	scan->settings = settings;
	scan->parts = parts;
	scan->verify = verify;
	/* kept for all windows: to allocate megabytes anew for each costs more than to read them */
	scan->window = palloc(sizeof(TeAsset) * WINDOW);
	scan->files = palloc(sizeof(TeSource) * WINDOW);
	scan->checked = palloc(sizeof(bool) * WINDOW);
	scan->answer = palloc(sizeof(int) * WINDOW);
	scan->window_context = AllocSetContextCreate(CurrentMemoryContext, "thumbexif window",
												 0, WINDOW_BYTES, WINDOW_BYTES);
	return scan;
}

void
te_table_scan_end(TeTableScan *scan)
{
	MemoryContextDelete(scan->window_context);
	pfree(scan->window);
	pfree(scan->files);
	pfree(scan->checked);
	pfree(scan->answer);
	pfree(scan);
}

static void
read_window(TeTableScan *scan)
{
	MemoryContext caller;

	MemoryContextReset(scan->window_context);
	caller = MemoryContextSwitchTo(scan->window_context);
	scan->read_ms = te_now_ms();
	scan->count = te_assets_after(scan->attachment, scan->started ? &scan->last : NULL,
								  WINDOW, scan->window, &scan->last);
	memset(scan->checked, 0, sizeof(bool) * WINDOW);
	scan->checked_to = 0;
	scan->position = 0;
	scan->started = true;
	scan->ended = scan->count < WINDOW;
	MemoryContextSwitchTo(caller);
}

/* Does only the file tell whether the asset needs processing? */
static bool
must_check_file(const TeTableScan *scan, const TeAsset *asset)
{
	return asset->path != NULL && (scan->verify || te_stale_depends_on_file(asset)) &&
		te_stale_parts(asset, scan->settings, scan->parts, NULL) == 0;
}

/* Check the files of the next assets together, which takes a fraction of the time of checking them one by one. */
static void
check_files_ahead(TeTableScan *scan)
{
	int			end = Min(scan->position + FILES_AHEAD, scan->count);
	const char *paths[FILES_AHEAD] = {0};
	int			indexes[FILES_AHEAD];
	TeSource	files[FILES_AHEAD];
	int			n = 0;

	for (int i = scan->position; i < end; i++)
	{
		if (!must_check_file(scan, &scan->window[i]))
			continue;
		indexes[n] = i;
		paths[n++] = scan->window[i].path;
	}
	te_source_check_files(paths, n, files);
	for (int i = 0; i < n; i++)
	{
		scan->files[indexes[i]] = files[i];
		scan->checked[indexes[i]] = files[i].trouble == NULL;
	}
	scan->checked_to = end;
}

static bool
is_candidate(TeTableScan *scan, int at, TeAlive *last)
{
	TeAsset    *asset = &scan->window[at];

	if (asset->state.exists && asset->state.status == TE_ASSET_RUNNING &&
		te_claim_alive(last, asset->state.claim))
		return false;
	if (scan->checked[at] && scan->verify)
		te_asset_files_check_thumbnail(asset, scan->parts);
	return te_stale_parts(asset, scan->settings, scan->parts, scan->checked[at] ? &scan->files[at] : NULL) != 0;
}

/* Count an asset that was read. */
static void
count_asset(TeTableScan *scan, const TeAsset *asset, bool found)
{
	TeAssetStatus status = te_asset_status(&asset->state);
	TeScanCount *count = status == TE_ASSET_NEW || status == TE_ASSET_QUEUED ? &scan->untried : &scan->tried;

	if (asset->state.exists)
		scan->statuses[status]++;
	count->read++;
	count->found += found;
}

int
te_table_scan_next(TeTableScan *scan, TeKey *keys, int max_keys)
{
	TeAlive		last = {0};
	int			found = 0;
	bool		candidate;

	scan->num_answer = 0;
	if (scan->position == scan->count)
	{
		if (scan->ended)
			return -1;
		read_window(scan);
	}
	for (; scan->position < scan->count && found < max_keys; scan->position++)
	{
		CHECK_FOR_INTERRUPTS();
		te_exit_if_postmaster_died();
		if (scan->position == scan->checked_to)
			check_files_ahead(scan);
		candidate = is_candidate(scan, scan->position, &last);
		count_asset(scan, &scan->window[scan->position], candidate);
		if (candidate)
		{
			scan->answer[found] = scan->position;
			keys[found++] = scan->window[scan->position].key;
		}
	}
	scan->num_answer = found;
	return found;
}

bool
te_table_scan_known(const TeTableScan *scan, TeAsset *assets)
{
	if (te_now_ms() - scan->read_ms > KNOWN_MS)
		return false;
	for (int i = 0; i < scan->num_answer; i++)
		assets[i] = scan->window[scan->answer[i]];
	te_assets_sort(assets, scan->num_answer);	/* texts are in another order: whoever claims them has the same */
	return true;
}
