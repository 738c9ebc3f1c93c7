/*
 * dispatch.c
 *		Which job goes to which decoder, and what becomes of it when that ends.
 *
 * A job is in one of three places: the list of waiting jobs, a decoder's hands, or the list
 * of finished ones.  Whatever ends a decoder, its jobs go to one of the other
 * two: so every task comes back exactly once.
 *
 * A decoder works for one role.  There may be te_pool.room of them in all, and among these te_pool.most
 * for a role: idle ones of others make room.
 *
 * A decoder gets a second job only when all that may run are at work: it then waits in its
 * socket and is begun without our help.  That is worth a switch of processes for every image.
 */
#include "postgres.h"

#include <unistd.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "dispatch.h"
#include "pg/base/clock.h"
#include "pg/base/guc.h"
#include "pg/shared/decoder_slot.h"

/* Times a job may be in the hands of decoders that leave before it is a crash. */
#define MAX_RESENT		3

/* Decoders that die while they start, in a row, until that is an ERROR. */
#define MAX_START_TRIES	3

/* While others work: how long after a failure to start another, and when there was no seat. */
#define START_AGAIN_MS	10000
#define SEAT_AGAIN_MS	1000

/* How long the last decoder of a process stays its own when others wait for one. */
#define SLICE_MS		2000

/* A killed process may take so long to end. */
#define KILLED_MS		1000

TePool		te_pool;

/* --- jobs --- */

static void
close_image(TePoolEntry *job)
{
	if (job->image_fd < 0)
		return;
	close(job->image_fd);
	job->image_fd = -1;
	ReleaseExternalFD();
}

void
te_pool_entry_free(TePoolEntry *job)
{
	te_decoder_close_output(job);
	close_image(job);
	if (job->scratch)
		pfree(job->scratch);
	if (job->thumbnail)
		pfree(job->thumbnail);
	pfree(job);
	te_pool.pending--;
}

void
te_pool_entry_finished(TePoolEntry *job)
{
	close_image(job);
	dlist_push_tail(&te_pool.finished, &job->node);
}

/* An outcome that is not a decoder's own words. */
static void
finish_badly(TePoolEntry *job, TeStatus status, const char *words)
{
	memset(&job->reply, 0, sizeof(job->reply));
	memset(&job->texts, 0, sizeof(job->texts));
	job->reply.status = status;
	strlcpy(job->words, words, sizeof(job->words));
	job->texts.error = job->words;
	te_pool_entry_finished(job);
}

/* --- decoders --- */

void
te_dispatch_reset_wait_set(void)
{
	if (te_pool.set != NULL)
		FreeWaitEventSet(te_pool.set);
	te_pool.set = NULL;
}

/* Take a decoder that has a cause out of the pool, and see to its jobs. */
void
te_dispatch_reap(TeDecoder *decoder, TeEndReason cause)
{
	char		words[TE_MAX_TEXT];
	TePoolEntry   *jobs[TE_PIPELINE];
	int			njobs = decoder->njobs;
	bool		starting = decoder->state == TE_DECODER_STARTING;
	int			pid = (int) decoder->process.pid;
	TeStatus	outcome;

	/* One that rests may have been ended by somebody who needed its seat: that is no loss. */
	if (!starting && njobs == 0 && te_decoder_slot_is_lost(decoder->process.place))
		cause = TE_END_NOT_NEEDED;
	decoder->cause = cause;
	memcpy(jobs, decoder->jobs, sizeof(jobs));
	te_dispatch_reset_wait_set();
	dlist_delete(&decoder->node);
	te_pool.ndecoders--;
	outcome = te_decoder_reap(decoder, te_pool.end_by != 0 ? te_pool.end_by : te_now_ms() + KILLED_MS, words);

	/* Backwards, so that the first is the first in the queue again. */
	for (int i = njobs - 1; i >= 0; i--)
	{
		TePoolEntry   *job = jobs[i];

		te_decoder_close_output(job);
		if (i > 0 || cause == TE_END_NOT_NEEDED ||
			(outcome == TE_OK && ++job->resent < MAX_RESENT))
			dlist_push_head(&te_pool.waiting, &job->node);
		else
			finish_badly(job, outcome == TE_OK ? TE_CRASHED : outcome, words);
	}

	if (cause == TE_END_NOT_NEEDED || (outcome == TE_OK && !starting))
		return;					/* it left as it should */
	te_pool.lost++;
	ereport(LOG,
			(errmsg("lost image decoder with PID %d", pid),
			 errdetail_log("The %s.", words)));

	/* A death may be bad luck, and three in a row are not. */
	if (!starting || (cause == TE_END_EXITED && ++te_pool.failed_starts < MAX_START_TRIES))
		return;
	te_pool.failed_starts = 0;
	if (te_pool.ndecoders > 0)
	{
		te_pool.start_again = te_now_ms() + START_AGAIN_MS;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("image decoder \"%s\" did not start", te_process_file(TE_PROGRAM_DECODER)),
			 errdetail("The %s.", words),
			 cause == TE_END_TIMEOUT ?
			 errhint("The server may be overloaded. Try again.") :
			 errhint("Install module and decoder of the same build and the libraries that \"ldd\" names as missing. Sessions older than an upgrade must reconnect.")));
}

/* --- seats */

void
te_dispatch_stop_waiting(void)
{
	te_pool.slot_wait_since = 0;
	te_decoder_slot_leave_queue();
}

void
te_dispatch_check_wait(void)
{
	if (te_pool.slot_wait_since == 0 || te_now_ms() - te_pool.slot_wait_since < te_decode_timeout)
		return;
	te_dispatch_stop_waiting();
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("no image decoder became free within \"thumbexif.decode_timeout\""),
			 errdetail("All %d decoders that \"thumbexif.max_decoders\" allows are at work for others.",
					   te_guc_max_decoders()),
			 errhint("Try again later, or raise \"thumbexif.max_decoders\".")));
}

/* One that has nothing to do; of another role, if one is given.  NULL if there is none. */
static TeDecoder *
find_idle(Oid other_than)
{
	dlist_iter	iter;

	dlist_foreach(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (decoder->state == TE_DECODER_READY && decoder->njobs == 0 &&
			(!OidIsValid(other_than) || decoder->role != other_than))
			return decoder;
	}
	return NULL;
}

void
te_dispatch_yield(void)
{
	TeDecoder  *decoder;

	while (te_decoder_slot_others_wait() && (decoder = find_idle(InvalidOid)) != NULL)
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
}

/* Have we no claim to that decoder any more, since others wait for one? */
static bool
has_had_its_turn(const TeDecoder *decoder)
{
	return te_decoder_slot_others_wait() &&
		(te_pool.ndecoders > 1 || te_now_ms() - decoder->started_ms >= SLICE_MS);
}

bool
te_dispatch_start(Oid role, bool must)
{
	TeDecoder  *decoder;
	int			place = -1;

	if (te_pool.ndecoders >= te_pool.room)
	{
		decoder = find_idle(role);
		if (decoder == NULL)
			return false;		/* some are at work for others, and will be idle */
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
	}
	place = te_decoder_slot_take(must);
	while (place < 0 && must && (decoder = find_idle(role)) != NULL)
	{
		te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		place = te_decoder_slot_take(must);
	}
	if (place < 0)
	{
		if (!must)
			te_pool.start_again = te_now_ms() + SEAT_AGAIN_MS;
		else if (te_pool.slot_wait_since == 0)
			te_pool.slot_wait_since = te_now_ms();
		return false;
	}

	te_pool.slot_wait_since = 0;
	decoder = te_decoder_start(te_pool.context, place);
	if (decoder == NULL)
	{
		if (must)
			te_process_start_failed(TE_PROGRAM_DECODER, errno);
		te_pool.start_again = te_now_ms() + START_AGAIN_MS;
		return false;
	}
	dlist_push_tail(&te_pool.decoders, &decoder->node);
	te_pool.ndecoders++;
	te_dispatch_reset_wait_set();
	return true;
}

/* Those that work for a role or have seen no picture yet, and of them those that start. */
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
some_are_at_work(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &te_pool.decoders)
	{
		if (dlist_container(TeDecoder, node, iter.cur)->njobs > 0)
			return true;
	}
	return false;
}

/*
 * A ready decoder with that many jobs, for one more of that role.  Those that have nothing to do and must not be
 * given more, or are not well, are ended on the way.
 */
static TeDecoder *
find_decoder(Oid role, int njobs)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);
		bool		usable = te_decoder_is_usable(decoder) && !has_had_its_turn(decoder);

		if (decoder->state != TE_DECODER_READY || decoder->njobs != njobs)
			continue;
		if (njobs == 0 && te_decoder_slot_is_lost(decoder->process.place))
			te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		else if (OidIsValid(decoder->role) && decoder->role != role)
			continue;
		else if (njobs > 0 && usable)
			return decoder;
		else if (njobs > 0)
			continue;
		else if (!usable || te_decoder_slot_hold(decoder->process.place) != TE_SLOT_HELD)
			te_dispatch_reap(decoder, TE_END_NOT_NEEDED);
		else if (!te_decoder_is_quiet(decoder))
			te_dispatch_reap(decoder, decoder->cause);
		else
			return decoder;
	}
	return NULL;
}

/* --- scheduling */

/* The next decoder for a waiting job; NULL if it has to wait.  May start decoders. */
static TeDecoder *
choose_decoder(const TePoolEntry *job)
{
	for (;;)
	{
		TeDecoder  *decoder = find_decoder(job->role, 0);
		int			all;
		int			starting;

		if (decoder != NULL)
			return decoder;
		count_decoders(job->role, &all, &starting);
		if (all == 0 ||
			(all < te_pool.most && starting < count_waiting() && !te_decoder_slot_others_wait() &&
			 te_now_ms() >= te_pool.start_again))
		{
			if (te_dispatch_start(job->role, all == 0))
				continue;
			if (all == 0)
				return NULL;
		}
		if (starting > 0)
			return NULL;		/* it will be idle soon */
		for (int njobs = 1; njobs < TE_PIPELINE && decoder == NULL; njobs++)
			decoder = find_decoder(job->role, njobs);
		return decoder;
	}
}

/* Give waiting jobs to decoders. */
void
te_dispatch(void)
{
	while (!dlist_is_empty(&te_pool.waiting))
	{
		TePoolEntry   *job = dlist_head_element(TePoolEntry, node, &te_pool.waiting);
		TeDecoder  *decoder = choose_decoder(job);

		if (decoder == NULL)
		{
			te_dispatch_check_wait();
			return;
		}
		switch (te_decoder_send(decoder, job))
		{
			case TE_SEND_DONE:
				dlist_delete(&job->node);
				break;
			case TE_SEND_GONE:
				te_dispatch_reap(decoder, decoder->cause);
				break;
			case TE_SEND_NOT_NOW:
				if (decoder->njobs == 0)
					te_decoder_slot_idle(decoder->process.place);
				if (some_are_at_work())
					return;		/* an answer will make room */
				ereport(ERROR,
						(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
						 errmsg("could not send an image to its decoder: %m"),
						 errhint("Raise \"max_files_per_process\" or lower \"thumbexif.decoders\".")));
		}
	}
}

