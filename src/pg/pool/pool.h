/*
 * pool.h
 *		This process's decoders, with requests in flight in all of them.
 *
 * There is one pool in a session or worker.  Decoders are kept between calls, because starting
 * one takes 0.1 s without the template.  A decoder is ended after a number of images, when it has
 * been idle for ten seconds, or when another process needs its slot: thumbexif.max_decoders bounds the
 * decoders of the whole server (decoder_slot.h).  A decoder that dies, exceeds its deadline or
 * sends an invalid reply is killed, reaped and replaced; the image it was processing gets a
 * status, and the one waiting behind it is sent to another decoder.
 *
 * te_pool_submit, te_pool_wait, te_pool_run and te_pool_hello throw on an interrupt, and if no
 * decoder can be started or none becomes free in time, which is an error of the server and not
 * of an image.  The rollback of the transaction or subtransaction then discards the tasks that
 * were submitted in it, and kills the decoders that were processing them.  Code that catches
 * an ERROR without a rollback must call te_pool_reset().
 */
#ifndef TE_PG_POOL_H
#define TE_PG_POOL_H

#include "wire/message.h"

/*
 * One image to be processed by a decoder.  The caller allocates it, zeroed, and keeps it until
 * it is returned or the transaction or subtransaction that submitted it is rolled back.
 */
typedef struct TeTask
{
	void	   *owner;			/* the caller's data */
	Oid			role;			/* owner of the image: no decoder gets images of two roles */
	TeRequest	request;		/* number and magic are filled in by the pool */
	int			image_fd;		/* from te_source_wait; the pool closes it */
	int			sidecar_fd;		/* the same from te_source_take_sidecar, with TE_WANT_SIDECAR */

	/* reply */
	TeReply		reply;			/* validated; on failure zeroed except for status */
	TeReplyTexts texts;			/* allocated in the caller's context of te_pool_wait */
	char	   *thumbnail;		/* all thumbnails (te_reply_thumbnail_bytes) in the same context, or NULL */
} TeTask;

/* Maximum of tasks that may be pending; "small": of tasks that make no thumbnail and read no whole file. */
extern int	te_pool_capacity(bool small);

/* Tasks submitted and not yet returned. */
extern int	te_pool_pending(void);

/*
 * Submit a task, starting a decoder if there are fewer than max_decoders for its role.  Fewer
 * than te_pool_capacity() tasks must be pending.  A small task may wait for others, which are
 * sent in one message, until te_pool_wait or te_pool_send is called.
 */
extern void te_pool_submit(TeTask *task, int max_decoders);

/* Send what waits for other tasks. */
extern void te_pool_send(void);

/* Is a task finished, so that te_pool_wait returns at once? */
extern bool te_pool_has_finished(void);

/*
 * Wait for the next finished task, in any order.  With timeout_ms -1 this waits as long as it
 * takes (each image has its own deadline, thumbexif.decode_timeout); otherwise it returns NULL
 * after that time.  Returns NULL also if no task is pending.  Texts and thumbnail are
 * allocated in the current memory context.
 */
extern TeTask *te_pool_wait(long timeout_ms);

/*
 * Submit one task and wait for it.  Can be called while other tasks are pending, as by a
 * trigger that fires while a backfill writes its rows: these continue, and are returned by
 * te_pool_wait.
 */
extern void te_pool_run(TeTask *task);

/*
 * A task will be submitted soon, by this transaction: if there is no decoder, let one start meanwhile.  Does nothing if it
 * cannot be started.
 */
extern void te_pool_expect(void);

/* Discard all pending tasks and kill the decoders that were processing them.  Never throws. */
extern void te_pool_reset(void);

/*
 * Get the greeting of a decoder, which has the properties of this build; starts one if there
 * is none.
 */
extern const TeHello *te_pool_hello(void);

/* Number of running decoders, and of decoders lost (killed or dead) since the process started. */
extern void te_pool_counts(int *running, int64 *lost);

#endif							/* TE_PG_POOL_H */
