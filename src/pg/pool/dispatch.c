/*
 * dispatch.c
 *		Assigning requests to decoders, and handling their requests when decoders end.
 *
 * An entry is in the list of waiting entries, in a decoder's array, or in the list of finished
 * entries.  When a decoder ends, its entries move to one of the two lists, so every task is
 * returned exactly once.
 *
 * A decoder works for one role.  A process has at most te_pool.max_decoders decoders, and at
 * most te_pool.max_for_role for one role; idle decoders of other roles are ended to make room.
 *
 * A message has one request that makes a thumbnail, or up to TE_BATCH small ones.  A decoder gets
 * a second message only when all decoders that may run are busy.  The message then waits in the
 * socket and is started without a switch to this process.
 */
#include "postgres.h"

#include "storage/fd.h"
#include "utils/memutils.h"

#include "dispatch.h"
#include "output.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/base/system_check.h"
#include "pg/shared/decoder_slot.h"

/* Decoders that may exit without processing a request before that counts as a crash. */
#define MAX_RESENT		3

/* Decoders that may die in a row during startup before an ERROR is raised. */
#define MAX_START_TRIES	3

/*
 * Delay before another decoder is started while others work: after a failure to start one, and
 * after no slot was free.
 */
#define RESTART_DELAY_MS	10000
#define SLOT_RETRY_MS	1000

/* Time to wait for a killed process to end. */
#define KILLED_MS		1000

TePool		te_pool;

/* --- decoders */

/* The set of decoders has changed: the wait event set must be built again. */
static void
reset_wait_set(void)
{
	if (te_pool.wait_set != NULL)
		FreeWaitEventSet(te_pool.wait_set);
	te_pool.wait_set = NULL;
}

/*
 * May an entry that the decoder was processing, or one of so many that it may have been processing, go to another
 * decoder?  Which of several it was is found out by sending each alone.
 */
static bool
may_try_again(TePoolEntry *entry, int suspects, TeStatus outcome)
{
	if (suspects > 1)
		return entry->alone = true;
	return outcome == TE_OK && ++entry->resent < MAX_RESENT;
}

bool
te_dispatch_give(TeDecoder *decoder)
{
	if (!te_decoder_is_wanted(decoder))
		return false;
	reset_wait_set();
	if (te_decoder_slot_hold(decoder->process.child) != TE_SLOT_HELD || !te_decoder_check_idle(decoder))
	{
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		return true;
	}
	if (!te_decoder_give(decoder))
	{
		te_decoder_slot_idle(decoder->process.child);
		return false;
	}
	dlist_delete(&decoder->node);
	te_pool.ndecoders--;
	pfree(decoder);
	return true;
}

/* Remove a decoder from the pool, and requeue or fail its entries. */
void
te_dispatch_reap(TeDecoder *decoder, TeEndReason cause)
{
	char		detail[TE_MAX_TEXT];
	TePoolEntry *entries[TE_PIPELINE * TE_BATCH];
	int			nentries = decoder->nentries;
	int			suspects = te_decoder_suspects(decoder);
	bool		starting = decoder->state == TE_DECODER_STARTING;
	int			pid = (int) decoder->process.pid;
	bool		template_lost;
	TeStatus	outcome;

	/*
	 * An idle decoder may have been killed by a process that needed its slot, which is not a loss.
	 */
	if (!starting && nentries == 0 && te_decoder_slot_is_lost(decoder->process.child))
		cause = TE_END_NOT_NEEDED;
	decoder->cause = cause;
	memcpy(entries, decoder->entries, sizeof(entries));
	reset_wait_set();
	dlist_delete(&decoder->node);
	te_pool.ndecoders--;
	outcome = te_decoder_reap(decoder, te_pool.reap_until_ms != 0 ? te_pool.reap_until_ms : te_now_ms() + KILLED_MS, detail,
							  &template_lost);

	/* Backwards, to keep their order in the queue. */
	for (int i = nentries - 1; i >= 0; i--)
	{
		TePoolEntry *entry = entries[i];

		te_output_close(entry);
		if (i >= suspects || cause == TE_END_NOT_NEEDED || template_lost || may_try_again(entry, suspects, outcome))
			dlist_push_head(&te_pool.waiting, &entry->node);
		else
			te_pool_entry_fail(entry, outcome == TE_OK ? TE_CRASHED : outcome, detail);
	}

	if (cause == TE_END_NOT_NEEDED || (outcome == TE_OK && !starting))
		return;					/* regular end */
	te_decoder_count_loss(starting, outcome);
	ereport(LOG,
			(errmsg("lost image decoder with PID %d", pid),
			 errdetail_log("The %s.", detail)));

	/* One death during startup is tolerated; repeated deaths are reported. */
	if (!starting || (cause == TE_END_EXITED && ++te_pool.failed_starts < MAX_START_TRIES))
		return;
	te_pool.failed_starts = 0;
	if (te_pool.ndecoders > 0)
	{
		te_pool.start_after_ms = te_now_ms() + RESTART_DELAY_MS;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("image decoder \"%s\" did not start", te_process_file(TE_PROGRAM_DECODER)),
			 errdetail("The %s.", detail),
			 cause == TE_END_TIMEOUT ?
			 errhint("The server may be overloaded. Try again.") :
			 errhint("%s", te_system_hint("Install module and decoder of the same build, and the libraries that \"ldd\" reports as missing. "
										  "Sessions started before an upgrade must reconnect."))));
}

/* --- slots */

void
te_dispatch_stop_waiting(void)
{
	te_pool.slot_wait_since_ms = 0;
	te_decoder_slot_leave_queue();
}

void
te_dispatch_check_wait(void)
{
	if (te_pool.slot_wait_since_ms == 0 || te_now_ms() - te_pool.slot_wait_since_ms < te_decode_timeout)
		return;
	te_dispatch_stop_waiting();
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("no image decoder became free within \"thumbexif.decode_timeout\""),
			 errdetail("All %d decoders allowed by \"thumbexif.max_decoders\" are in use by other processes.",
					   te_guc_max_decoders()),
			 errhint("Try again later, or raise \"thumbexif.max_decoders\".")));
}

/* Find an idle decoder, of another role if one is given.  NULL if there is none. */
static TeDecoder *
find_idle_decoder(Oid other_than)
{
	dlist_iter	iter;

	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (decoder->state == TE_DECODER_READY && decoder->nentries == 0 &&
			(!OidIsValid(other_than) || decoder->role != other_than))
			return decoder;
	}
	return NULL;
}

/*
 * Must the decoder be given up because other processes wait for a slot?  The last one of this process is kept until its turn
 * is over, since starting one costs more than going on with it.
 */
static bool
must_yield(const TeDecoder *decoder)
{
	return te_decoder_slot_others_wait() &&
		(te_pool.ndecoders > 1 || te_now_ms() - decoder->started_ms >= te_decoder_slot_turn_ms());
}

void
te_dispatch_yield(void)
{
	TeDecoder  *decoder;

	while (te_decoder_slot_others_wait() && (decoder = find_idle_decoder(InvalidOid)) != NULL)
	{
		if (te_dispatch_give(decoder))
			continue;
		if (!must_yield(decoder) && te_pool.returns_soon)
			break;
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
	}
}

bool
te_dispatch_start(Oid role, bool must)
{
	TeDecoderKind needed = te_decoder_kind(role);
	TeDecoder  *decoder;
	int			child = -1;

	if (te_pool.ndecoders >= te_pool.max_decoders)
	{
		decoder = find_idle_decoder(role);
		if (decoder == NULL)
			return false;		/* all decoders are busy for other roles; one becomes idle later */
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
	}
	child = te_decoder_slot_take(must ? &needed : NULL);
	while (child < 0 && must && (decoder = find_idle_decoder(role)) != NULL)
	{
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		child = te_decoder_slot_take(&needed);
	}
	if (child < 0)
	{
		if (!must)
			te_pool.start_after_ms = te_now_ms() + SLOT_RETRY_MS;
		else if (te_pool.slot_wait_since_ms == 0)
			te_pool.slot_wait_since_ms = te_now_ms();
		return false;
	}

	te_pool.slot_wait_since_ms = 0;
	decoder = te_decoder_receive(te_pool.context, child);
	if (decoder == NULL)
		decoder = te_decoder_start(te_pool.context, child);
	if (decoder == NULL)
	{
		if (must)
			te_process_start_failed(TE_PROGRAM_DECODER, errno);
		te_pool.start_after_ms = te_now_ms() + RESTART_DELAY_MS;
		return false;
	}
	dlist_push_tail(&te_pool.decoders, &decoder->node);
	te_pool.ndecoders++;
	reset_wait_set();
	return true;
}

/* Count the decoders of a role, including unused ones, and how many of them are starting. */
static void
count_decoders(Oid role, int *all, int *starting)
{
	dlist_iter	iter;

	*all = *starting = 0;
	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (OidIsValid(decoder->role) && decoder->role != role)
			continue;
		(*all)++;
		*starting += decoder->state == TE_DECODER_STARTING;
	}
}

static int
count_waiting(void)
{
	dlist_iter	iter;
	int			count = 0;

	dlist_foreach(iter, &te_pool.waiting)
		count++;
	return count;
}

static bool
any_busy(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &te_pool.decoders)
	{
		if (dlist_container(TeDecoder, node, iter.cur)->nentries > 0)
			return true;
	}
	return false;
}

/*
 * Find a ready decoder with this many messages in hand that may get one more of that role.
 * Idle decoders that must not be used again are ended.
 */
static TeDecoder *
find_decoder(Oid role, int nbatches)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);
		bool		usable = te_decoder_is_usable(decoder) && !must_yield(decoder);

		if (decoder->state != TE_DECODER_READY || decoder->nbatches != nbatches)
			continue;
		if (nbatches == 0 && te_decoder_slot_is_lost(decoder->process.child))
			te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		else if (OidIsValid(decoder->role) && decoder->role != role)
			continue;
		else if (nbatches > 0 && usable)
			return decoder;
		else if (nbatches > 0)
			continue;
		else if (!usable && te_dispatch_give(decoder))
			continue;
		else if (!usable || te_decoder_slot_hold(decoder->process.child) != TE_SLOT_HELD)
			te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		else if (!te_decoder_check_idle(decoder))
			te_dispatch_reap(decoder, decoder->cause);
		else
			return decoder;
	}
	return NULL;
}

/* --- scheduling */

/* Choose a decoder for a waiting entry; NULL if it must wait.  May start decoders. */
static TeDecoder *
choose_decoder(const TePoolEntry *entry)
{
	for (;;)
	{
		TeDecoder  *decoder = find_decoder(entry->role, 0);
		int			all;
		int			starting;

		if (decoder != NULL)
			return decoder;
		count_decoders(entry->role, &all, &starting);
		if (all == 0 ||
			(all < te_pool.max_for_role && starting < count_waiting() && !te_decoder_slot_others_wait() &&
			 te_now_ms() >= te_pool.start_after_ms))
		{
			if (te_dispatch_start(entry->role, all == 0))
				continue;
			if (all == 0)
				return NULL;
		}
		if (starting > 0)
			return NULL;		/* it will be idle soon */
		for (int nbatches = 1; nbatches < TE_PIPELINE && decoder == NULL; nbatches++)
			decoder = find_decoder(entry->role, nbatches);
		return decoder;
	}
}

/* Collect the first waiting entry, and if it is small those behind it that can go with it.  Returns their number. */
static int
first_waiting(TePoolEntry **entries)
{
	TePoolEntry *first = dlist_head_element(TePoolEntry, node, &te_pool.waiting);
	int			count = 0;
	dlist_iter	iter;

	entries[count++] = first;
	if (!te_pool_entry_is_small(first))
		return count;
	dlist_foreach(iter, &te_pool.waiting)
	{
		TePoolEntry *entry = dlist_container(TePoolEntry, node, iter.cur);

		if (count == TE_BATCH)
			break;
		if (entry != first && te_pool_entry_is_small(entry) && entry->role == first->role)
			entries[count++] = entry;
	}
	return count;
}

/* Requests could not be sent for lack of a resource.  ERROR if no reply will free any. */
static void
lack_resources(const TeDecoder *decoder)
{
	int			save_errno = errno;

	if (decoder->nentries == 0)
		te_decoder_slot_idle(decoder->process.child);
	if (any_busy())
		return;
	errno = save_errno;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("could not send an image to its decoder: %m"),
			 errhint("Raise \"max_files_per_process\" or lower \"thumbexif.decoders\".")));
}

/* Send waiting entries to decoders. */
void
te_dispatch(bool all)
{
	while (!dlist_is_empty(&te_pool.waiting))
	{
		TePoolEntry *entries[TE_BATCH];
		int			count = first_waiting(entries);
		TeDecoder  *decoder;

		if (!all && count < TE_BATCH && te_pool_entry_is_small(entries[0]))
			return;
		decoder = choose_decoder(entries[0]);
		if (decoder == NULL)
		{
			te_dispatch_check_wait();
			return;
		}
		switch (te_decoder_send(decoder, entries, count))
		{
			case TE_SEND_DONE:
				for (int i = 0; i < count; i++)
					dlist_delete(&entries[i]->node);
				break;
			case TE_SEND_EXITED:
				te_dispatch_reap(decoder, decoder->cause);
				break;
			case TE_SEND_NO_RESOURCES:
				lack_resources(decoder);
				return;			/* the next reply frees descriptors */
		}
	}
}
