/*
 * pool.c
 *		This process's pool of decoders: submitting tasks, waiting for them, and cleaning up.
 *
 * Sessions and background workers use the same code.  Only decoder slots (decoder_slot.h) are
 * shared between processes.
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

/*
 * Descriptors reserved for the wait set, the opener and its files, thumbnail files, and other
 * extensions.
 */
#define OTHER_DESCRIPTORS	18

/* The same while small tasks are processed, for which more files are opened ahead. */
#define OTHER_DESCRIPTORS_SMALL	(OTHER_DESCRIPTORS + 24)

/* A process that calls again within this time is expected to go on so; of a new one that is assumed. */
#define RETURN_MS		100

/* --- waiting */

static void
create_wait_set(void)
{
	dlist_iter	iter;

	/* CreateWaitEventSet needs a descriptor, and its own error has no hint. */
	if (!AcquireExternalFD())
		te_process_start_failed(TE_PROGRAM_DECODER, EMFILE);
	ReleaseExternalFD();

	te_pool.wait_set = CreateWaitEventSet(NULL, te_pool.ndecoders + 2);
	AddWaitEventToSet(te_pool.wait_set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(te_pool.wait_set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		AddWaitEventToSet(te_pool.wait_set, WL_SOCKET_READABLE, decoder->process.sock, NULL, decoder);
	}
}

static void
read_decoder(TeDecoder *decoder)
{
	bool		starting = decoder->state == TE_DECODER_STARTING;
	TePoolEntry *done[TE_PIPELINE * TE_BATCH];
	int			count = te_decoder_read(decoder, te_pool.context, done);

	for (int i = 0; i < count; i++)
		te_pool_entry_finished(done[i]);
	if (decoder->cause != TE_END_NONE)
		te_dispatch_reap(decoder, decoder->cause);
	else if (starting && decoder->state == TE_DECODER_READY)
		te_pool.failed_starts = 0;
}

/*
 * End decoders that have exceeded their deadline.  A decoder whose reply has not been read yet
 * is not late: this process may have been busy writing rows.
 */
static void
end_overdue(void)
{
	int64		now = te_now_ms();
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (now < decoder->deadline_ms)
			continue;
		if (te_decoder_check_idle(decoder))
			te_dispatch_reap(decoder, TE_END_TIMEOUT);
		else
			decoder->cause = TE_END_NONE;	/* the message is read later */
	}
}

/* Wait for one event, until that time at most, and process it. */
static void
wait_once(int64 until)
{
	static uint32 wait_event = 0;
	int64		now = te_now_ms();
	WaitEvent	event;
	dlist_iter	iter;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("ThumbexifDecoder");
	if (te_pool.wait_set == NULL)
		create_wait_set();
	dlist_foreach(iter, &te_pool.decoders)
	{
		until = Min(until, dlist_container(TeDecoder, node, iter.cur)->deadline_ms);
	}

	if (te_pool.slot_wait_since_ms != 0)
		until = Min(until, now + te_decoder_slot_poll_ms());

	if (WaitEventSetWait(te_pool.wait_set, until == PG_INT64_MAX ? -1 : (long) Max(until - now, 0),
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
	end_overdue();
}

/* Find the finished entry of that task, or of any. */
static TePoolEntry *
find_finished(const TeTask *wanted)
{
	dlist_iter	iter;

	dlist_foreach(iter, &te_pool.finished)
	{
		TePoolEntry *entry = dlist_container(TePoolEntry, node, iter.cur);

		if (wanted == NULL || entry->task == wanted)
			return entry;
	}
	return NULL;
}

static char *
copy_text(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

/* Return a task, with its outcome copied into the current memory context. */
static TeTask *
deliver(TePoolEntry *entry)
{
	TeTask	   *task = entry->task;

	task->reply = entry->reply;
	task->texts.make = copy_text(entry->texts.make);
	task->texts.model = copy_text(entry->texts.model);
	task->texts.error = copy_text(entry->texts.error);
	task->texts.exif_error = copy_text(entry->texts.exif_error);
	task->texts.json = copy_text(entry->texts.json);
	task->texts.lens = copy_text(entry->texts.lens);
	task->texts.title = copy_text(entry->texts.title);
	task->texts.description = copy_text(entry->texts.description);
	task->texts.keywords = copy_text(entry->texts.keywords);
	task->thumbnail = NULL;
	if (entry->thumbnail)
	{
		Size		length = te_reply_thumbnail_bytes(&entry->reply);

		task->thumbnail = palloc(length);
		memcpy(task->thumbnail, entry->thumbnail, length);
	}
	dlist_delete(&entry->node);
	te_pool_entry_free(entry);
	return task;
}

static TeTask *
wait_for(const TeTask *wanted, int64 until)
{
	TeTask	   *task = NULL;

	for (bool waited = false; te_pool.pending > 0; waited = true)
	{
		TePoolEntry *entry;

		CHECK_FOR_INTERRUPTS();
		te_dispatch(false);
		entry = find_finished(wanted);
		if (entry == NULL)
		{
			te_dispatch(true);
			entry = find_finished(wanted);
		}
		if (entry != NULL)
		{
			task = deliver(entry);
			break;
		}
		if (waited && te_now_ms() >= until)
			break;
		wait_once(until);
	}

	/*
	 * Keep no place in the queue and no idle decoder that others wait for while this process does other work.
	 */
	if (te_pool.slot_wait_since_ms != 0)
		te_decoder_slot_leave_queue();
	if (te_pool.pending == 0)
	{
		te_pool.idle_since_ms = te_now_ms();
		te_dispatch_yield();
	}
	return task;
}

/* --- life of the pool */

static void
end_all_decoders(int64 until_ms)
{
	dlist_mutable_iter iter;

	te_pool.reap_until_ms = until_ms;
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		(void) te_dispatch_give(dlist_container(TeDecoder, node, iter.cur));
	}
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		/* kill all before waiting for the first */
		te_process_kill(&dlist_container(TeDecoder, node, iter.cur)->process);
	}
	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		te_dispatch_reap(dlist_container(TeDecoder, node, iter.cur), TE_END_NOT_NEEDED);
	}
}

/* No decoder may outlive this process: see process.c. */
static void
on_process_exit(int code, Datum arg)
{
	int64		until_ms = te_decoder_slot_exit_ms();

	te_pool_discard(0);
	end_all_decoders(until_ms);
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
	te_pool_register_rollback();
	te_pool.context = AllocSetContextCreate(TopMemoryContext, "thumbexif pool",
											ALLOCSET_DEFAULT_SIZES);
}

/* --- for callers */

/*
 * Limit a number of decoders by the descriptors that fd.c reserves for external use, a third
 * of all.  Each decoder has three and needs two for each task, and one more if that has a sidecar.
 */
static int
limit_decoders(int wanted)
{
	int			limit = (max_safe_fds / 3 - OTHER_DESCRIPTORS) / (3 + (te_sidecars ? 3 : 2) * TE_PIPELINE);

	return Max(Min(wanted, limit), 1);
}

int
te_pool_capacity(bool small)
{
	int			decoders = limit_decoders(te_guc_decoders());
	int			capacity = decoders * TE_PIPELINE;

	if (!small)
		return capacity;

	/* each has one descriptor, and may have another one of its sidecar */
	return Max(Min(capacity * TE_BATCH, (max_safe_fds / 3 - OTHER_DESCRIPTORS_SMALL - 2 * decoders) / (te_sidecars ? 2 : 1)), capacity);
}

int
te_pool_pending(void)
{
	return te_pool.pending;
}

void
te_pool_submit(TeTask *task, int max_decoders)
{
	TePoolEntry *entry;

	prepare();
	entry = MemoryContextAllocZero(te_pool.context, sizeof(TePoolEntry));
	task->request.magic = TE_WIRE_MAGIC;
	task->request.number = ++te_pool.last_request;
	task->request.server_process = MyProcPid;
	entry->task = task;
	entry->level = GetCurrentTransactionNestLevel();
	entry->role = task->role;
	entry->request = task->request;
	entry->image_fd = task->image_fd;
	entry->sidecar_fd = (task->request.want & TE_WANT_SIDECAR) ? task->sidecar_fd : -1;
	entry->output_fd = -1;
	dlist_push_tail(&te_pool.waiting, &entry->node);
	if (te_pool.pending++ == 0)
		te_pool.returns_soon = te_pool.idle_since_ms == 0 || te_now_ms() - te_pool.idle_since_ms < RETURN_MS;
	(void) te_transient_fd_release(task->image_fd);
	(void) te_transient_fd_release(entry->sidecar_fd);

	te_pool.max_for_role = limit_decoders(max_decoders);
	te_pool.max_decoders = Max(te_pool.max_for_role, limit_decoders(te_guc_decoders()));
	te_dispatch(false);
}

void
te_pool_send(void)
{
	te_dispatch(true);
}

bool
te_pool_has_finished(void)
{
	return te_pool.pending > 0 && !dlist_is_empty(&te_pool.finished);
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
	te_pool_discard(0);
}

void
te_pool_expect(void)
{
	prepare();
	te_pool.max_decoders = Max(te_pool.max_decoders, 1);
	if (te_pool.ndecoders == 0)
		(void) te_dispatch_start(InvalidOid, false);
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
		te_pool.max_decoders = Max(te_pool.max_decoders, 1);
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
			if (te_decoder_slot_is_lost(dlist_container(TeDecoder, node, iter.cur)->process.child))
				(*running)--;
		}
	}
	*lost = te_pool.lost;
}
