/*
 * pool.c
 *		This process's pool of decoders: submitting, waiting, and cleaning up.
 *
 * One implementation serves sessions and background workers.  Only seats (decoder_slot.h) are shared
 * between processes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "dispatch.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/base/transient_fd.h"
#include "pg/compat.h"
#include "pg/shared/decoder_slot.h"
#include "pool.h"

/* The same in the middle of its life, for all of them together. */
#define CANCEL_REAP_MS	1000

/* Descriptors left to others: the wait set, the opener and what it opens ahead, thumbnail files, other extensions. */
#define OTHER_DESCRIPTORS	18

/* --- waiting --- */

static void
make_set(void)
{
	dlist_iter	iter;

	/* CreateWaitEventSet needs one, and has no kind words if there is none. */
	if (!AcquireExternalFD())
		te_process_start_failed(TE_PROGRAM_DECODER, EMFILE);
	ReleaseExternalFD();

	te_pool.set = CreateWaitEventSet(NULL, te_pool.ndecoders + 2);
	AddWaitEventToSet(te_pool.set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(te_pool.set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		AddWaitEventToSet(te_pool.set, WL_SOCKET_READABLE, decoder->process.sock, NULL, decoder);
	}
}

static void
read_decoder(TeDecoder *decoder)
{
	bool		starting = decoder->state == TE_DECODER_STARTING;
	TePoolEntry   *job = te_decoder_read(decoder, te_pool.context);

	if (job != NULL)
		te_pool_entry_finished(job);
	if (decoder->cause != TE_END_NONE)
		te_dispatch_reap(decoder, decoder->cause);
	else if (starting && decoder->state == TE_DECODER_READY)
		te_pool.failed_starts = 0;
}

/*
 * End what is late.  Not if it has answered meanwhile: it may be we who were
 * away, writing rows.
 */
static void
expire(void)
{
	int64		now = te_now_ms();
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (now < decoder->deadline)
			continue;
		if (te_decoder_is_quiet(decoder))
			te_dispatch_reap(decoder, TE_END_TIMEOUT);
		else
			decoder->cause = TE_END_NONE;	/* to be read in its turn */
	}
}

/* Wait for one thing to happen, no longer than until then, and see to it. */
static void
wait_once(int64 until)
{
	static uint32 wait_event = 0;
	int64		now = te_now_ms();
	WaitEvent	event;
	dlist_iter	iter;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("ThumbexifDecoder");
	if (te_pool.set == NULL)
		make_set();
	dlist_foreach(iter, &te_pool.decoders)
	{
		until = Min(until, dlist_container(TeDecoder, node, iter.cur)->deadline);
	}

	if (te_pool.slot_wait_since != 0)
		until = Min(until, now + TE_SLOT_POLL_MS);

	if (WaitEventSetWait(te_pool.set, until == PG_INT64_MAX ? -1 : (long) Max(until - now, 0),
						 &event, 1, wait_event) == 1)
	{
		if (event.events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
		else if (event.events & WL_SOCKET_READABLE)
			read_decoder(event.user_data);
	}
	expire();
}

/* The finished job of that task, or of any. */
static TePoolEntry *
find_finished(const TeTask *wanted)
{
	dlist_iter	iter;

	dlist_foreach(iter, &te_pool.finished)
	{
		TePoolEntry   *job = dlist_container(TePoolEntry, node, iter.cur);

		if (wanted == NULL || job->task == wanted)
			return job;
	}
	return NULL;
}

static char *
copy_text(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/* Give a task back, its outcome copied into the current memory context. */
static TeTask *
deliver(TePoolEntry *job)
{
	TeTask	   *task = job->task;

	task->reply = job->reply;
	task->texts.make = copy_text(job->texts.make);
	task->texts.model = copy_text(job->texts.model);
	task->texts.error = copy_text(job->texts.error);
	task->texts.exif_error = copy_text(job->texts.exif_error);
	task->texts.json = copy_text(job->texts.json);
	task->thumbnail = NULL;
	if (job->thumbnail)
	{
		task->thumbnail = palloc(job->reply.thumbnail_bytes);
		memcpy(task->thumbnail, job->thumbnail, job->reply.thumbnail_bytes);
	}
	dlist_delete(&job->node);
	te_pool_entry_free(job);
	return task;
}

static TeTask *
wait_for(const TeTask *wanted, int64 until)
{
	TeTask	   *task = NULL;

	for (bool waited = false; te_pool.pending > 0; waited = true)
	{
		TePoolEntry   *job;

		CHECK_FOR_INTERRUPTS();
		te_dispatch();
		job = find_finished(wanted);
		if (job != NULL)
		{
			task = deliver(job);
			break;
		}
		if (waited && te_now_ms() >= until)
			break;
		wait_once(until);
	}

	/* Nobody should wait behind one that does something else meanwhile, nor for what is not used. */
	if (te_pool.slot_wait_since != 0)
		te_decoder_slot_leave_queue();
	if (te_pool.pending == 0)
		te_dispatch_yield();
	return task;
}

/* --- cleaning up --- */

static void
forget_in_list(dlist_head *list, int level)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, list)
	{
		TePoolEntry   *job = dlist_container(TePoolEntry, node, iter.cur);

		if (job->level < level)
			continue;
		dlist_delete(&job->node);
		te_pool_entry_free(job);
	}
}

/* The same for the jobs in a decoder's hands, which is killed if there were any.  Not yet reaped. */
static void
forget_in_decoder(TeDecoder *decoder, int level)
{
	int			kept = 0;

	for (int i = 0; i < decoder->njobs; i++)
	{
		TePoolEntry   *job = decoder->jobs[i];

		if (job->level < level)
			decoder->jobs[kept++] = job;
		else
			te_pool_entry_free(job);
	}
	/* One that does not get to its greeting is nobody's any more, either. */
	if (kept == decoder->njobs && !(decoder->state == TE_DECODER_STARTING && te_pool.pending == 0))
		return;
	decoder->njobs = kept;
	decoder->cause = TE_END_NOT_NEEDED;
	te_process_kill(&decoder->process);
}

/* Forget the jobs that were submitted at that transaction nest level or deeper.  Never throws. */
static void
forget(int level)
{
	dlist_mutable_iter iter;

	if (te_pool.context == NULL)
		return;
	te_dispatch_stop_waiting();
	te_pool.end_by = te_now_ms() + CANCEL_REAP_MS;
	forget_in_list(&te_pool.waiting, level);
	forget_in_list(&te_pool.finished, level);
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		forget_in_decoder(dlist_container(TeDecoder, node, iter.cur), level);
	}
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (decoder->cause == TE_END_NOT_NEEDED)
			te_dispatch_reap(decoder, decoder->cause);
	}
	te_pool.end_by = 0;
	te_decoder_slot_set_timer();
}

/* --- life of the pool --- */

static void
on_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		forget(1);
}

static void
on_subtransaction_end(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	dlist_iter	iter;

	if (te_pool.pending == 0)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget(level);
	if (event != SUBXACT_EVENT_COMMIT_SUB)
		return;

	/* What the subtransaction submitted is its parent's now. */
	dlist_foreach(iter, &te_pool.waiting)
	{
		TePoolEntry   *job = dlist_container(TePoolEntry, node, iter.cur);

		job->level = Min(job->level, level - 1);
	}
	dlist_foreach(iter, &te_pool.finished)
	{
		TePoolEntry   *job = dlist_container(TePoolEntry, node, iter.cur);

		job->level = Min(job->level, level - 1);
	}
	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		for (int i = 0; i < decoder->njobs; i++)
			decoder->jobs[i]->level = Min(decoder->jobs[i]->level, level - 1);
	}
}

static void
drop_all_decoders(int64 until_ms)
{
	dlist_mutable_iter iter;

	te_pool.end_by = until_ms;
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		/* all at once, then one by one */
		te_process_kill(&dlist_container(TeDecoder, node, iter.cur)->process);
	}
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		te_dispatch_reap(dlist_container(TeDecoder, node, iter.cur), TE_END_NOT_NEEDED);
	}
}

/* No decoder outlives us: see process.c. */
static void
on_process_exit(int code, Datum arg)
{
	int64		until_ms = te_decoder_slot_exit_ms();

	forget(0);
	drop_all_decoders(until_ms);
	te_decoder_slot_reap(until_ms);
}

static void
prepare(void)
{
	if (te_pool.context != NULL)
		return;
	dlist_init(&te_pool.decoders);
	dlist_init(&te_pool.waiting);
	dlist_init(&te_pool.finished);
	te_decoder_slot_prepare();
	before_shmem_exit(on_process_exit, 0);
	RegisterXactCallback(on_transaction_end, NULL);
	RegisterSubXactCallback(on_subtransaction_end, NULL);
	te_pool.context = AllocSetContextCreate(TopMemoryContext, "thumbexif pool",
										 ALLOCSET_DEFAULT_SIZES);
}

/* --- for callers --- */

/*
 * How many decoders the descriptors suffice for that fd.c lets us have, a third of all: each
 * has two of its own and two for each task.
 */
static int
most_decoders(int wanted)
{
	int			most = (max_safe_fds / 3 - OTHER_DESCRIPTORS) / (2 + 2 * TE_PIPELINE);

	return Max(Min(wanted, most), 1);
}

int
te_pool_capacity(void)
{
	return most_decoders(te_guc_decoders()) * TE_PIPELINE;
}

int
te_pool_pending(void)
{
	return te_pool.pending;
}

void
te_pool_submit(TeTask *task, int max_decoders)
{
	TePoolEntry   *job;

	prepare();
	job = MemoryContextAllocZero(te_pool.context, sizeof(TePoolEntry));
	task->request.magic = TE_WIRE_MAGIC;
	task->request.job = ++te_pool.last_job;
	job->task = task;
	job->level = GetCurrentTransactionNestLevel();
	job->role = task->role;
	job->request = task->request;
	job->image_fd = task->image_fd;
	job->output_fd = -1;
	dlist_push_tail(&te_pool.waiting, &job->node);
	te_pool.pending++;
	(void) te_transient_fd_release(task->image_fd);

	te_pool.most = most_decoders(max_decoders);
	te_pool.room = Max(te_pool.most, most_decoders(te_guc_decoders()));
	te_dispatch();
}

TeTask *
te_pool_wait(long timeout_ms)
{
	return wait_for(NULL, timeout_ms < 0 ? PG_INT64_MAX : te_now_ms() + timeout_ms);
}

void
te_pool_run(TeTask *task)
{
	te_pool_submit(task, 1);
	(void) wait_for(task, PG_INT64_MAX);
}

void
te_pool_reset(void)
{
	forget(0);
}

const TeHello *
te_pool_hello(void)
{
	static TeHello hello;

	prepare();
	for (;;)
	{
		dlist_iter	iter;

		CHECK_FOR_INTERRUPTS();
		dlist_foreach(iter, &te_pool.decoders)
		{
			TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

			if (decoder->state == TE_DECODER_READY)
			{
				hello = decoder->hello;
				return &hello;
			}
		}
		te_pool.room = Max(te_pool.room, 1);
		if (te_pool.ndecoders == 0 && !te_dispatch_start(InvalidOid, true))
			te_dispatch_check_wait();
		wait_once(PG_INT64_MAX);
	}
}

void
te_pool_counts(int *running, int64 *lost)
{
	dlist_iter	iter;

	*running = te_pool.ndecoders;
	if (te_pool.context != NULL)
	{
		dlist_foreach(iter, &te_pool.decoders)
		{
			if (te_decoder_slot_is_lost(dlist_container(TeDecoder, node, iter.cur)->process.place))
				(*running)--;
		}
	}
	*lost = te_pool.lost;
}
