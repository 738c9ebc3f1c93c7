/*
 * decoder_slot.h
 *		How many decoders may run, and who is next (private to the pool).
 *
 * Each decoder has a seat; there are thumbexif.max_decoders of them for the whole server,
 * or for one process where thumbexif was not preloaded.  Seats are taken under a lock, in turn,
 * and given back without one: signal handlers do that too.
 *
 * A decoder that has nothing to do rests.  While it rests, everybody may end it: a timer of its own
 * process, when it has rested for long; another process that waits for a seat; and it may die.  What
 * has ended is reaped at once by a handler of SIGCHLD, so that an idle session keeps neither decoders
 * nor zombies.  Before it is used or buried it is held, and then it is nobody's but its process's.
 */
#ifndef TE_PG_DECODER_SLOT_H
#define TE_PG_DECODER_SLOT_H

#include "postgres.h"

#include "decoder_slot_table.h"

/* Before anything else here; again does no harm. */
extern void te_decoder_slot_prepare(void);

/*
 * A seat for a decoder that is to be started: its place among those of this process, or -1.  Who must
 * have one is then in the queue, and asks again when its latch is set and every TE_SLOT_POLL_MS.
 */
#define TE_SLOT_POLL_MS		50
extern int	te_decoder_slot_take(bool must);

/* A place without a seat, for a process that is no decoder: the same, but that only its own process ends it.  -1 if there is none. */
extern int	te_decoder_slot_place(void);

/* Not any more in the queue.  Never throws. */
extern void te_decoder_slot_leave_queue(void);

/* Does somebody else wait for a seat? */
extern bool te_decoder_slot_others_wait(void);

/* The decoder has been started; or it was not, or has been reaped. */
extern void te_decoder_slot_fill(int place, pid_t pid);
extern void te_decoder_slot_free(int place);

/* It was killed and does not die: it is reaped when it does. */
extern void te_decoder_slot_abandon(int place);

/* Is that one still there? */
extern bool te_decoder_slot_is_abandoned(int place, pid_t pid);

/* Reap those, waiting until then (te_now_ms), 0 = not at all. */
extern void te_decoder_slot_reap(int64 until_ms);

/* At the end of this process: until when (te_now_ms) it waits for all that it has killed. */
extern int64 te_decoder_slot_exit_ms(void);

/* It has nothing to do. */
extern void te_decoder_slot_idle(int place);

typedef enum TeSlotHold
{
	TE_SLOT_HELD,					/* it may be used */
	TE_SLOT_ENDED,				/* it was killed, and is to be reaped */
	TE_SLOT_REAPED				/* it is no process any more */
} TeSlotHold;

/* From now on it is ended by this process only. */
extern TeSlotHold te_decoder_slot_hold(int place);

/* Was one that rests ended by somebody? */
extern bool te_decoder_slot_is_lost(int place);

/* The timer is gone: an ERROR does away with all timers. */
extern void te_decoder_slot_set_timer(void);

/* For views, where there is shared memory: decoders that run, and processes that wait for one, in the whole server. */
extern void te_decoder_slot_counts(int *taken, int *waiting);

#endif							/* TE_PG_DECODER_SLOT_H */
