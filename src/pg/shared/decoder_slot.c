/*
 * decoder_slot.c
 *		The children of this process, and the seats of those that are decoders.
 *
 * A place is one child of this process.  A decoder's has a seat, an opener's has none.
 *
 * A seat's word is the decoder's process id and what it does.  Only its own process reaps a decoder, and
 * not while the word says that another is about to kill it: so a process id is never used for a signal when
 * it might be another's.  Handlers change local states only from RESTING and ABANDONED, which
 * the rest of the code leaves by an atomic exchange.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "utils/timeout.h"

#include "decoder_slot.h"
#include "decoder_slot_word.h"
#include "pg/base/guc.h"
#include "pg/compat.h"
#include "pg/base/clock.h"
#include "shmem.h"

/* A decoder that rested for so long is ended. */
#define REST_MS			30000

/* Decoders of this process, with those that do not die. */
#define PLACES			(TE_MAX_DECODERS + 64)

/* At the end of this process: how long to wait for those that were killed. */
#define EXIT_REAP_MS	5000

enum
{
	EMPTY,
	HELD,
	RESTING,
	REAPED,						/* by the handler, while it rested */
	ABANDONED
};

typedef struct Place
{
	pg_atomic_uint32 state;
	volatile pid_t pid;
	volatile int seat;			/* -1 = none */
	volatile int64 since_ms;	/* it rests */
} Place;

static Place places[PLACES];
TeDecoderSlots    *te_decoder_slots;
static TeDecoderSlots own_seats;		/* where there is no shared memory of ours */
static TimeoutId rest_timer;
static volatile sig_atomic_t in_timer;

/* --- giving back; safe in a signal handler */

/* Reap what has ended while it rested, and what did not die when it should have. */
static void
reap_resting(void)
{
	for (int i = 0; i < PLACES; i++)
	{
		Place	   *place = &places[i];
		uint32		state = pg_atomic_read_u32(&place->state);
		pid_t		pid = place->pid;
		siginfo_t	info = {0};
		int			status;

		if (state != RESTING && state != ABANDONED)
			continue;
		if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != pid)
			continue;
		if (state == RESTING && place->seat >= 0 && !te_decoder_slot_change_word(place->seat, WORD(pid, RESTS), 0) &&
			!te_decoder_slot_change_word(place->seat, WORD(pid, WORKS), 0) &&
			pg_atomic_read_u32(&te_decoder_slots->seat[place->seat]) == WORD(pid, DIES))
			continue;
		(void) waitpid(pid, &status, WNOHANG);
		pg_atomic_write_u32(&place->state, state == RESTING ? REAPED : EMPTY);
	}
}

static void
on_child_end(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (!in_timer)
		reap_resting();
	errno = save_errno;
}

/* End those that have rested for long.  When the next is due, in ms; 0 = none rests. */
static int
end_resting(void)
{
	int64		now = te_now_ms();
	int64		next = 0;

	for (int i = 0; i < PLACES; i++)
	{
		Place	   *place = &places[i];
		int64		left;

		if (pg_atomic_read_u32(&place->state) != RESTING ||
			(place->seat >= 0 && pg_atomic_read_u32(&te_decoder_slots->seat[place->seat]) != WORD(place->pid, RESTS)))
			continue;
		left = place->since_ms + REST_MS - now;
		if (left <= 0 && (place->seat < 0 || te_decoder_slot_change_word(place->seat, WORD(place->pid, RESTS), 0)))
			kill(place->pid, SIGKILL);
		else if (next == 0 || left < next)
			next = Max(left, 1);
	}
	return (int) next;
}

static void
on_timer(void)
{
	int			save_errno = errno;
	int			next;

	in_timer = true;
	next = end_resting();
	reap_resting();
	in_timer = false;
	if (next > 0)
		enable_timeout_after(rest_timer, next);
	errno = save_errno;
}

void
te_decoder_slot_set_timer(void)
{
	if (te_decoder_slots == NULL || get_timeout_active(rest_timer))
		return;
	for (int i = 0; i < PLACES; i++)
	{
		if (pg_atomic_read_u32(&places[i].state) == RESTING)
		{
			enable_timeout_after(rest_timer, REST_MS);
			return;
		}
	}
}

void
te_decoder_slot_prepare(void)
{
	struct sigaction old;

	if (te_decoder_slots != NULL)
		return;
	if (te_shared != NULL)
		te_decoder_slots = &te_shared->seats;
	else
	{
		te_decoder_slots_init(&own_seats);
		te_decoder_slots = &own_seats;
	}
	for (int i = 0; i < PLACES; i++)
		pg_atomic_init_u32(&places[i].state, EMPTY);
	rest_timer = RegisterTimeout(USER_TIMEOUT, on_timer);

	/* Where somebody has a use for it already, zombies wait for our next call. */
	if (sigaction(SIGCHLD, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		pqsignal(SIGCHLD, on_child_end);
}

/* --- taking */

static int
find_place(void)
{
	int			place = 0;

	while (place < PLACES && pg_atomic_read_u32(&places[place].state) != EMPTY)
		place++;
	return place < PLACES ? place : -1;
}

static void
take_place(int place, int seat)
{
	places[place].pid = 0;
	places[place].seat = seat;
	pg_atomic_write_u32(&places[place].state, HELD);
}

int
te_decoder_slot_place(void)
{
	int			place = find_place();

	if (place >= 0)
		take_place(place, -1);
	return place;
}

int
te_decoder_slot_take(bool must)
{
	int			place = find_place();
	int			seat = place >= 0 ? te_decoder_slot_find(must) : -1;

	if (seat < 0)
		return -1;
	take_place(place, seat);
	return place;
}

/* --- from then on */

void
te_decoder_slot_fill(int number, pid_t pid)
{
	Place	   *place = &places[number];

	place->pid = pid;
	if (place->seat >= 0)
		pg_atomic_write_u32(&te_decoder_slots->seat[place->seat], WORD(pid, WORKS));
}

/* Give back the seat, unless another has it already. */
static void
give_back(const Place *place)
{
	if (place->seat < 0)
		return;
	if (place->pid == 0)
		(void) te_decoder_slot_change_word(place->seat, WORD(MyProcPid, STARTING), 0);
	else if (!te_decoder_slot_change_word(place->seat, WORD(place->pid, WORKS), 0))
		(void) te_decoder_slot_change_word(place->seat, WORD(place->pid, RESTS), 0);
}

void
te_decoder_slot_free(int number)
{
	Place	   *place = &places[number];

	give_back(place);
	pg_atomic_write_u32(&place->state, EMPTY);
}

void
te_decoder_slot_abandon(int number)
{
	Place	   *place = &places[number];

	give_back(place);
	pg_atomic_write_u32(&place->state, ABANDONED);
	reap_resting();				/* it may have died meanwhile */
}

bool
te_decoder_slot_is_abandoned(int number, pid_t pid)
{
	return places[number].pid == pid && pg_atomic_read_u32(&places[number].state) == ABANDONED;
}

int64
te_decoder_slot_exit_ms(void)
{
	static int64 until_ms = 0;

	if (until_ms == 0)
		until_ms = te_now_ms() + EXIT_REAP_MS;
	return until_ms;
}

void
te_decoder_slot_reap(int64 until_ms)
{
	for (;;)
	{
		bool		any = false;

		reap_resting();
		for (int i = 0; i < PLACES && !any; i++)
			any = pg_atomic_read_u32(&places[i].state) == ABANDONED;
		if (!any || te_now_ms() >= until_ms)
			return;
		pg_usleep(1000);
	}
}

void
te_decoder_slot_idle(int number)
{
	Place	   *place = &places[number];
	int64		now = te_now_ms();

	place->since_ms = now;
	if (place->seat >= 0)
		te_decoder_slots->rests_since[place->seat] = (uint32) now;
	pg_atomic_write_u32(&place->state, RESTING);
	if (place->seat >= 0)
		(void) te_decoder_slot_change_word(place->seat, WORD(place->pid, WORKS), WORD(place->pid, RESTS));
	if (!get_timeout_active(rest_timer))
		enable_timeout_after(rest_timer, REST_MS);
}

TeSlotHold
te_decoder_slot_hold(int number)
{
	Place	   *place = &places[number];
	uint32		before = pg_atomic_exchange_u32(&place->state, HELD);

	if (before == REAPED)
	{
		place->seat = -1;
		return TE_SLOT_REAPED;
	}
	if (before == HELD || place->seat < 0)
		return TE_SLOT_HELD;
	if (te_decoder_slot_change_word(place->seat, WORD(place->pid, RESTS), WORD(place->pid, WORKS)))
		return TE_SLOT_HELD;
	while (pg_atomic_read_u32(&te_decoder_slots->seat[place->seat]) == WORD(place->pid, DIES))
		pg_usleep(100);
	return TE_SLOT_ENDED;
}

bool
te_decoder_slot_is_lost(int number)
{
	const Place *place = &places[number];
	uint32		state = pg_atomic_read_u32(&places[number].state);

	return state == REAPED ||
		(state == RESTING && place->seat >= 0 && pg_atomic_read_u32(&te_decoder_slots->seat[place->seat]) != WORD(place->pid, RESTS));
}
