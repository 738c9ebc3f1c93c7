/*
 * decoder.h
 *		One decoder process and the requests it has in hand (private to the pool).
 *
 * A decoder is started, sends a greeting, answers requests in order, and ends.  These
 * functions validate its messages and translate its end into an outcome of the request that it
 * was processing.
 */
#ifndef TE_PG_DECODER_H
#define TE_PG_DECODER_H

#include "postgres.h"

#include "lib/ilist.h"

#include "pg/shared/decoder_slot_table.h"
#include "pool.h"
#include "process.h"

/*
 * A task inside the pool.  Everything the pool needs is copied here, because after an ERROR
 * the caller's memory may be gone before the pool's abort callback runs.
 */
typedef struct TePoolEntry
{
	dlist_node	node;			/* in the pool's list of waiting or finished entries */
	TeTask	   *task;			/* the caller's; only dereferenced when it is returned */
	int			level;			/* transaction nest level that submitted it */
	Oid			role;			/* owner of the image */
	TeRequest	request;
	int			image_fd;
	int			sidecar_fd;		/* -1 if none */
	int			output_fd;		/* memory file for the thumbnail, while a decoder has the entry; otherwise -1 */
	int			resent;			/* number of decoders that exited without processing it */
	bool		alone;			/* one of several that a decoder may have died of: goes in a message of its own */

	/* outcome */
	TeReply		reply;
	TeReplyTexts texts;
	char	   *scratch;		/* memory of the texts, in the pool's context; or NULL */
	char	   *thumbnail;		/* in the pool's context; or NULL */
	char		detail[TE_MAX_TEXT];	/* error text if there was no reply */
} TePoolEntry;

typedef enum TeDecoderState
{
	TE_DECODER_STARTING,		/* has not sent its greeting */
	TE_DECODER_READY
} TeDecoderState;

/* Why a decoder is ended. */
typedef enum TeEndReason
{
	TE_END_NONE,				/* it is not */
	TE_END_EXITED,				/* end of file: its exit status has the details */
	TE_END_TIMEOUT,				/* exceeded its deadline */
	TE_END_PROTOCOL_ERROR,		/* sent an invalid message */
	TE_END_NOT_NEEDED			/* retired, idle, started with other settings, or its requests were discarded */
} TeEndReason;

typedef struct TeDecoder
{
	dlist_node	node;
	TeProcess	process;
	TeDecoderState state;
	Oid			role;			/* role whose images it has processed, InvalidOid = none yet */
	TeHello		hello;			/* valid once ready */
	TePoolEntry *entries[TE_PIPELINE * TE_BATCH];	/* in the order in which they were sent */
	int			nentries;
	int			batches[TE_PIPELINE];	/* how many of them each message has that is not yet answered entirely */
	int			nbatches;
	int			images;			/* requests sent to it */
	int64		started_ms;		/* te_now_ms() */
	int64		busy_ms;		/* time with requests in hand */
	int64		deadline_ms;	/* of the greeting or the first request, as te_now_ms(); PG_INT64_MAX = none */
	int			memory_mb;		/* settings it was started with */
	int			file_mb;
	int			timeout_ms;
	TeEndReason cause;
	const char *protocol_error; /* description of an invalid message */
} TeDecoder;

/*
 * Start a decoder, allocated in this context, as this child (te_decoder_slot_take), which is
 * released on failure.  Returns NULL with errno on failure; te_process_start_failed() reports
 * it.
 */
extern TeDecoder *te_decoder_start(MemoryContext context, int child);

/* Is the decoder idle, and does the first process that waits for a slot need such a one for the same role? */
extern bool te_decoder_is_wanted(const TeDecoder *decoder);

/* Hand it over to that process; its slot is held, and it is idle.  If it cannot be, it is as before.  Never throws. */
extern bool te_decoder_give(TeDecoder *decoder);

/*
 * The decoder that another process has handed over as this child, allocated in this context.  NULL if there is none: one
 * must be started.
 */
extern TeDecoder *te_decoder_receive(MemoryContext context, int child);

/* What this process needs a decoder of that role for. */
extern TeDecoderKind te_decoder_kind(Oid role);

/* May the decoder get more requests: is it not due for retirement and are its settings current? */
extern bool te_decoder_is_usable(const TeDecoder *decoder);

/* Is an idle decoder alive, with no unread message?  Otherwise sets the cause. */
extern bool te_decoder_check_idle(TeDecoder *decoder);

typedef enum TeSendResult
{
	TE_SEND_DONE,
	TE_SEND_NO_RESOURCES,		/* the server lacks a resource (errno); the decoder is usable */
	TE_SEND_EXITED				/* the decoder has ended: sets the cause; the request was not processed */
} TeSendResult;

/* Send up to TE_BATCH requests to a ready decoder in one message; several must be small.  Never throws. */
extern TeSendResult te_decoder_send(TeDecoder *decoder, TePoolEntry **entries, int count);

/*
 * Read one message, if there is one.  Returns how many entries it completes, and these.  Sets
 * the cause if the decoder has ended or must be ended.  The outcomes are allocated in the given
 * context.
 */
extern int	te_decoder_read(TeDecoder *decoder, MemoryContext context, TePoolEntry *done[TE_PIPELINE * TE_BATCH]);

/* How many of its first entries may the decoder have been processing?  Replies may wait in it for others. */
extern int	te_decoder_suspects(const TeDecoder *decoder);

/*
 * Free a decoder whose cause is set: kill it if it is still running, and wait for it until
 * until_ms (te_now_ms).  Returns the outcome of the entry it was processing, or TE_OK if that
 * entry can be sent to another decoder; "template_lost", that it has ended only because its template has.  detail
 * (TE_MAX_TEXT bytes) gets an ASCII description.  The caller has taken over the entries.  Never throws.
 */
extern TeStatus te_decoder_reap(TeDecoder *decoder, int64 until_ms, char *detail, bool *template_lost);

/* Count a decoder that was lost, while it was starting or with that outcome. */
extern void te_decoder_count_loss(bool starting, TeStatus outcome);

#endif							/* TE_PG_DECODER_H */
