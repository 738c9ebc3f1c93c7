/*
 * pipeline_state.c
 *		What a run has in hand, and how it is given back.
 *
 * Nothing here is lost when the session is: what is claimed is known from the
 * lists, which lie beneath TopMemoryContext, and the claim itself dies with its lock.
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

#define JOB_LISTS(p) &(p)->waiting, &(p)->flying, &(p)->ready, &(p)->writing, &(p)->owed

static TePipeline *running;	/* for the callback at exit */

TePipeline *
te_pipeline_create(const TePipelineOptions *run)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "thumbexif run", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	TePipeline *p = palloc0(sizeof(TePipeline));

	p->run = run;
	p->attachment = run->attachment->number;
	p->state_table = pstrdup(run->attachment->state);
	p->key_type = run->attachment->key_type;
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
te_step_begin(TePipeline *p)
{
	p->owner = CurrentResourceOwner;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(p->scratch);
}

void
te_step_end(TePipeline *p)
{
	ReleaseCurrentSubTransaction();
	CurrentResourceOwner = p->owner;
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);
}

void
te_pipeline_commit(TePipeline *p)
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

void
te_roll_back_steps(TePipeline *p)
{
	while (GetCurrentTransactionNestLevel() > p->nest_level)
		RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(p->context);
	MemoryContextReset(p->scratch);
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

/* Lock the table of states for writing, unless somebody has locked it as a whole. */
static bool
lock_states(const TePipeline *p)
{
	TeExtension extension;
	Oid			states;

	te_extension_get(&extension);
	states = get_relname_relid(te_key_state(p->key_type), extension.schema);
	return OidIsValid(states) && ConditionalLockRelationOid(states, RowExclusiveLock);
}

/*
 * Give back all that is claimed and not written.  In a transaction, inside SPI; the caller commits.  Nothing
 * may be waited for, as no interrupt is served meanwhile: what is not given back dies with our claim.
 */
static void
give_back(TePipeline *p)
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

/* Try again with those that were locked when they were to be given back. */
void
te_release_remaining(TePipeline *p)
{
	int			count = count_jobs(&p->owed);
	TeKey	   *keys;
	dlist_mutable_iter iter;
	int			left;

	if (count == 0)
		return;
	keys = palloc(sizeof(TeKey) * count);
	collect_keys(&p->owed, keys, 0);
	left = te_claim_release(p->state_table, p->attachment, p->key_type,
							  keys, count, p->claim.number);
	dlist_foreach_modify(iter, &p->owed)
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
 * This session ends in the middle of a run (terminated, or the server shuts down): as in
 * PostgreSQL's own clean-up of temporary tables, in a transaction of its own.  If
 * it fails, the claims die with the session, which is as good for everybody else.
 */
static void
at_exit(int code, Datum arg)
{
	TePipeline *p = running;

	if (p == NULL || p->claim.number == 0)
		return;
	running = NULL;
	AbortOutOfAnyTransaction();
	if (te_time_limit_ended())
		return;					/* not sent away, but ended for what it did: that must count */
	if (!PostmasterIsAlive())
		return;					/* to be gone soon is better than to be tidy */
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	give_back(p);
	SPI_finish();
	PopActiveSnapshot();
	te_claim_end(&p->claim);	/* nobody does it for us once the last transaction is over */
	CommitTransactionCommand();
}

void
te_release_all(TePipeline *p)
{
	PG_TRY();
	{
		/* short, and waits for nobody: a second Ctrl-C must not come in between */
		HOLD_INTERRUPTS();
		te_step_begin(p);
		give_back(p);
		te_step_end(p);
		te_pipeline_commit(p);
		te_claim_end(&p->claim);
		RESUME_INTERRUPTS();
	}
	PG_CATCH();
	{
		/* the first error says what is wrong; the claims die with our lock */
		FlushErrorState();
		te_roll_back_steps(p);
		te_claim_end(&p->claim);
	}
	PG_END_TRY();
}

void
te_release_at_exit(TePipeline *p)
{
	static bool registered = false;

	if (!registered)
	{
		before_shmem_exit(at_exit, (Datum) 0);
		registered = true;
	}
	running = p;
}

TePipeline *
te_pipeline_running(void)
{
	return running;
}
