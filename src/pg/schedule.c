/*
 * schedule.c
 *		Which job goes to which decoder, and what becomes of it when that ends.
 *
 * A job is in one of three places: the list of waiting jobs, a decoder's hands, or the list
 * of finished ones.  Whatever ends a decoder, its jobs go to one of the other
 * two: so every task comes back exactly once.
 *
 * A decoder gets a second job only when all that may run are at work: it then waits in its
 * socket and is begun without our help.  That is worth a switch of processes for every image.
 */
#include "postgres.h"

#include <unistd.h>

#include "storage/fd.h"
#include "utils/memutils.h"

#include "schedule.h"

/* Times a job may be in the hands of decoders that leave before it is a crash. */
#define MAX_RESENT		3

/* Decoders that die while they start, in a row, until that is an ERROR. */
#define MAX_START_TRIES	3

/* While others work: how long after a failure to start another. */
#define START_AGAIN_MS	10000

TePool		te_pool;

/* --- jobs --- */

static void
close_image(TeFlight *job)
{
	if (job->image_fd < 0)
		return;
	close(job->image_fd);
	job->image_fd = -1;
	ReleaseExternalFD();
}

void
te_flight_free(TeFlight *job)
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
te_flight_finished(TeFlight *job)
{
	close_image(job);
	dlist_push_tail(&te_pool.finished, &job->node);
}

/* An outcome that is not a decoder's own words. */
static void
finish_badly(TeFlight *job, TeStatus status, const char *words)
{
	memset(&job->reply, 0, sizeof(job->reply));
	memset(&job->texts, 0, sizeof(job->texts));
	job->reply.status = status;
	strlcpy(job->words, words, sizeof(job->words));
	job->texts.error = job->words;
	te_flight_finished(job);
}

/* --- decoders --- */

void
te_forget_wait_set(void)
{
	if (te_pool.set != NULL)
		FreeWaitEventSet(te_pool.set);
	te_pool.set = NULL;
}

/* Take a decoder that has a cause out of the pool, and see to its jobs. */
void
te_bury(TeDecoder *decoder, TeCause cause)
{
	char		words[TE_MAX_TEXT];
	TeFlight   *jobs[TE_PIPELINE];
	int			njobs = decoder->njobs;
	bool		starting = decoder->state == TE_DECODER_STARTING;
	int			pid = (int) decoder->process.pid;
	TeStatus	outcome;

	decoder->cause = cause;
	memcpy(jobs, decoder->jobs, sizeof(jobs));
	te_forget_wait_set();
	dlist_delete(&decoder->node);
	te_pool.ndecoders--;
	outcome = te_decoder_bury(decoder, words);

	/* Backwards, so that the first is the first in the queue again. */
	for (int i = njobs - 1; i >= 0; i--)
	{
		TeFlight   *job = jobs[i];

		te_decoder_close_output(job);
		if (i > 0 || cause == TE_CAUSE_UNWANTED ||
			(outcome == TE_OK && ++job->resent < MAX_RESENT))
			dlist_push_head(&te_pool.waiting, &job->node);
		else
			finish_badly(job, outcome == TE_OK ? TE_CRASHED : outcome, words);
	}

	if (cause == TE_CAUSE_UNWANTED || (outcome == TE_OK && !starting))
		return;					/* it left as it should */
	te_pool.lost++;
	ereport(LOG,
			(errmsg("lost image decoder with PID %d", pid),
			 errdetail_log("The %s.", words)));

	/* A death may be bad luck, and three in a row are not. */
	if (!starting || (cause == TE_CAUSE_LEFT && ++te_pool.failed_starts < MAX_START_TRIES))
		return;
	te_pool.failed_starts = 0;
	if (te_pool.ndecoders > 0)
	{
		te_pool.start_again = te_now_ms() + START_AGAIN_MS;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("image decoder \"%s\" did not start", te_spawn_program()),
			 errdetail("The %s.", words),
			 cause == TE_CAUSE_LATE ?
			 errhint("The server may be overloaded. Try again.") :
			 errhint("Install module and decoder of the same build and the libraries that \"ldd\" names as missing. Sessions older than an upgrade must reconnect.")));
}

/* Start one more.  If that fails while others live, they have to do. */
void
te_start_decoder(void)
{
	TeDecoder  *decoder = te_decoder_start(te_pool.context);

	if (decoder == NULL)
	{
		if (te_pool.ndecoders == 0)
			te_spawn_throw(errno);
		te_pool.start_again = te_now_ms() + START_AGAIN_MS;
		return;
	}
	dlist_push_tail(&te_pool.decoders, &decoder->node);
	te_pool.ndecoders++;
	te_pool.started++;
	te_forget_wait_set();
}

static int
count_starting(void)
{
	dlist_iter	iter;
	int			count = 0;

	dlist_foreach(iter, &te_pool.decoders)
	{
		if (dlist_container(TeDecoder, node, iter.cur)->state == TE_DECODER_STARTING)
			count++;
	}
	return count;
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
 * A ready decoder with that many jobs.  Those that have nothing to do and must not be given
 * more, or are not well, are ended on the way.
 */
static TeDecoder *
find_decoder(int njobs)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &te_pool.decoders)
	{
		TeDecoder  *decoder = dlist_container(TeDecoder, node, iter.cur);

		if (decoder->state != TE_DECODER_READY || decoder->njobs != njobs)
			continue;
		if (njobs == 0 && !te_decoder_is_quiet(decoder))
			te_bury(decoder, decoder->cause);
		else if (te_decoder_is_usable(decoder))
			return decoder;
		else if (njobs == 0)
			te_bury(decoder, TE_CAUSE_UNWANTED);
	}
	return NULL;
}

/* --- scheduling --- */

/* The next decoder for a waiting job; NULL if it has to wait.  May start decoders. */
static TeDecoder *
choose_decoder(void)
{
	for (;;)
	{
		TeDecoder  *decoder = find_decoder(0);
		int			starting = count_starting();

		if (decoder != NULL)
			return decoder;
		if (te_pool.ndecoders == 0 ||
			(te_pool.ndecoders < te_pool.most && starting < count_waiting() &&
			 te_now_ms() >= te_pool.start_again))
		{
			te_start_decoder();
			continue;
		}
		if (starting > 0)
			return NULL;		/* it will be idle soon */
		for (int njobs = 1; njobs < TE_PIPELINE && decoder == NULL; njobs++)
			decoder = find_decoder(njobs);
		return decoder;
	}
}

/* Give waiting jobs to decoders. */
void
te_schedule(void)
{
	while (!dlist_is_empty(&te_pool.waiting))
	{
		TeDecoder  *decoder = choose_decoder();
		TeFlight   *job = dlist_head_element(TeFlight, node, &te_pool.waiting);

		if (decoder == NULL)
			return;
		switch (te_decoder_send(decoder, job))
		{
			case TE_SEND_DONE:
				dlist_delete(&job->node);
				break;
			case TE_SEND_GONE:
				te_bury(decoder, decoder->cause);
				break;
			case TE_SEND_NOT_NOW:
				if (some_are_at_work())
					return;		/* an answer will make room */
				ereport(ERROR,
						(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
						 errmsg("could not send an image to its decoder: %m"),
						 errhint("Raise \"max_files_per_process\" or lower \"thumbexif.decoders\".")));
		}
	}
}

