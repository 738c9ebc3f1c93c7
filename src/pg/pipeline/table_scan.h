/*
 * table_scan.h
 *		Scans an attached table, in the order of its keys, for assets that may need processing.
 *
 * Rows and states are read in windows of a few thousand rows, so that memory does not depend on the size of the table.  A
 * window without stale or failed assets costs two index scans and opens no file.  The files of failed assets are checked.
 */
#ifndef TE_PG_TABLE_SCAN_H
#define TE_PG_TABLE_SCAN_H

#include "postgres.h"

#include "claim.h"
#include "pg/catalog/asset.h"
#include "pg/catalog/asset_count.h"
#include "staleness.h"

/* Assets read so far, and those among them that may need processing. */
typedef struct TeScanCount
{
	int64		read;
	int64		found;
} TeScanCount;

typedef struct TeTableScan
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	int			parts;
	bool		verify;			/* also check the images and thumbnails of all other assets: a stat each */

	MemoryContext window_context;
	TeAsset    *window;
	int			count;
	TeSource   *files;			/* of the checked assets of the window */
	bool	   *checked;
	int			checked_to;
	int			position;		/* in the window */
	int64		read_ms;		/* when the window was read */
	int		   *answer;			/* places in the window of the keys that were returned last */
	int			num_answer;
	bool		started;
	bool		ended;
	TeKey		last;			/* key read so far */
	TeScanCount untried;		/* status new or queued */
	TeScanCount tried;			/* others */
	int64		statuses[TE_ASSET_STATUSES];	/* state rows read so far, by status */
} TeTableScan;

/* Begin a scan, allocated in the current memory context. */
extern TeTableScan *te_table_scan_begin(const TeAttachment *attachment, const TeSettings *settings, int parts, bool verify);

extern void te_table_scan_end(TeTableScan *scan);

/*
 * The keys of the next assets that may need processing, at most max_keys; -1 at the end, 0 = call again.  Reads at most one
 * window, so that the caller can commit between windows.  Needs SPI.
 */
extern int	te_table_scan_next(TeTableScan *scan, TeKey *keys, int max_keys);

/*
 * Copy what was read of the assets of the last answer, sorted; its texts last until the next one.  False if that may be out of
 * date in ways that the claim would not notice, since it was read more than a second ago.
 */
extern bool te_table_scan_known(const TeTableScan *scan, TeAsset *assets);

#endif							/* TE_PG_TABLE_SCAN_H */
