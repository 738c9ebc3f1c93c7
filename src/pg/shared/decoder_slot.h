/*
 * decoder_slot.h
 *		Slots that bound the number of decoders of the server, and child processes of this process (private to the pool).
 *
 * Each decoder occupies a slot; there are thumbexif.max_decoders of them in the whole server,
 * or in one process if thumbexif was not preloaded.  Slots are taken under a lock, in the
 * order of a queue, and freed without a lock, also by signal handlers.
 *
 * While a decoder is idle, it can be ended by its own process's timer and by another process
 * that waits for a slot.  A SIGCHLD handler then reaps it at once, so that an idle session
 * keeps neither decoders nor zombies.  Before a decoder is used or ended, its own process
 * marks it held, and no other process touches it.
 */
#ifndef TE_PG_DECODER_SLOT_H
#define TE_PG_DECODER_SLOT_H

#include "postgres.h"

#include "decoder_slot_table.h"

/* Initialize; to be called before the other functions, repeatedly if need be. */
extern void te_decoder_slot_prepare(void);

/*
 * Take a slot for a decoder that is about to be started.  Returns the number of a child of
 * this process, or -1.  If a kind is needed the process then joins the queue, and has to call this
 * again when its latch is set and after te_decoder_slot_poll_ms().
 */
extern int	te_decoder_slot_take(const TeDecoderKind *needed);
extern int	te_decoder_slot_poll_ms(void);

/* Take the number of a child that is not a decoder and needs no slot.  -1 if all are in use. */
extern int	te_decoder_slot_take_child(void);

/* Leave the queue.  Never throws. */
extern void te_decoder_slot_leave_queue(void);

/* Is another process waiting for a slot? */
extern bool te_decoder_slot_others_wait(void);

/*
 * For how long a process that needs decoders may go on with its only one while others wait: the less, the more of them
 * there are, so that all have had a turn in half of thumbexif.decode_timeout, after which they give up.
 */
extern int	te_decoder_slot_turn_ms(void);

/* Record the process ID of a child that has been started, and its connection to the template (child_end.h). */
extern void te_decoder_slot_fill(int child, pid_t pid, int template_sock);

/* Does the first in the queue need a decoder of that kind? */
extern bool te_decoder_slot_is_wanted(const TeDecoderKind *kind);

/*
 * Hand a decoder that this process holds over to the first in the queue, if it needs one of that kind.  The child's number is
 * then free, and the descriptors are to be closed.  Never throws.
 */
extern bool te_decoder_slot_give(int child, const TeDecoderKind *kind, TeHandover *handover, const int *fds);

/*
 * Did another process hand over the decoder of a slot that has just been taken?  Then its kind and what belongs to it are
 * set, and te_decoder_slot_fill() is to be called.  If not, or if it was lost on the way, a decoder must be started.
 */
extern bool te_decoder_slot_receive(int child, TeDecoderKind *kind, TeHandover *handover, int *fds);

/* Free the slot of a child that could not be started or has been reaped. */
extern void te_decoder_slot_free(int child);

/* The child was killed but has not ended: free its slot and reap it later. */
extern void te_decoder_slot_abandon(int child);

/* Is that abandoned process still there? */
extern bool te_decoder_slot_is_abandoned(int child, pid_t pid);

/* Reap abandoned children, waiting until that time (te_now_ms) at most; 0 = do not wait. */
extern void te_decoder_slot_reap(int64 until_ms);

/* At the exit of this process: te_now_ms() at which waiting for killed processes stops. */
extern int64 te_decoder_slot_exit_ms(void);

/* Mark a child idle. */
extern void te_decoder_slot_idle(int child);

typedef enum TeSlotHold
{
	TE_SLOT_HELD,				/* it may be used */
	TE_SLOT_ENDED,				/* it was killed, and must be reaped */
	TE_SLOT_REAPED				/* it has been reaped */
} TeSlotHold;

/* Mark a child held: from now on only this process ends it. */
extern TeSlotHold te_decoder_slot_hold(int child);

/* Was an idle child ended by its timer, by another process, or by itself? */
extern bool te_decoder_slot_is_lost(int child);

/* Start the idle timer again after an ERROR, which disables all timers. */
extern void te_decoder_slot_set_timer(void);

/*
 * That process, which has ended, is about to be reaped, not by the process whose decoder it was: let no slot name it any
 * more.  False if another process is about to kill it.
 */
extern bool te_decoder_slot_forget(pid_t pid);

/*
 * For views, with shared memory only: running decoders and waiting processes of the whole
 * server.
 */
extern void te_decoder_slot_counts(int *in_use, int *waiting);

/* Also for views: the processes that have decoders.  Returns their number. */
typedef struct TeDecoderSession
{
	int			pid;
	Oid			database;
	int			decoders;
	bool		working;		/* one of them is not idle */
} TeDecoderSession;
extern int	te_decoder_slot_sessions(TeDecoderSession sessions[TE_MAX_DECODER_SLOTS]);

#endif							/* TE_PG_DECODER_SLOT_H */
