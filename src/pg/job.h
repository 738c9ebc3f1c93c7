/*
 * job.h
 *		One asset on its way: opened, decoded, its outcome known.
 */
#ifndef TE_PG_JOB_H
#define TE_PG_JOB_H

#include "postgres.h"

#include "lib/ilist.h"

#include "asset.h"
#include "need.h"
#include "pool.h"
#include "source.h"

typedef enum TeOutcome
{
	TE_OUTCOME_NONE,			/* not written yet */
	TE_OUTCOME_UPDATED,			/* a thumbnail was made or EXIF found */
	TE_OUTCOME_SKIPPED,			/* examined; there was no EXIF and no thumbnail to make */
	TE_OUTCOME_FAILED,			/* also missing and unsupported ones, and those to be tried again */
	TE_OUTCOME_LOST,			/* another has taken it over, or its row is gone: dropped */
	TE_OUTCOME_BACK				/* locked by somebody, or given another path: to be given back */
} TeOutcome;

typedef struct TeJob
{
	dlist_node	node;			/* of whichever list its user keeps it in */
	MemoryContext context;		/* this struct and all it points to */
	TeAsset		asset;
	char	   *id;				/* the key as text */
	int			need;			/* TE_PART_...: what is or was asked of the decoder */
	bool		asked;			/* for its file */
	TeSource	source;			/* what was found; the descriptor is the pool's after te_pool_submit */
	TeTask		task;

	/* from te_job_open or te_job_collect on */
	int			status;			/* TeStatus */
	const char *words;			/* behind the status' own, or NULL; UTF-8 as the decoder's are */
	const char *refusal;		/* the same of the table, which has not taken the row; server encoding */

	/* EXIF as values, from te_job_collect on */
	bool		has_json;
	Datum		json;			/* jsonb */
	bool		has_taken_at;
	TimestampTz taken_at;

	char	   *file;			/* the new thumbnail, once it is written */
	char	   *file_path;		/* the same with its folder, for the row */
	TeOutcome	outcome;
} TeJob;

/* A job for an asset, which is copied, in a context of its own beneath "parent". */
extern TeJob *te_job_create(MemoryContext parent, const TeAsset *asset);

/* Free it; a descriptor that is still ours is closed. */
extern void te_job_destroy(TeJob *job);

/* Ask for its file ahead, in bulk.  False if there is no descriptor left for it. */
extern bool te_job_ask(TeJob *job);

typedef enum TeJobStart
{
	TE_JOB_DECODE,				/* its task is now to be submitted */
	TE_JOB_KNOWN,				/* the outcome is known without */
	TE_JOB_HELD_OFF				/* its root is in trouble (source.trouble), and nothing is known of the file */
} TeJobStart;

/*
 * Open the file, unless it was asked for ahead, and decide what is to be examined in view of it ("force":
 * everything).  ERROR on the server's trouble.
 */
extern TeJobStart te_job_open(TeJob *job, const TeSettings *settings, int parts, bool force);

/* The task has come back: take over the answer.  Its memory may go afterwards. */
extern void te_job_collect(TeJob *job);

/* What the status means for the asset, a killer image's tenth interruption included. */
extern TeVerdict te_job_verdict(const TeJob *job);

/* Was EXIF found?  Could it not be read? */
extern bool te_job_exif_found(const TeJob *job);
extern bool te_job_exif_failed(const TeJob *job);

/* The outcome, supposed that it gets written. */
extern TeOutcome te_job_outcome(const TeJob *job);

/* Why it failed, or why its EXIF could not be read: one line, palloc'd, server encoding. */
extern char *te_job_error(const TeJob *job);
extern char *te_job_exif_error(const TeJob *job);

#endif							/* TE_PG_JOB_H */
