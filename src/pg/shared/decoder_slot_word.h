/*
 * decoder_slot_word.h
 *		State words of decoder slots (private to decoder_slot.c and decoder_slot_take.c).
 */
#ifndef TE_PG_DECODER_SLOT_WORD_H
#define TE_PG_DECODER_SLOT_WORD_H

#include "postgres.h"

#include "decoder_slot.h"

/* States, in the lowest bits of the word; the others hold the process id. */
#define SLOT_STARTING		1	/* the process id is that of the session */
#define SLOT_BUSY			2
#define SLOT_IDLE			3
#define SLOT_KILLING			4	/* another process is about to kill it */
#define SLOT_WORD(pid, state) ((uint32) (pid) << 3 | (state))	/* process ids have 22 bits */
#define SLOT_STATE(word) ((word) & 7)
#define SLOT_PID(word)	((pid_t) ((word) >> 3))

/* NULL before te_decoder_slot_prepare(). */
extern TeDecoderSlots *te_decoder_slots;

/* Replace the word if it is "from".  Safe in signal handlers. */
extern bool te_decoder_slot_change_word(int slot, uint32 from, uint32 to);

/*
 * Take a slot and mark it SLOT_STARTING, or return -1; if a kind is needed the process then joins the queue.  A slot whose
 * decoder was handed over to this process is SLOT_BUSY.
 */
extern int	te_decoder_slot_find(const TeDecoderKind *needed);

/* Hand over the slot, whose decoder is busy for this process only, to the first in the queue. */
extern bool te_decoder_slot_hand_over(int slot, const TeDecoderKind *kind, TeHandover *handover, const int *fds);

/* Receive the decoder that was handed over with a slot, of the kind that was needed.  False if there is none. */
extern bool te_decoder_slot_receive_handover(TeDecoderKind *kind, TeHandover *handover, int *fds);

#endif							/* TE_PG_DECODER_SLOT_WORD_H */
