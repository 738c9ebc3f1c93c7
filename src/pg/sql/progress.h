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

/* Count an asset that was not examined. */
extern void te_progress_count(TeProgress *progress, TeOutcome outcome);

/* Report the line of a batch, if there are enough assets for one, or of the last batch ("last"). */
extern void te_progress_line(TeProgress *progress, bool last);

/* Report the last lines.  Inside SPI. */
extern void te_progress_done(TeProgress *progress);

/* The result row of a procedure: the four counts. */
extern Datum te_progress_row(const TeProgress *progress, FunctionCallInfo fcinfo);

#endif							/* TE_PG_PROGRESS_H */
