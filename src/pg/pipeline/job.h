/*
 * job.h
 *		One asset in the pipeline: its file, its decoder task and its outcome.
 */
#ifndef TE_PG_JOB_H
#define TE_PG_JOB_H

#include "postgres.h"

#include "lib/ilist.h"

#include "pg/catalog/asset.h"
#include "pg/files/source.h"
#include "pg/pool/pool.h"
#include "reply_values.h"
#include "staleness.h"

typedef enum TeOutcome
{
	TE_OUTCOME_NONE,			/* not written yet */
	TE_OUTCOME_UPDATED,			/* a thumbnail was made or EXIF found */
	TE_OUTCOME_SKIPPED,			/* examined: there is no EXIF, and no thumbnail was needed */
	TE_OUTCOME_FAILED,			/* also missing and unsupported files, and those to be tried again */
	TE_OUTCOME_LOST,			/* its state has changed, or its row is gone: the result is dropped */
	TE_OUTCOME_RELEASE			/* its row or state is locked, or its path has changed: the claim is released */
} TeOutcome;

/* A thumbnail that was made. */
typedef struct TeMade
{
	int			side;			/* of the square that it was to fit in, pixels */
	uint32		width,
				height;
	const char *data;			/* within task.thumbnail */
	int64		bytes;			/* -1 = not known */
	char	   *file;			/* as the state names it; NULL until it is written, or if it is stored in a row */
	char	   *path;			/* absolute */
} TeMade;

typedef struct TeJob
{
	dlist_node	node;			/* in a list of the pipeline */
	MemoryContext context;		/* of this struct and all it points to */
	TeAsset		asset;
	char	   *id;				/* the key as text */
	int			parts;			/* TE_PART_...: asked of the decoder */
	bool		requested;		/* its file is asked for */
	TeSource	source;			/* the file; the pool owns the descriptor after te_pool_submit */
	TeTask		task;

	/* set by te_job_open or te_job_collect */
	int			status;			/* TeStatus */
	const char *detail;			/* follows the status' text, or NULL; UTF-8, as from the decoder */
	const char *table_error;	/* the ERROR with which the table refused the row, or NULL; server encoding */

	/* EXIF as values, set by te_job_collect */
	bool		has_json;
	Datum		json;			/* jsonb */
	bool		has_taken_at;
	TeTakenAt	taken_at;

	bool		some_sizes;		/* the thumbnail stays, and only further sizes are made, or none */
	int			num_made;
	TeMade	   *made;			/* thumbnails, the first one for the row unless some_sizes */
	TeMade	   *measured;		/* the thumbnail that stays, without its data, if its width and height were asked for; else NULL */
	char	   *file;			/* the new thumbnail, as the state names it; NULL until it is written, or if it is stored in the
								 * row */
	char	   *file_path;		/* its path, for the row */
	int			replaced;		/* files that were listed for removal when it was written */
	TeOutcome	outcome;
	bool		finished;		/* its state is written, and stays unless the file, the path or a setting changes */
} TeJob;

/* Create a job for an asset, which is copied, in a new context below "parent". */
extern TeJob *te_job_create(MemoryContext parent, const TeAsset *asset);

/* Free it, and close its descriptor if the pool does not own it. */
extern void te_job_destroy(TeJob *job);

/*
 * Ask for the file before te_job_open, in bulk, and have it read ahead; "small": only what EXIF needs.  The requests wait for
 * te_source_send.  False if no descriptor is left.
 */
extern bool te_job_request(TeJob *job, bool small);

typedef enum TeJobStart
{
	TE_JOB_DECODE,				/* the caller submits its task */
	TE_JOB_DECIDED,				/* its outcome is known without decoding */
	TE_JOB_HELD_OFF				/* its root is in trouble (source.trouble), so the file could not be examined */
} TeJobStart;

/*
 * Open the file and decide which parts are stale ("force": take all parts for stale).  ERROR on trouble of the server.
 */
extern TeJobStart te_job_open(TeJob *job, const TeSettings *settings, int parts, bool force);

/* Copy the result of the finished task, whose memory may then be freed. */
extern void te_job_collect(TeJob *job);

/* What the status means for the asset; after TE_MAX_INTERRUPTIONS a transient failure is final. */
extern TeVerdict te_job_verdict(const TeJob *job);

/* Was EXIF found?  Or was it found unreadable? */
extern bool te_job_exif_found(const TeJob *job);
extern bool te_job_exif_failed(const TeJob *job);

/* Is the EXIF of an image that has failed to be written? */
extern bool te_job_exif_of_failed(const TeJob *job);

/* The outcome if it gets written. */
extern TeOutcome te_job_outcome(const TeJob *job);

/* The reason of the failure, or why its EXIF or its sidecar could not be read: one line, palloc'd, server encoding. */
extern char *te_job_error(const TeJob *job);
extern char *te_job_exif_error(const TeJob *job);

/* The damage of an image of which the thumbnail shows what is left, in the same way; NULL if it is not damaged. */
extern char *te_job_damage(const TeJob *job);

#endif							/* TE_PG_JOB_H */
