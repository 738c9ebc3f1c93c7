/*
 * decoder.h
 *		One decoder and what it works on (private to the pool).
 *
 * A decoder is started, greets, answers jobs in order, and ends.  This is
 * where its words are believed or not, and where its end is turned into an outcome of
 * the job it had in hand.
 */
#ifndef TE_PG_DECODER_H
#define TE_PG_DECODER_H

#include "postgres.h"

#include "lib/ilist.h"

#include "pool.h"
#include "process.h"

/*
 * A task inside the pool.  The pool remembers everything it needs here, since after an
 * ERROR the caller's memory may be gone before the pool hears of it.
 */
typedef struct TePoolEntry
{
	dlist_node	node;			/* in the pool's list of waiting or of finished jobs */
	TeTask	   *task;			/* the caller's; not touched but to give it back */
	int			level;			/* transaction nest level that submitted it */
	Oid			role;			/* whose picture it is */
	TeRequest	request;
	int			image_fd;
	int			output_fd;		/* while a decoder has it; -1 otherwise */
	int			resent;			/* times a decoder left without having looked at it */

	/* the outcome */
	TeReply		reply;
	TeReplyTexts texts;
	char	   *scratch;		/* what the texts point into, in the pool's memory context; or NULL */
	char	   *thumbnail;		/* the same */
	char		words[TE_MAX_TEXT];	/* ours, where there was no reply */
} TePoolEntry;

typedef enum TeDecoderState
{
	TE_DECODER_STARTING,		/* has not greeted yet */
	TE_DECODER_READY
} TeDecoderState;

/* Why a decoder ends. */
typedef enum TeEndReason
{
	TE_END_NONE,				/* it does not */
	TE_END_EXITED,				/* end of file: its exit status tells more */
	TE_END_TIMEOUT,				/* past its deadline */
	TE_END_PROTOCOL_ERROR,				/* said what cannot be believed */
	TE_END_NOT_NEEDED			/* worn, of other settings, or its jobs were given up: not its fault */
} TeEndReason;

typedef struct TeDecoder
{
	dlist_node	node;
	TeProcess	process;
	TeDecoderState state;
	Oid			role;			/* whose pictures it has seen, InvalidOid = none yet */
	TeHello		hello;			/* once ready */
	TePoolEntry   *jobs[TE_PIPELINE];	/* the first is at work */
	int			njobs;
	int			images;			/* requests it was sent */
	int64		started_ms;		/* te_now_ms() */
	int64		busy_ms;		/* it had jobs in hand */
	int64		deadline;		/* of greeting or job at work, in te_now_ms(); PG_INT64_MAX: none */
	int			memory;			/* the settings it was started with */
	int			file;
	int			timeout;
	TeEndReason		cause;
	const char *odd;			/* what cannot be believed */
} TeDecoder;

/*
 * Start one, allocated in this context, in that place (te_decoder_slot_take), which is given back with it.  NULL with
 * errno if that cannot be done (te_process_start_failed).
 */
extern TeDecoder *te_decoder_start(MemoryContext context, int place);

/* May it be given jobs: not worn, and started with the settings of now? */
extern bool te_decoder_is_usable(const TeDecoder *decoder);

/* Has an idle decoder really nothing to say, and lives?  Otherwise fills the cause. */
extern bool te_decoder_is_quiet(TeDecoder *decoder);

typedef enum TeSendResult
{
	TE_SEND_DONE,
	TE_SEND_NOT_NOW,			/* the server lacks something (errno); the decoder is well */
	TE_SEND_GONE				/* the decoder has ended: fills the cause; nobody has seen the job */
} TeSendResult;

/* Give a ready decoder another job.  Never throws. */
extern TeSendResult te_decoder_send(TeDecoder *decoder, TePoolEntry *job);

/* The job has no decoder any more. */
extern void te_decoder_close_output(TePoolEntry *job);

/*
 * Read one message, if there is one.  Returns the job whose outcome it brought, or NULL. Fills the cause
 * if the decoder has ended, or must.  The outcome is allocated in the given context.
 */
extern TePoolEntry *te_decoder_read(TeDecoder *decoder, MemoryContext context);

/*
 * The end of a decoder that has a cause: kill it if need be, reap it by then (te_now_ms) and free it.  Returns the
 * outcome for the job that it had at work, TE_OK if that is as unharmed as what waits behind
 * it.  words (TE_MAX_TEXT bytes) say in ASCII what happened.  The caller has taken its jobs.  Never throws.
 */
extern TeStatus te_decoder_reap(TeDecoder *decoder, int64 until_ms, char *words);

#endif							/* TE_PG_DECODER_H */
