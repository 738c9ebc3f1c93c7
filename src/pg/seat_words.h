/*
 * seat_words.h
 *		What the words of seats say (private to seat.c and seat_take.c).
 */
#ifndef TE_PG_SEAT_WORDS_H
#define TE_PG_SEAT_WORDS_H

#include "postgres.h"

#include "seat.h"

/* What a seat's word says, in its lowest bits, of the process in the others. */
#define STARTING		1		/* its process is not known yet */
#define WORKS			2
#define RESTS			3
#define DIES			4		/* another process is about to kill it */
#define WORD(pid, what) ((uint32) (pid) << 3 | (what))	/* process ids have 22 bits */

/* All seats; NULL before te_seat_prepare(). */
extern TeSeats *te_seats;

/* False if the word is another.  Safe in a signal handler. */
extern bool te_seat_change_word(int seat, uint32 from, uint32 to);

/* A seat for us, now our own and STARTING, or -1.  Who must have one is then in the queue. */
extern int	te_seat_find(bool must);

#endif							/* TE_PG_SEAT_WORDS_H */
