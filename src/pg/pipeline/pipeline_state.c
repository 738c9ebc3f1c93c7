/*
 * pipeline_state.c
 *		The state of a running pipeline, its steps, and the release of its claims.
 *
 * The lists are below TopMemoryContext, so the exit callback still finds the claimed assets.  If it does not run, the claim
 * ends with its lock.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "pg/base/extension.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/time_limit.h"
#include "pipeline_state.h"

#define JOB_LISTS(p) &(p)->waiting, &(p)->in_flight, &(p)->ready, &(p)->writing, &(p)->unreleased

static TePipeline *current;		/* for the exit callback */

TePipeline *
te_pipeline_create(const TePipelineOptions *options)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "thumbexif pipeline", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	TePipeline *p = palloc0(sizeof(TePipeline));

	p->options = options;
	p->attachment = options->attachment->number;
	p->state_table = pstrdup(options->attachment->state);
	p->key_type = options->attachment->key_type;
	p->context = context;
	p->scratch = AllocSetContextCreate(context, "thumbexif step", ALLOCSET_DEFAULT_SIZES);
	te_settings_now(options->attachment, &p->settings);
	p->remaining = options->max_assets;
	p->started = GetCurrentTimestamp();
	dlist_init(&p->waiting);
	dlist_init(&p->in_flight);
	dlist_init(&p->ready);
	dlist_init(&p->writing);
	dlist_init(&p->unreleased);
	MemoryContextSwitchTo(caller);
	return p;
}

void
te_pipeline_destroy(TePipeline *p)
{
	dlist_head *lists[] = {JOB_LISTS(p)};

	for (int i = 0; i < (int) lengthof(lists); i++)
	{
		while (!dlist_is_empty(lists[i]))
			te_job_destroy(dlist_container(TeJob, node, dlist_pop_head_node(lists[i])));
	}
	MemoryContextDelete(p->context);
}

/* --- steps and commits */

void
te_pipeline_step_begin(TePipeline *p)
{
	p->owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(p->scratch);
}

void
te_pipeline_step_end(TePipeline *p)
{
	ReleaseCurrentSubTransaction();
	CurrentResourceOwner = p->owner;
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);
}

void
te_pipeline_commit(TePipeline *p)
{
	/* a commit leaves some bytes in the current context */
	MemoryContextSwitchTo(p->scratch);
	p->options->commit(p->options->arg);
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);

	/*
	 * Each statement must see what is committed by then, whatever default_transaction_isolation says.  No statement has run in
	 * this transaction yet.
	 */
	XactIsoLevel = XACT_READ_COMMITTED;
	p->nest_level = GetCurrentTransactionNestLevel();
}

void
te_pipeline_roll_back_steps(TePipeline *p)
{
	while (GetCurrentTransactionNestLevel() > p->nest_level)
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);
}

/* --- releasing claims */

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

/* Lock the table of states for writing, unless another transaction has locked it as a whole. */
static bool
lock_states(const TePipeline *p)
{
	TeExtension extension;
	Oid			states;

	te_extension_get(&extension);
	states = get_relname_relid(te_key_state_table(p->key_type), extension.schema);
	return OidIsValid(states) && ConditionalLockRelationOid(states, RowExclusiveLock);
}

/*
 * Release the claims of all jobs that are not written.  Needs a transaction and SPI; the caller commits.  Does not
 * wait, since no interrupt is served meanwhile: a claim that is not released here ends with its lock.
 */
static void
release_claimed(TePipeline *p)
{
	dlist_head *lists[] = {JOB_LISTS(p)};
	int			count = 0;
	TeKey	   *keys;

	if (p->claim.number == 0)
		return;
	for (int i = 0; i < (int) lengthof(lists); i++)
		count += count_jobs(lists[i]);
	if (count == 0 || !lock_states(p))
		return;
	keys = MemoryContextAlloc(p->context, sizeof(TeKey) * count);
	count = 0;
	for (int i = 0; i < (int) lengthof(lists); i++)
		count = collect_keys(lists[i], keys, count);

	te_claim_keep(&p->claim);
	te_claim_release(p->state_table, p->attachment, p->key_type,
					 keys, count, p->claim.number);
	pfree(keys);
}

void
te_pipeline_release_remaining(TePipeline *p)
{
	int			count = count_jobs(&p->unreleased);
	TeKey	   *keys;
	dlist_mutable_iter iter;
	int			left;

	if (count == 0)
		return;
	keys = palloc(sizeof(TeKey) * count);
	collect_keys(&p->unreleased, keys, 0);
	left = te_claim_release(p->state_table, p->attachment, p->key_type,
							keys, count, p->claim.number);
	dlist_foreach_modify(iter, &p->unreleased)
	{
		TeJob	   *job = dlist_container(TeJob, node, iter.cur);
		bool		still = false;

		for (int i = 0; i < left && !still; i++)
			still = te_key_compare(p->key_type, &keys[i], &job->asset.key) == 0;
		if (!still)
		{
			dlist_delete(iter.cur);
			te_job_destroy(job);
		}
	}
	pfree(keys);
}

/*
 * The session ends while a pipeline runs: release its claims in a transaction, as PostgreSQL removes temporary tables.  If
 * this fails, the claims end with the session's locks, to the same effect.
 */
static void
release_before_exit(int code, Datum arg)
{
	TePipeline *p = current;

	if (p == NULL || p->claim.number == 0)
		return;
	current = NULL;
	AbortOutOfAnyTransaction();
	if (te_time_limit_ended())
		return;					/* the table's code was ended for its running time, which must count as an interruption */
	if (!PostmasterIsAlive())
		return;					/* exit at once */
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	release_claimed(p);
	SPI_finish();
	PopActiveSnapshot();
	te_claim_end(&p->claim);	/* no later transaction will release the session lock */
	CommitTransactionCommand();
}

void
te_pipeline_release_all(TePipeline *p)
{
	PG_TRY();
	{
		/* short and without waiting for locks: a second cancel must not interrupt it */
		HOLD_INTERRUPTS();
		te_pipeline_step_begin(p);
		release_claimed(p);
		te_pipeline_step_end(p);
		te_pipeline_commit(p);
		te_claim_end(&p->claim);
		RESUME_INTERRUPTS();
	}
	PG_CATCH();
	{
		/* the first error is the one to report; the claims end with their lock */
		FlushErrorState();
		te_pipeline_roll_back_steps(p);
		te_claim_end(&p->claim);
	}
	PG_END_TRY();
}

void
te_pipeline_release_at_exit(TePipeline *p)
{
	static bool registered = false;

	if (!registered)
	{
		before_shmem_exit(release_before_exit, (Datum) 0);
		registered = true;
	}
	current = p;
}

TePipeline *
te_pipeline_running(void)
{
	return current;
}
