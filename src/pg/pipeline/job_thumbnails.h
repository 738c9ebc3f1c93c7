/*
 * job_thumbnails.h
 *		The thumbnails that a job has made: their files, and the table of thumbnails in several sizes.
 */
#ifndef TE_PG_JOB_THUMBNAILS_H
#define TE_PG_JOB_THUMBNAILS_H

#include "postgres.h"

#include "job.h"

/* Fill job->made from the finished task.  In the job's context. */
extern void te_job_take_thumbnails(TeJob *job);

/*
 * Write the files of a job's thumbnails, unless they are stored in rows or it has none; sets job->file.  False if there was
 * nothing to write.  ERROR as te_thumbnail_write(), which also tells what the caller has to do before the commit.
 */
extern bool te_job_write_files(TeJob *job);

/* Discard these files, which no row will name. */
extern void te_job_discard_files(TeJob *job);

/* Forget files that were written for an earlier try, which was rolled back. */
extern void te_job_forget_files(TeJob *job);

/* Has the job a new thumbnail for the row, whose further sizes are new, too? */
extern bool te_job_has_thumbnail(const TeJob *job);

/* The bytes of a thumbnail as bytea, palloc'd. */
extern Datum te_made_bytea(const TeMade *made);

/*
 * Write the rows of these jobs' thumbnails in several sizes, as the extension, and list the files of those that they
 * replace for removal.  The state rows are locked.  Adds to job->replaced.  Needs SPI.
 */
extern void te_job_thumbnails_store(TeJob *const *jobs, int count, const TeSettings *settings);

#endif							/* TE_PG_JOB_THUMBNAILS_H */
