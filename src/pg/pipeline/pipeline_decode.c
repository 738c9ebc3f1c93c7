/*
 * pipeline_decode.c
 *		Feeds the decoders with the waiting jobs of a pipeline, and collects their results.
 */
#include "postgres.h"

#include "storage/fd.h"
#include "utils/snapmgr.h"

#include "pg/base/guc.h"
#include "pg/base/postmaster_alive.h"
#include "pg/shared/activity.h"
#include "pipeline_decode.h"

#define MAX_READY_BYTES (64 * 1024 * 1024)	/* of decoded thumbnails, after which a batch is written */

static void
add_ready(TePipeline *p, TeJob *job)
{
	dlist_push_tail(&p->ready, &job->node);
	p->num_ready++;
	p->ready_bytes += te_reply_thumbnail_bytes(&job->task.reply);
}

bool
te_pipeline_batch_is_full(const TePipeline *p)
{
	return p->num_ready >= p->options->batch_size || p->ready_bytes >= MAX_READY_BYTES;
}

/* Are no thumbnails made, nor files read as a whole? */
static bool
is_small(const TePipeline *p)
{
	const TeAttachment *attachment = p->options->attachment;
	int			parts = p->options->parts & te_parts_kept(attachment);

	return (parts & TE_PART_THUMBNAIL) == 0 &&
		((parts & TE_PART_EXIF) == 0 || (attachment->want_exif & TE_WANT_FILE_HASH) == 0);
}

/* How many files to ask for: small jobs are soon done, but few descriptors must suffice, too. */
static int
files_ahead(bool small)
{
	int			affordable = max_safe_fds / 3 / 8;	/* of the third that fd.c leaves to extensions */

	return small ? Max(TE_SOURCE_AHEAD, Min(TE_SOURCE_AHEAD_SMALL, affordable)) : TE_SOURCE_AHEAD;
}

/* Ask for the files of the next jobs, several at a time, so that the opener does not wake up for each. */
static void
request_files(TePipeline *p)
{
	bool		small = is_small(p);
	int			max_ahead = files_ahead(small);
	int			ahead = 0;
	dlist_iter	iter;

	if (p->num_requested > max_ahead / 2)
		return;
	dlist_foreach(iter, &p->waiting)
	{
		TeJob	   *job = dlist_container(TeJob, node, iter.cur);

		if (++ahead > max_ahead || !te_job_request(job, small))
			break;
		p->num_requested = ahead;
	}
	if (p->num_requested == 0)
		te_source_no_descriptor();
	te_source_send();
}

/* Submit waiting jobs to the decoders, up to their capacity. */
static void
submit_waiting(TePipeline *p)
{
	int			capacity = te_pool_capacity(is_small(p));

	while (p->num_waiting > 0 && te_pool_pending() < capacity && !te_pipeline_batch_is_full(p))
	{
		TeJob	   *job = dlist_head_element(TeJob, node, &p->waiting);
		TeJobStart	start;

		te_exit_if_postmaster_died();
		request_files(p);
		start = te_job_open(job, &p->settings, p->options->parts, false);
		dlist_delete(&job->node);
		p->num_waiting--;
		p->num_requested--;
		switch (start)
		{
			case TE_JOB_DECIDED:
				add_ready(p, job);
				break;
			case TE_JOB_HELD_OFF:
				dlist_push_tail(&p->unreleased, &job->node);
				p->remaining++;
				break;
			case TE_JOB_DECODE:
				dlist_push_tail(&p->in_flight, &job->node);
				p->num_in_flight++;
				job->source.fd = -1;	/* now the pool closes it */
				te_pool_submit(&job->task, te_guc_decoders());
				te_activity_take(job->id);
				break;
		}
	}
}

/* Collect the next result of the decoders; wait_ms as for te_pool_wait. */
static void
collect_result(TePipeline *p, long wait_ms)
{
	TeTask	   *task = te_pool_wait(wait_ms);
	TeJob	   *job;

	if (task == NULL)
		return;
	job = task->owner;
	te_activity_drop(job->id);
	te_job_collect(job);
	dlist_delete(&job->node);
	p->num_in_flight--;
	add_ready(p, job);
}

void
te_pipeline_decode(TePipeline *p)
{
	te_pipeline_step_begin(p);
	submit_waiting(p);
	if (p->num_in_flight > 0 && !te_pipeline_batch_is_full(p))
	{
		InvalidateCatalogSnapshot();	/* it would hold back vacuum during the wait */
		collect_result(p, -1);
		while (te_pool_has_finished() && !te_pipeline_batch_is_full(p))
			collect_result(p, 0);
	}
	te_pipeline_step_end(p);
}

void
te_pipeline_keep_decoding(void *arg)
{
	TePipeline *p = arg;

	p->feeding = true;
	while (te_pool_pending() > 0)
	{
		int			in_flight = p->num_in_flight;

		collect_result(p, 0);
		if (p->num_in_flight == in_flight)
			break;
	}
	submit_waiting(p);
	te_pool_send();
	p->feeding = false;
}
