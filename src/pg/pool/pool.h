/*
 * pool.h
 *		This process's decoders, with requests in flight in all of them.
 *
 * There is one pool in a backend or worker.  It is kept between calls, for
 * starting a decoder costs about 0.1 s; each decoder is ended after a number of
 * images, when it has been idle for half a minute, or when its place is needed: there are
 * thumbexif.max_decoders in the whole server (decoder_slot.h).  A decoder that dies, is late or gives an odd reply is
 * killed, reaped and replaced; the image it worked on gets a status, the one
 * waiting behind it is sent again to another.
 *
 * What throws: te_pool_submit, te_pool_wait, te_pool_run and te_pool_hello throw on an
 * interrupt and when no decoder can be started or none gets free in time (the server's trouble, not an image's).
 * The rollback that follows, of a transaction or a subtransaction, makes the
 * pool forget the tasks that were submitted in it, and kills the decoders that worked on
 * them.  Who catches an ERROR without a rollback calls te_pool_reset().
 */
#ifndef TE_PG_POOL_H
#define TE_PG_POOL_H

#include "wire/message.h"

/*
 * One image's way through a decoder.  The caller allocates it, zeroed, and keeps it until it
 * comes back or the transaction or subtransaction that submitted it is rolled back.
 */
typedef struct TeTask
{
	void	   *owner;			/* the caller's own */
	Oid			role;			/* whose picture it is: no decoder sees pictures of two roles */
	TeRequest	request;		/* job and magic are filled by the pool */
	int			image_fd;		/* a TeSource's; the pool closes it */

	/* the answer */
	TeReply		reply;			/* checked; on any trouble zeroed but for status */
	TeReplyTexts texts;			/* point into memory of the context given to te_pool_wait */
	char	   *thumbnail;		/* reply.thumbnail_bytes bytes, same context, or NULL */
} TeTask;

/* How many tasks the pool takes before te_pool_wait must give one back. */
extern int	te_pool_capacity(void);

/* Tasks submitted and not yet given back. */
extern int	te_pool_pending(void);

/*
 * Hand a task to a decoder, starting one if there are fewer than
 * max_decoders for its role.  Fewer than te_pool_capacity() tasks must be pending.
 */
extern void te_pool_submit(TeTask *task, int max_decoders);

/*
 * Wait for the next finished task, in any order.  Answers interrupts at once.
 * timeout_ms -1 waits as long as it takes (each image has its own deadline,
 * thumbexif.decode_timeout); otherwise NULL when the time is over.  NULL also if nothing
 * is pending.  Texts and thumbnail are allocated in the current memory context.
 */
extern TeTask *te_pool_wait(long timeout_ms);

/*
 * Submit one task and wait for just that one.  For callers that may run inside
 * another's (a trigger's function, say, while a backfill writes its rows): the
 * other's tasks go on meanwhile, and stay for its own te_pool_wait.
 */
extern void te_pool_run(TeTask *task);

/* Kill what is busy, close what is open, forget all pending tasks.  Never throws. */
extern void te_pool_reset(void);

/* Ask a decoder what this build can do; starts one if there is none. */
extern const TeHello *te_pool_hello(void);

/* Decoders running now, and lost (killed or dead) in all. */
extern void te_pool_counts(int *running, int64 *lost);

#endif							/* TE_PG_POOL_H */
