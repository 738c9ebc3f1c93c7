/*
 * run.c
 *		The pipeline: candidates -> claim -> decoders -> batch write -> commit.
 *
 * A job is in one of the lists below from the claim to its end, so whatever
 * happens it is known what has to be given back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "activity.h"
#include "finish.h"
#include "guc.h"
#include "root_watch.h"
#include "run.h"
#include "store.h"

typedef struct Pipeline
{
	const TeRun *run;
	MemoryContext context;		/* all of it; beneath TopMemoryContext, to be there at exit */
	MemoryContext scratch;		/* until the step ends */
	TeSettings	settings;
	TeClaim		claim;
	TimestampTz started;
	int64		left;			/* still to take */
	bool		exhausted;		/* next has no more */
	int			replaced;		/* files that have got into the removal table since it was emptied */

	dlist_head	waiting;		/* claimed */
	dlist_head	flying;			/* with a decoder */
	dlist_head	ready;			/* decoded */
	dlist_head	writing;		/* until their commit is through */
	dlist_head	owed;			/* to be given back: were locked by somebody */
	int			nwaiting;
	int			nflying;
	int			nready;

	ResourceOwner owner;		/* before the step */
	int			nest_level;		/* of transactions, outside of steps */
} Pipeline;

#define JOB_LISTS(p) &(p)->waiting, &(p)->flying, &(p)->ready, &(p)->writing, &(p)->owed

#define REMOVE_AT 1000			/* replaced files that make it worth while to unlink some */

static Pipeline *running;		/* for the callback at exit */

void
te_run_spi_commit(void *arg)
{
	SPI_commit();
}

/* --- steps and commits */

static void
step_begin(Pipeline *p)
{
	p->owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(p->scratch);
}

static void
step_end(Pipeline *p)
{
	ReleaseCurrentSubTransaction();
	CurrentResourceOwner = p->owner;
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);
}

static void
commit(Pipeline *p)
{
	p->run->commit(p->run->arg);
	MemoryContextSwitchTo(p->context);

	/*
	 * Each of our statements must see what others have committed by then, whatever
	 * default_transaction_isolation says; nothing has run in this transaction yet.
	 */
	XactIsoLevel = XACT_READ_COMMITTED;
	p->nest_level = GetCurrentTransactionNestLevel();
}

/* --- giving back */

static int
collect_keys(dlist_head *list, TeKey *keys, int count)
{
	dlist_iter	iter;

	dlist_foreach(iter, list)
		keys[count++] = dlist_container(TeJob, node, iter.cur)->asset.key;
	return count;
}

static int
count_jobs(dlist_head *list)
{
	dlist_iter	iter;
	int			count = 0;

	dlist_foreach(iter, list)
		count++;
	return count;
}

/* Give back all that is claimed and not written.  In a transaction, inside SPI; the caller commits. */
static void
give_back_all(Pipeline *p)
{
	const TeAttachment *attachment = p->run->attachment;
	dlist_head *lists[] = {JOB_LISTS(p)};
	int			count = 0;
	TeKey	   *keys;

	if (p->claim.number == 0)
		return;
	for (int i = 0; i < (int) lengthof(lists); i++)
		count += count_jobs(lists[i]);
	if (count == 0)
		return;
	keys = MemoryContextAlloc(p->context, sizeof(TeKey) * count);
	count = 0;
	for (int i = 0; i < (int) lengthof(lists); i++)
		count = collect_keys(lists[i], keys, count);

	te_claim_keep(&p->claim);
	te_claim_give_back(attachment->state, attachment->number, attachment->key_type,
					   keys, count, p->claim.number);
	pfree(keys);
}

/* Try again with those that were locked when they were to be given back. */
static void
give_back_owed(Pipeline *p)
{
	const TeAttachment *attachment = p->run->attachment;
	int			count = count_jobs(&p->owed);
	TeKey	   *keys;
	dlist_mutable_iter iter;
	int			left;

	if (count == 0)
		return;
	keys = palloc(sizeof(TeKey) * count);
	collect_keys(&p->owed, keys, 0);
	left = te_claim_give_back(attachment->state, attachment->number, attachment->key_type,
							  keys, count, p->claim.number);
	dlist_foreach_modify(iter, &p->owed)
	{
		TeJob	   *job = dlist_container(TeJob, node, iter.cur);
		bool		still = false;

		for (int i = 0; i < left && !still; i++)
			still = te_key_compare(attachment->key_type, &keys[i], &job->asset.key) == 0;
		if (!still)
		{
			dlist_delete(iter.cur);
			te_job_destroy(job);
		}
	}
	pfree(keys);
}

/*
 * This session ends in the middle of a run (terminated, or the server shuts down): as in
 * PostgreSQL's own clean-up of temporary tables, in a transaction of its own.  If
 * it fails, the claims die with the session, which is as good for everybody else.
 */
static void
at_exit(int code, Datum arg)
{
	Pipeline   *p = running;

	if (p == NULL || p->claim.number == 0)
		return;
	running = NULL;
	AbortOutOfAnyTransaction();
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	give_back_all(p);
	SPI_finish();
	PopActiveSnapshot();
	te_claim_end(&p->claim);	/* nobody does it for us once the last transaction is over */
	CommitTransactionCommand();
}

/* --- claiming */

static void
add_job(Pipeline *p, const TeAsset *asset)
{
	TeJob	   *job = te_job_create(p->context, asset);

	dlist_push_tail(&p->waiting, &job->node);
	p->nwaiting++;
}

static void
claim_more(Pipeline *p)
{
	const TeRun *run = p->run;
	int			most = (int) Min(p->left, run->claim_size);
	int			count;

	step_begin(p);
	CHECK_FOR_INTERRUPTS();
	{
		TeKey	   *keys = palloc(sizeof(TeKey) * Max(most, 1));
		TeAsset    *assets = palloc(sizeof(TeAsset) * Max(most, 1));
		TeTaken    *taken = palloc(sizeof(TeTaken) * Max(most, 1));
		TeTake		take = {
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
			te_claim_take(&take, assets, count, taken);
		}
		for (int i = 0; i < count; i++)
		{
			if (taken[i] == TE_TAKEN)
			{
				add_job(p, &assets[i]);
				p->left--;
			}
			else if (run->passed != NULL)
				run->passed(run->arg, &assets[i], taken[i]);
		}
	}
	step_end(p);
	commit(p);
	p->exhausted = count < 0;
}

/* --- decoding */

static void
make_ready(Pipeline *p, TeJob *job)
{
	dlist_push_tail(&p->ready, &job->node);
	p->nready++;
}

/* Give the decoders what they have room for. */
static void
feed(Pipeline *p)
{
	int			capacity = te_pool_capacity();

	while (p->nwaiting > 0 && te_pool_pending() < capacity && p->nready < p->run->batch_size)
	{
		TeJob	   *job = dlist_head_element(TeJob, node, &p->waiting);
		bool		submit;

		submit = te_job_open(job, &p->settings, p->run->parts, false);
		dlist_delete(&job->node);
		p->nwaiting--;
		if (!submit)
		{
			make_ready(p, job);
			continue;
		}
		dlist_push_tail(&p->flying, &job->node);
		p->nflying++;
		job->source.fd = -1;	/* the pool's from here on */
		te_pool_submit(&job->task, te_guc_decoders());
		te_activity_take(job->id);
	}
}

/* Take over what decoders have finished; wait_ms as for te_pool_wait. */
static void
collect(Pipeline *p, long wait_ms)
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
decode(Pipeline *p)
{
	step_begin(p);
	feed(p);
	if (p->nflying > 0 && p->nready < p->run->batch_size)
	{
		InvalidateCatalogSnapshot();	/* it would hold back vacuum while we wait */
		collect(p, -1);
	}
	step_end(p);
}

/* Between two files being written: keep the decoders busy. */
static void
between_files(void *arg)
{
	Pipeline   *p = arg;

	while (te_pool_pending() > 0)
	{
		int			flying = p->nflying;

		collect(p, 0);
		if (p->nflying == flying)
			break;
	}
	feed(p);
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
report(Pipeline *p, TeJob **jobs, int count)
{
	const TeRun *run = p->run;
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
	if (any && run->batch != NULL)
		run->batch(run->arg);
}

/* Write a batch of what is ready, and commit it. */
static void
write_batch(Pipeline *p, TeFinishBetween between)
{
	const TeRun *run = p->run;
	int			count = Min(p->nready, run->batch_size);
	TeJob	  **jobs = MemoryContextAlloc(p->context, sizeof(TeJob *) * count);

	for (int i = 0; i < count; i++)
	{
		jobs[i] = dlist_container(TeJob, node, dlist_pop_head_node(&p->ready));
		dlist_push_tail(&p->writing, &jobs[i]->node);
	}
	p->nready -= count;
	qsort(jobs, count, sizeof(TeJob *), compare_jobs);

	step_begin(p);
	if (run->dry_run)
	{
		for (int i = 0; i < count; i++)
			jobs[i]->outcome = te_job_outcome(jobs[i]);
	}
	else
	{
		te_finish(run->attachment, jobs, count, &p->settings, between, p);
		give_back_owed(p);
		te_root_save();
	}
	step_end(p);
	commit(p);
	report(p, jobs, count);
	pfree(jobs);
}

/* Unlink what replaced files and deleted rows have left. */
static void
remove_files(Pipeline *p)
{
	step_begin(p);
	te_store_empty_removals(PG_INT64_MAX);
	step_end(p);
	commit(p);
	p->replaced = 0;
}

static void
go(Pipeline *p)
{
	commit(p);					/* ends the snapshot that a CALL begins with */
	if (!p->run->dry_run)
	{
		step_begin(p);
		te_claim_begin(&p->claim);
		step_end(p);
		commit(p);
	}

	for (;;)
	{
		if (p->nwaiting == 0 && !p->exhausted)
			claim_more(p);
		decode(p);
		if (p->nready >= p->run->batch_size ||
			(p->nready > 0 && p->nwaiting + p->nflying == 0))
			write_batch(p, between_files);
		if (p->replaced >= REMOVE_AT)
			remove_files(p);
		if (p->exhausted && p->nwaiting + p->nflying + p->nready == 0)
			break;
	}

	if (!p->run->dry_run)
	{
		step_begin(p);
		give_back_owed(p);
		step_end(p);
		remove_files(p);
	}
}

/* --- when it fails */

static void
roll_back_steps(Pipeline *p)
{
	while (GetCurrentTransactionNestLevel() > p->nest_level)
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);
}

/* The server is in trouble, but what has been decoded may yet be written.  If not, it is given back. */
static void
salvage(Pipeline *p)
{
	PG_TRY();
	{
		while (p->nready > 0)
			write_batch(p, NULL);
	}
	PG_CATCH();
	{
		FlushErrorState();
		roll_back_steps(p);
	}
	PG_END_TRY();
}

/* An ERROR has been caught: leave nothing claimed and no decoder at work. */
static void
clean_up(Pipeline *p, const ErrorData *error)
{
	bool		was_writing = !dlist_is_empty(&p->writing);

	roll_back_steps(p);
	te_pool_reset();
	te_activity_drop_all();
	if (!was_writing && !te_error_is_interrupt(error))
		salvage(p);

	PG_TRY();
	{
		/* short, and waits for nobody: a second Ctrl-C must not come in between */
		HOLD_INTERRUPTS();
		step_begin(p);
		give_back_all(p);
		step_end(p);
		commit(p);
		te_claim_end(&p->claim);
		RESUME_INTERRUPTS();
	}
	PG_CATCH();
	{
		/* the first error says what is wrong; the claims die with our lock */
		FlushErrorState();
		roll_back_steps(p);
		te_claim_end(&p->claim);
	}
	PG_END_TRY();
}

static Pipeline *
create(const TeRun *run)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "thumbexif run", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Pipeline   *p = palloc0(sizeof(Pipeline));

	p->run = run;
	p->context = context;
	p->scratch = AllocSetContextCreate(context, "thumbexif step", ALLOCSET_DEFAULT_SIZES);
	te_settings_now(&p->settings);
	p->left = run->most;
	p->started = GetCurrentTimestamp();
	dlist_init(&p->waiting);
	dlist_init(&p->flying);
	dlist_init(&p->ready);
	dlist_init(&p->writing);
	dlist_init(&p->owed);
	MemoryContextSwitchTo(caller);
	return p;
}

static void
free_jobs(Pipeline *p)
{
	dlist_head *lists[] = {JOB_LISTS(p)};

	for (int i = 0; i < (int) lengthof(lists); i++)
	{
		while (!dlist_is_empty(lists[i]))
			te_job_destroy(dlist_container(TeJob, node, dlist_pop_head_node(lists[i])));
	}
}

void
te_run(const TeRun *run)
{
	static bool registered = false;
	MemoryContext caller = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;
	Pipeline   *p;

	if (running != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("this session is already processing assets"),
				 errhint("Triggers must not process assets in bulk.")));
	if (!registered)
	{
		before_shmem_exit(at_exit, (Datum) 0);
		registered = true;
	}
	p = create(run);
	running = p;
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
		clean_up(p, error);
	}
	PG_END_TRY();
	running = NULL;
	MemoryContextSwitchTo(caller);
	free_jobs(p);
	MemoryContextDelete(p->context);
	if (error != NULL)
		ReThrowError(error);
}
