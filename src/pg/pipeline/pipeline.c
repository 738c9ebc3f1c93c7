/*
 * pipeline.c
 *		The pipeline: candidates -> claim -> decoders -> batch write -> commit.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"

#include "batch_write.h"
#include "finish_notify.h"
#include "pg/base/clock.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/subtransaction.h"
#include "pg/files/root_check.h"
#include "pg/files/thumbnail_store.h"
#include "pg/shared/activity.h"
#include "pg/shared/wakeup.h"
#include "pipeline.h"
#include "pipeline_decode.h"
#include "pipeline_state.h"

#define REMOVE_AT 1000			/* replaced files after which the removal table is emptied */
#define REMOVE_MS 1000			/* to unlink files, in one transaction */

void
te_pipeline_spi_commit(void *arg)
{
	SPI_commit();
}

/* --- claiming */

static void
add_waiting(TePipeline *p, const TeAsset *asset)
{
	TeJob	   *job = te_job_create(p->context, asset);

	dlist_push_tail(&p->waiting, &job->node);
	p->num_waiting++;
}

/* Get the next candidates, and claim those that need processing. */
static void
claim_batch(TePipeline *p)
{
	const TePipelineOptions *options = p->options;
	int			max_keys = (int) Min(p->remaining, options->claim_size);
	int			count;

	te_pipeline_step_begin(p);
	CHECK_FOR_INTERRUPTS();
	{
		TeKey	   *keys = palloc(sizeof(TeKey) * Max(max_keys, 1));
		TeAsset    *assets = palloc(sizeof(TeAsset) * Max(max_keys, 1));
		TeClaimResult *results = palloc(sizeof(TeClaimResult) * Max(max_keys, 1));
		TeClaimRequest request = {
			.attachment = options->attachment,
			.settings = &p->settings,
			.parts = options->parts,
			.claim = options->dry_run ? NULL : &p->claim,
			.since = p->started,
			.check_files = options->check_files,
		};

		count = max_keys > 0 ? options->next(options->arg, keys, max_keys) : -1;
		if (count > 0)
		{
			request.known = options->known != NULL && options->known(options->arg, assets);
			if (!request.known)
				te_assets_of_keys(options->attachment, keys, count, assets);
			te_claim_assets(&request, assets, count, results);
		}
		for (int i = 0; i < count; i++)
		{
			if (results[i] == TE_CLAIMED)
			{
				add_waiting(p, &assets[i]);
				p->remaining--;
			}
			else if (options->skipped != NULL)
				options->skipped(options->arg, &assets[i], results[i]);
		}
	}
	te_pipeline_step_end(p);
	te_pipeline_commit(p);
	p->exhausted = count < 0;
}

/* --- writing */

static int
compare_jobs(const void *a, const void *b)
{
	const TeAsset *left = &(*(TeJob *const *) a)->asset;
	const TeAsset *right = &(*(TeJob *const *) b)->asset;

	return te_key_compare(left->attachment->key_type, &left->key, &right->key);
}

/* Report the jobs of a committed batch, and free them. */
static void
report_batch(TePipeline *p, TeJob **jobs, int count)
{
	const TePipelineOptions *options = p->options;
	int			running;
	int64		lost;
	bool		any_written = false;

	for (int i = 0; i < count; i++)
	{
		TeJob	   *job = jobs[i];

		dlist_delete(&job->node);
		if (job->outcome == TE_OUTCOME_RELEASE)
		{
			dlist_push_tail(&p->unreleased, &job->node);
			continue;
		}
		if (job->outcome != TE_OUTCOME_LOST)
		{
			any_written = true;
			p->num_replaced += job->replaced;
			options->written(options->arg, job);
		}
		te_job_destroy(job);
	}
	te_pool_counts(&running, &lost);
	te_activity_decoders(running, lost);
	if (any_written && options->batch != NULL)
		options->batch(options->arg);
}

/* Write a batch of ready jobs, and commit it. */
static void
write_batch(TePipeline *p, TeBatchWriteHook between)
{
	const TePipelineOptions *options = p->options;
	int			count = Min(p->num_ready, options->batch_size);
	TeJob	  **jobs = MemoryContextAlloc(p->context, sizeof(TeJob *) * count);

	for (int i = 0; i < count; i++)
	{
		jobs[i] = dlist_container(TeJob, node, dlist_pop_head_node(&p->ready));
		dlist_push_tail(&p->writing, &jobs[i]->node);
		p->ready_bytes -= te_reply_thumbnail_bytes(&jobs[i]->task.reply);
	}
	p->num_ready -= count;
	qsort(jobs, count, sizeof(TeJob *), compare_jobs);

	te_pipeline_step_begin(p);
	if (options->dry_run)
	{
		for (int i = 0; i < count; i++)
			jobs[i]->outcome = te_job_outcome(jobs[i]);
	}
	else
	{
		te_batch_write(options->attachment, jobs, count, &p->settings, between, p);
		te_notify_finished(jobs, count);
		te_pipeline_release_remaining(p);
		te_root_save();
	}
	te_pipeline_step_end(p);
	te_pipeline_commit(p);
	report_batch(p, jobs, count);
	pfree(jobs);
}

/* Unlink replaced thumbnails and those of deleted rows.  On a slow disk that takes more than one transaction. */
static void
remove_files(TePipeline *p)
{
	int64		began_ms;
	int64		removed;

	do
	{
		began_ms = te_now_ms();
		te_pipeline_step_begin(p);
		removed = te_thumbnail_process_removals(REMOVE_MS, NULL);
		if (p->exhausted && te_thumbnail_next_removal() != 0)
			te_wake_at_commit();	/* the worker removes what is still kept */
		te_pipeline_step_end(p);
		te_pipeline_commit(p);
	} while (removed > 0 && te_now_ms() - began_ms >= REMOVE_MS);
	p->num_replaced = 0;
}

static void
process_all(TePipeline *p)
{
	te_pipeline_commit(p);		/* ends the snapshot of the CALL */
	if (!p->options->dry_run)
	{
		te_pipeline_step_begin(p);
		te_claim_begin(&p->claim);
		te_pipeline_step_end(p);
		te_pipeline_commit(p);
	}

	if (!p->options->dry_run && !p->options->keep_removals)
		remove_files(p);		/* room for new ones */
	for (;;)
	{
		te_exit_if_postmaster_died();
		if (p->num_waiting == 0 && !p->exhausted)
			claim_batch(p);
		te_pipeline_decode(p);
		if (te_pipeline_batch_is_full(p) ||
			(p->num_ready > 0 && p->num_waiting + p->num_in_flight == 0))
			write_batch(p, te_pipeline_keep_decoding);
		if (p->num_replaced >= REMOVE_AT && !p->options->keep_removals)
			remove_files(p);
		if (p->exhausted && p->num_waiting + p->num_in_flight + p->num_ready == 0)
			break;
	}

	if (!p->options->dry_run)
	{
		te_pipeline_step_begin(p);
		te_pipeline_release_remaining(p);
		te_pipeline_step_end(p);
		if (!p->options->keep_removals)
			remove_files(p);
		else
			te_pipeline_commit(p);
	}
}

/* --- errors */

/*
 * After an ERROR that did not come from writing: write the decoded jobs.  If that fails too, their claims are released.
 */
static void
write_decoded(TePipeline *p)
{
	while (!dlist_is_empty(&p->writing))
	{
		TeJob	   *job = dlist_container(TeJob, node, dlist_pop_head_node(&p->writing));

		dlist_push_head(&p->ready, &job->node);
		p->num_ready++;
		p->ready_bytes += te_reply_thumbnail_bytes(&job->task.reply);
	}
	PG_TRY();
	{
		while (p->num_ready > 0)
			write_batch(p, NULL);
	}
	PG_CATCH();
	{
		FlushErrorState();
		te_pipeline_roll_back_steps(p);
	}
	PG_END_TRY();
}

/* After an ERROR: end the decoding, write decoded jobs where that makes sense, and release all other claims. */
static void
clean_up(TePipeline *p, const ErrorData *error)
{
	bool		was_writing = !dlist_is_empty(&p->writing) && !p->feeding;

	te_pipeline_roll_back_steps(p);
	te_pool_reset();
	te_activity_drop_all();
	if (!was_writing && !te_error_is_interrupt(error))
		write_decoded(p);
	te_pipeline_release_all(p);
	if (!p->options->dry_run && !p->options->keep_removals && !te_error_is_interrupt(error) && te_thumbnail_is_full())
		remove_files(p);		/* also those that would be kept: the next run has room */
}

/* The same; if this throws, the claims end with their lock. */
static void
clean_up_or_abandon(TePipeline *p, const ErrorData *error)
{
	PG_TRY();
	{
		clean_up(p, error);
	}
	PG_CATCH();
	{
		te_pipeline_release_at_exit(NULL);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

void
te_pipeline_run(const TePipelineOptions *options)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;
	TePipeline *p;

	if (te_pipeline_running() != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("this session is already processing assets"),
				 errhint("Triggers must not process assets in bulk.")));
	p = te_pipeline_create(options);
	te_pipeline_release_at_exit(p);
	PG_TRY();
	{
		process_all(p);
		te_claim_end(&p->claim);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		clean_up_or_abandon(p, error);
	}
	PG_END_TRY();
	te_pipeline_release_at_exit(NULL);
	MemoryContextSwitchTo(caller);
	te_pipeline_destroy(p);
	if (error != NULL)
		ReThrowError(error);
}
