/*
 * seat.c
 *		How many decoders may run, and who is next.
 *
 * A seat's word is the decoder's process id and what it does.  Only its own process reaps a decoder, and
 * not while the word says that another is about to kill it: so a process id is never used for a signal when
 * it might be another's.  Handlers change local states only from RESTING and ABANDONED, which
 * the rest of the code leaves by an atomic exchange.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/timeout.h"

#include "compat.h"
#include "guc.h"
#include "seat.h"
#include "shmem.h"
#include "spawn.h"

/* A decoder that rested for so long is ended. */
#define REST_MS			30000

/* One that has just got idle is left to its session, which may have more for it at once. */
#define LET_REST_MS		100

/* What a seat's word says, in its lowest bits, of the process in the others. */
#define STARTING		1		/* its process is not known yet */
#define WORKS			2
#define RESTS			3
#define DIES			4		/* another process is about to kill it */
#define WORD(pid, what) ((uint32) (pid) << 3 | (what))	/* process ids have 22 bits */

/* Decoders of this process, with those that do not die. */
#define PLACES			(TE_MAX_DECODERS + 64)

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
	volatile int seat;
	volatile int64 since_ms;	/* it rests */
} Place;

static Place places[PLACES];
static TeSeats *seats;
static TeSeats own_seats;		/* where there is no shared memory of ours */
static bool queued;
static TimeoutId rest_timer;
static volatile sig_atomic_t in_timer;

void
te_seats_init(TeSeats *all)
{
	pg_atomic_init_u32(&all->first, 0);
	all->nwaiters = 0;
	for (int i = 0; i < TE_MAX_SEATS; i++)
		pg_atomic_init_u32(&all->seat[i], 0);
}

/* --- giving back; safe in a signal handler */

static void
wake_first(void)
{
	if (te_shared != NULL)
		te_shmem_set_latch(pg_atomic_read_u32(&seats->first));
}

/* False if the word is another. */
static bool
change_word(int seat, uint32 from, uint32 to)
{
	if (!pg_atomic_compare_exchange_u32(&seats->seat[seat], &from, to))
		return false;
	if (to == 0)
		wake_first();
	return true;
}

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
		if (state == RESTING && !change_word(place->seat, WORD(pid, RESTS), 0) &&
			!change_word(place->seat, WORD(pid, WORKS), 0) &&
			pg_atomic_read_u32(&seats->seat[place->seat]) == WORD(pid, DIES))
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
			pg_atomic_read_u32(&seats->seat[place->seat]) != WORD(place->pid, RESTS))
			continue;
		left = place->since_ms + REST_MS - now;
		if (left <= 0 && change_word(place->seat, WORD(place->pid, RESTS), 0))
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
te_seat_set_timer(void)
{
	if (seats == NULL || get_timeout_active(rest_timer))
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
te_seat_prepare(void)
{
	struct sigaction old;

	if (te_shared != NULL)
		seats = &te_shared->seats;
	else
	{
		te_seats_init(&own_seats);
		seats = &own_seats;
	}
	for (int i = 0; i < PLACES; i++)
		pg_atomic_init_u32(&places[i].state, EMPTY);
	rest_timer = RegisterTimeout(USER_TIMEOUT, on_timer);

	/* Where somebody has a use for it already, zombies wait for our next call. */
	if (sigaction(SIGCHLD, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		pqsignal(SIGCHLD, on_child_end);
}

/* --- taking */

static void
lock_seats(void)
{
	if (te_shared != NULL)
		LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
}

static void
unlock_seats(void)
{
	if (te_shared != NULL)
		LWLockRelease(te_shared_lock);
}

/* Out of the queue, if we are in it.  Under the lock. */
static void
leave_queue(void)
{
	uint32		me = te_shmem_my_process();
	int			kept = 0;

	if (!queued)
		return;
	for (int i = 0; i < seats->nwaiters; i++)
	{
		if (seats->waiter[i] != me)
			seats->waiter[kept++] = seats->waiter[i];
	}
	seats->nwaiters = kept;
	pg_atomic_write_u32(&seats->first, kept > 0 ? seats->waiter[0] : 0);
	queued = false;
	wake_first();
}

static void
join_queue(void)
{
	if (te_shared == NULL || queued || seats->nwaiters == TE_MAX_WAITERS)
		return;
	seats->waiter[seats->nwaiters++] = te_shmem_my_process();
	pg_atomic_write_u32(&seats->first, seats->waiter[0]);
	queued = true;
}

void
te_seat_leave_queue(void)
{
	if (!queued)
		return;
	lock_seats();
	leave_queue();
	unlock_seats();
}

bool
te_seat_others_wait(void)
{
	uint32		first;

	if (te_shared == NULL || seats == NULL)
		return false;
	first = pg_atomic_read_u32(&seats->first);
	return first != 0 && first != te_shmem_my_process();
}

static int
count_taken(TeSeats *all)
{
	int			taken = 0;

	for (int i = 0; i < TE_MAX_SEATS; i++)
		taken += pg_atomic_read_u32(&all->seat[i]) != 0;
	return taken;
}

/* Of those that rest, the one that rests longest; -1 if there is none. */
static int
find_resting(void)
{
	uint32		now = (uint32) te_now_ms();
	int			longest = -1;

	for (int i = 0; i < TE_MAX_SEATS; i++)
	{
		if ((pg_atomic_read_u32(&seats->seat[i]) & 7) == RESTS &&
			now - seats->rests_since[i] >= LET_REST_MS &&
			(longest < 0 || now - seats->rests_since[i] > now - seats->rests_since[longest]))
			longest = i;
	}
	return longest;
}

/* End a decoder that rests, whoever's it is, and leave its seat with that word.  False if it works again. */
static bool
evict(int seat, uint32 word)
{
	uint32		old = pg_atomic_read_u32(&seats->seat[seat]);
	pid_t		pid = (pid_t) (old >> 3);
	int			fd;

	if ((old & 7) != RESTS || !change_word(seat, old, WORD(pid, DIES)))
		return false;

	/* Its process must not find the word like this when it hears of its end: it could not reap it. */
	fd = (int) syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		kill(pid, SIGKILL);
	change_word(seat, WORD(pid, DIES), word);
	if (fd >= 0)
	{
		(void) syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		close(fd);
	}
	return true;
}

/* A seat for us, now our own and STARTING; -1 if there is none.  Under the lock. */
static int
find_seat(bool must)
{
	int			most = te_guc_max_decoders();
	int			resting;

	if (te_seat_others_wait())
		return -1;
	while (must && count_taken(seats) > most && (resting = find_resting()) >= 0)
		(void) evict(resting, 0);	/* the setting was lowered */
	if (count_taken(seats) < most)
	{
		for (int i = 0; i < TE_MAX_SEATS; i++)
		{
			if (change_word(i, 0, WORD(MyProcPid, STARTING)))
				return i;
		}
	}
	else if (must && count_taken(seats) == most && (resting = find_resting()) >= 0 &&
			 evict(resting, WORD(MyProcPid, STARTING)))
		return resting;
	return -1;
}

int
te_seat_take(bool must)
{
	int			place = 0;
	int			seat;

	while (place < PLACES && pg_atomic_read_u32(&places[place].state) != EMPTY)
		place++;
	if (place == PLACES)
		return -1;

	lock_seats();
	seat = find_seat(must);
	if (seat >= 0)
		leave_queue();
	else if (must)
		join_queue();
	unlock_seats();
	if (seat < 0)
		return -1;

	places[place].pid = 0;
	places[place].seat = seat;
	pg_atomic_write_u32(&places[place].state, HELD);
	return place;
}

/* --- from then on */

void
te_seat_fill(int number, pid_t pid)
{
	Place	   *place = &places[number];

	place->pid = pid;
	pg_atomic_write_u32(&seats->seat[place->seat], WORD(pid, WORKS));
}

/* Give back the seat, unless another has it already. */
static void
give_back(const Place *place)
{
	if (place->seat < 0)
		return;
	if (place->pid == 0)
		(void) change_word(place->seat, WORD(MyProcPid, STARTING), 0);
	else if (!change_word(place->seat, WORD(place->pid, WORKS), 0))
		(void) change_word(place->seat, WORD(place->pid, RESTS), 0);
}

void
te_seat_free(int number)
{
	Place	   *place = &places[number];

	give_back(place);
	pg_atomic_write_u32(&place->state, EMPTY);
}

void
te_seat_abandon(int number)
{
	Place	   *place = &places[number];

	give_back(place);
	pg_atomic_write_u32(&place->state, ABANDONED);
	reap_resting();				/* it may have died meanwhile */
}

void
te_seat_reap(int64 until_ms)
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
te_seat_rest(int number)
{
	Place	   *place = &places[number];
	int64		now = te_now_ms();

	place->since_ms = now;
	seats->rests_since[place->seat] = (uint32) now;
	pg_atomic_write_u32(&place->state, RESTING);
	(void) change_word(place->seat, WORD(place->pid, WORKS), WORD(place->pid, RESTS));
	if (!get_timeout_active(rest_timer))
		enable_timeout_after(rest_timer, REST_MS);
}

TeHold
te_seat_hold(int number)
{
	Place	   *place = &places[number];
	uint32		before = pg_atomic_exchange_u32(&place->state, HELD);

	if (before == REAPED)
	{
		place->seat = -1;
		return TE_HELD_REAPED;
	}
	if (before == HELD)
		return TE_HELD;
	if (change_word(place->seat, WORD(place->pid, RESTS), WORD(place->pid, WORKS)))
		return TE_HELD;
	while (pg_atomic_read_u32(&seats->seat[place->seat]) == WORD(place->pid, DIES))
		pg_usleep(100);
	return TE_HELD_ENDED;
}

bool
te_seat_is_lost(int number)
{
	const Place *place = &places[number];
	uint32		state = pg_atomic_read_u32(&places[number].state);

	return state == REAPED ||
		(state == RESTING && pg_atomic_read_u32(&seats->seat[place->seat]) != WORD(place->pid, RESTS));
}

void
te_seat_counts(int *taken, int *waiting)
{
	LWLockAcquire(te_shared_lock, LW_SHARED);
	*taken = count_taken(&te_shared->seats);
	*waiting = te_shared->seats.nwaiters;
	LWLockRelease(te_shared_lock);
}
