/*
 * pipeline.c
 *		The pipeline: candidates -> claim -> decoders -> batch write -> commit.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "batch_write.h"
#include "pg/base/guc.h"
#include "pg/base/postmaster_alive.h"
#include "pg/files/root_check.h"
#include "pg/files/thumbnail_store.h"
#include "pg/shared/activity.h"
#include "pipeline.h"
#include "pipeline_state.h"

#define REMOVE_AT 1000			/* replaced files that make it worth while to unlink some */
#define MAX_READY_BYTES (64 * 1024 * 1024)	/* of thumbnails that wait to be written */

void
te_pipeline_spi_commit(void *arg)
{
	SPI_commit();
}

/* --- claiming */

static void
add_job(TePipeline *p, const TeAsset *asset)
{
	TeJob	   *job = te_job_create(p->context, asset);

	dlist_push_tail(&p->waiting, &job->node);
	p->nwaiting++;
}

static void
claim_more(TePipeline *p)
{
	const TePipelineOptions *run = p->run;
	int			most = (int) Min(p->left, run->claim_size);
	int			count;

	te_step_begin(p);
	CHECK_FOR_INTERRUPTS();
	{
		TeKey	   *keys = palloc(sizeof(TeKey) * Max(most, 1));
		TeAsset    *assets = palloc(sizeof(TeAsset) * Max(most, 1));
		TeClaimResult    *taken = palloc(sizeof(TeClaimResult) * Max(most, 1));
		TeClaimRequest		take = {
			.attachment = run->attachment,
			.settings = &p->settings,
			.parts = run->parts,
			.claim = run->dry_run ? NULL : &p->claim,
			.since = p->started,
			.look = run->look,
		};

		count = most > 0 ? run->next(run->arg, keys, most) : -1;
		if (count > 0)
		{
			te_assets_of_keys(run->attachment, keys, count, assets);
			te_claim_assets(&take, assets, count, taken);
		}
		for (int i = 0; i < count; i++)
		{
			if (taken[i] == TE_CLAIMED)
			{
				add_job(p, &assets[i]);
				p->left--;
			}
			else if (run->passed != NULL)
				run->passed(run->arg, &assets[i], taken[i]);
		}
	}
	te_step_end(p);
	te_pipeline_commit(p);
	p->exhausted = count < 0;
}

/* --- decoding */

static void
make_ready(TePipeline *p, TeJob *job)
{
	dlist_push_tail(&p->ready, &job->node);
	p->nready++;
	p->ready_bytes += job->task.reply.thumbnail_bytes;
}

/* Has a batch come together, by number or by bytes? */
static bool
is_batch(const TePipeline *p)
{
	return p->nready >= p->run->batch_size || p->ready_bytes >= MAX_READY_BYTES;
}

/*
 * Ask for the files of the next jobs, some at a time, so that the opener is not woken up for each.
 */
static void
ask_ahead(TePipeline *p)
{
	int			ahead = 0;
	dlist_iter	iter;

	if (p->nasked > TE_SOURCE_AHEAD / 2)
		return;
	dlist_foreach(iter, &p->waiting)
	{
		TeJob	   *job = dlist_container(TeJob, node, iter.cur);

		if (++ahead > TE_SOURCE_AHEAD || !te_job_ask(job))
			break;
		p->nasked = ahead;
	}
	if (p->nasked == 0)
		te_source_no_descriptor();
}

/* Give the decoders what they have room for. */
static void
feed(TePipeline *p)
{
	int			capacity = te_pool_capacity();

	while (p->nwaiting > 0 && te_pool_pending() < capacity && !is_batch(p))
	{
		TeJob	   *job = dlist_head_element(TeJob, node, &p->waiting);
		TeJobStart	start;

		te_exit_if_postmaster_died();
		ask_ahead(p);
		start = te_job_open(job, &p->settings, p->run->parts, false);
		dlist_delete(&job->node);
		p->nwaiting--;
		p->nasked--;
		switch (start)
		{
			case TE_JOB_KNOWN:
				make_ready(p, job);
				break;
			case TE_JOB_HELD_OFF:
				dlist_push_tail(&p->owed, &job->node);
				p->left++;
				break;
			case TE_JOB_DECODE:
				dlist_push_tail(&p->flying, &job->node);
				p->nflying++;
				job->source.fd = -1;	/* the pool's from here on */
				te_pool_submit(&job->task, te_guc_decoders());
				te_activity_take(job->id);
				break;
		}
	}
}

/* Take over what decoders have finished; wait_ms as for te_pool_wait. */
static void
collect(TePipeline *p, long wait_ms)
{
	TeTask	   *task = te_pool_wait(wait_ms);
	TeJob	   *job;

	if (task == NULL)
		return;
	job = task->owner;
	te_activity_drop(job->id);
	te_job_collect(job);
	dlist_delete(&job->node);
	p->nflying--;
	make_ready(p, job);
}

static void
decode(TePipeline *p)
{
	te_step_begin(p);
	feed(p);
	if (p->nflying > 0 && !is_batch(p))
	{
		InvalidateCatalogSnapshot();	/* it would hold back vacuum while we wait */
		collect(p, -1);
	}
	te_step_end(p);
}

/* Between two files being written: keep the decoders busy. */
static void
between_files(void *arg)
{
	TePipeline *p = arg;

	p->between = true;
	while (te_pool_pending() > 0)
	{
		int			flying = p->nflying;

		collect(p, 0);
		if (p->nflying == flying)
			break;
	}
	feed(p);
	p->between = false;
}

/* --- writing */

static int
compare_jobs(const void *a, const void *b)
{
	const TeAsset *left = &(*(TeJob *const *) a)->asset;
	const TeAsset *right = &(*(TeJob *const *) b)->asset;

	return te_key_compare(left->attachment->key_type, &left->key, &right->key);
}

/* The jobs of a batch, whose commit is through. */
static void
report(TePipeline *p, TeJob **jobs, int count)
{
	const TePipelineOptions *run = p->run;
	int			running;
	int64		lost;
	bool		any = false;

	for (int i = 0; i < count; i++)
	{
		TeJob	   *job = jobs[i];

		dlist_delete(&job->node);
		if (job->outcome == TE_OUTCOME_BACK)
		{
			dlist_push_tail(&p->owed, &job->node);
			continue;
		}
		if (job->outcome != TE_OUTCOME_LOST)
		{
			any = true;
			p->replaced += job->file != NULL && job->asset.state.file != NULL;
			run->written(run->arg, job);
		}
		te_job_destroy(job);
	}
	te_pool_counts(&running, &lost);
	te_activity_decoders(running, lost);
	if (any && run->batch != NULL)
		run->batch(run->arg);
}

/* Write a batch of what is ready, and commit it. */
static void
write_batch(TePipeline *p, TeBatchWriteHook between)
{
	const TePipelineOptions *run = p->run;
	int			count = Min(p->nready, run->batch_size);
	TeJob	  **jobs = MemoryContextAlloc(p->context, sizeof(TeJob *) * count);

	for (int i = 0; i < count; i++)
	{
		jobs[i] = dlist_container(TeJob, node, dlist_pop_head_node(&p->ready));
		dlist_push_tail(&p->writing, &jobs[i]->node);
		p->ready_bytes -= jobs[i]->task.reply.thumbnail_bytes;
	}
	p->nready -= count;
	qsort(jobs, count, sizeof(TeJob *), compare_jobs);

	te_step_begin(p);
	if (run->dry_run)
	{
		for (int i = 0; i < count; i++)
			jobs[i]->outcome = te_job_outcome(jobs[i]);
	}
	else
	{
		te_batch_write(run->attachment, jobs, count, &p->settings, between, p);
		te_release_remaining(p);
		te_root_save();
	}
	te_step_end(p);
	te_pipeline_commit(p);
	report(p, jobs, count);
	pfree(jobs);
}

/* Unlink what replaced files and deleted rows have left. */
static void
remove_files(TePipeline *p)
{
	te_step_begin(p);
	te_thumbnail_empty_removals(PG_INT64_MAX, NULL);
	te_step_end(p);
	te_pipeline_commit(p);
	p->replaced = 0;
}

static void
go(TePipeline *p)
{
	te_pipeline_commit(p);					/* ends the snapshot that a CALL begins with */
	if (!p->run->dry_run)
	{
		te_step_begin(p);
		te_claim_begin(&p->claim);
		te_step_end(p);
		te_pipeline_commit(p);
	}

	for (;;)
	{
		te_exit_if_postmaster_died();
		if (p->nwaiting == 0 && !p->exhausted)
			claim_more(p);
		decode(p);
		if (is_batch(p) ||
			(p->nready > 0 && p->nwaiting + p->nflying == 0))
			write_batch(p, between_files);
		if (p->replaced >= REMOVE_AT)
			remove_files(p);
		if (p->exhausted && p->nwaiting + p->nflying + p->nready == 0)
			break;
	}

	if (!p->run->dry_run)
	{
		te_step_begin(p);
		te_release_remaining(p);
		te_step_end(p);
		remove_files(p);
	}
}

/* --- when it fails */

/*
 * The server is in trouble, but not where rows are written: what has been decoded
 * is.  If that fails too, it is given back.
 */
static void
salvage(TePipeline *p)
{
	while (!dlist_is_empty(&p->writing))
	{
		TeJob	   *job = dlist_container(TeJob, node, dlist_pop_head_node(&p->writing));

		dlist_push_head(&p->ready, &job->node);
		p->nready++;
		p->ready_bytes += job->task.reply.thumbnail_bytes;
	}
	PG_TRY();
	{
		while (p->nready > 0)
			write_batch(p, NULL);
	}
	PG_CATCH();
	{
		FlushErrorState();
		te_roll_back_steps(p);
	}
	PG_END_TRY();
}

/* An ERROR has been caught: leave nothing claimed and no decoder at work. */
static void
clean_up(TePipeline *p, const ErrorData *error)
{
	bool		was_writing = !dlist_is_empty(&p->writing) && !p->between;

	te_roll_back_steps(p);
	te_pool_reset();
	te_activity_drop_all();
	if (!was_writing && !te_error_is_interrupt(error))
		salvage(p);
	te_release_all(p);
}

/* The same; if even that throws, the claims die with their lock, and this run is over. */
static void
clean_up_or_leave(TePipeline *p, const ErrorData *error)
{
	PG_TRY();
	{
		clean_up(p, error);
	}
	PG_CATCH();
	{
		te_release_at_exit(NULL);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

void
te_pipeline_run(const TePipelineOptions *run)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;
	TePipeline *p;

	if (te_pipeline_running() != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("this session is already processing assets"),
				 errhint("Triggers must not process assets in bulk.")));
	p = te_pipeline_create(run);
	te_release_at_exit(p);
	PG_TRY();
	{
		go(p);
		te_claim_end(&p->claim);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		clean_up_or_leave(p, error);
	}
	PG_END_TRY();
	te_release_at_exit(NULL);
	MemoryContextSwitchTo(caller);
	te_pipeline_destroy(p);
	if (error != NULL)
		ReThrowError(error);
}
