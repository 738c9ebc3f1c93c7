/*
 * progress.h
 *		What a procedure counts and says while it goes on.
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
	int64		total;			/* assets before us, as far as was known at the start */
	int64		line;			/* assets to a line */

	int64		batch;			/* the number in the last line */
	TeCounts	all;
	TeCounts	told;			/* of those in lines */
	int			warnings;
	uint64		hinted;			/* a bit for each status whose hint was given */
} TeProgress;

/* One asset more.  A failure is told as a WARNING, as long as there are not too many. */
extern void te_progress_add(TeProgress *progress, const TeJob *job);

/* One that was not examined, with its outcome. */
extern void te_progress_count(TeProgress *progress, TeOutcome outcome);

/* The line of a batch, if there are enough assets for one, or at the end ("all") unless all is told. */
extern void te_progress_line(TeProgress *progress, bool all);

/* The last lines.  Inside SPI. */
extern void te_progress_done(TeProgress *progress);

/* The closing row of a procedure: the four counts. */
extern Datum te_progress_row(const TeProgress *progress, FunctionCallInfo fcinfo);

#endif							/* TE_PG_PROGRESS_H */
