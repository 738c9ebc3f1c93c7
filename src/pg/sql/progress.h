/*
 * progress.h
 *		Counts and progress messages of the procedures.
 */
#ifndef TE_PG_PROGRESS_H
#define TE_PG_PROGRESS_H

#include "postgres.h"

#include "fmgr.h"

#include "pg/pipeline/job.h"

typedef struct TeCounts
{
	int64		processed;		/* updated + skipped + failed */
	int64		updated;
	int64		skipped;
	int64		failed;
} TeCounts;

typedef struct TeProgress
{
	const char *procedure;		/* its name, for pg_stat_activity */
	const TeAttachment *attachment;
	bool		dry_run;
	int64		total;			/* assets to process, as counted at the start */
	int64		line;			/* assets per progress line */

	int64		batch;			/* the batch number in the last line */
	TeCounts	all;
	TeCounts	reported;		/* sum of the lines so far */
	int			warnings;
	uint64		hinted;			/* a bit for each status whose hint was given */
} TeProgress;

/* Count an asset.  The first failures are reported as WARNINGs. */
extern void te_progress_add(TeProgress *progress, const TeJob *job);

#define TE_PROGRESS_WARNINGS 100	/* failures reported one by one; thumbexif_failures shows all */

/* Report a failure as a WARNING, if there were not too many; "node" is that of a Citus cluster, or NULL. */
extern void te_progress_failure(TeProgress *progress, int status, const char *id, const char *error, const char *path, const char *node);

/* Report an asset that has no row. */
extern void te_progress_absent(const char *id);

/* Count an asset that needed nothing, or has failed earlier. */
extern void te_progress_not_needed(TeProgress *progress, const TeAsset *asset);

/* Count an asset that was not examined. */
extern void te_progress_count(TeProgress *progress, TeOutcome outcome);

/* Report the line of a batch, if there are enough assets for one, or of the last batch ("last"). */
extern void te_progress_line(TeProgress *progress, bool last);

/* Report the last lines.  Inside SPI. */
extern void te_progress_done(TeProgress *progress);

/* The result row of a procedure: the four counts. */
extern Datum te_progress_row(const TeProgress *progress, FunctionCallInfo fcinfo);

#endif							/* TE_PG_PROGRESS_H */
