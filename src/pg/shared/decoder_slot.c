/*
 * decoder_slot.c
 *		Child processes of this process, and the decoder slots they occupy.
 *
 * Each child has an entry in children[].  A decoder occupies a slot of the server, an opener
 * does not.
 *
 * A slot holds the decoder's process id and state in one word.  A decoder is reaped by its own
 * process only, and not while its slot says that another process is about to kill it, so that
 * no signal goes to a reused process id.  Signal handlers change the state of a child only
 * from CHILD_IDLE and CHILD_ABANDONED, which other code leaves by an atomic exchange.
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "utils/timeout.h"

#include "child_end.h"
#include "decoder_slot.h"
#include "decoder_slot_word.h"
#include "pg/base/guc.h"
#include "pg/compat.h"
#include "pg/base/clock.h"
#include "shmem.h"

/* Time after which an idle decoder is ended. */
#define IDLE_LIMIT_MS			10000

/* Decoders of this process, and processes that SIGKILL has not ended yet. */
#define MAX_CHILDREN			(TE_MAX_DECODERS + 64)

/* At the exit of this process: how long to wait for the processes it has killed. */
#define EXIT_REAP_MS	5000

enum
{
	CHILD_FREE,
	CHILD_HELD,
	CHILD_IDLE,
	CHILD_REAPED,				/* by the signal handler, while idle */
	CHILD_ABANDONED
};

typedef struct Child
{
	pg_atomic_uint32 state;
	volatile pid_t pid;
	volatile int template_sock; /* see child_end.h; -1 = a child of this process */
	volatile int slot;			/* -1 = none */
	volatile int64 since_ms;	/* te_now_ms() when it became idle */
} Child;

static Child children[MAX_CHILDREN];
TeDecoderSlots *te_decoder_slots;
static TeDecoderSlots local_slots;	/* without shared memory */
static TimeoutId idle_timer;
static volatile sig_atomic_t in_timer;

/* --- releasing; safe in signal handlers */

/* Reap idle children that have ended, and abandoned ones. */
static void
reap_idle(void)
{
	for (int i = 0; i < MAX_CHILDREN; i++)
	{
		Child	   *child = &children[i];
		uint32		state = pg_atomic_read_u32(&child->state);
		pid_t		pid = child->pid;
		TeChildEnd	ignored;

		if ((state != CHILD_IDLE && state != CHILD_ABANDONED) || !te_child_has_ended(pid, child->template_sock))
			continue;
		if (state == CHILD_IDLE && child->slot >= 0 && !te_decoder_slot_change_word(child->slot, SLOT_WORD(pid, SLOT_IDLE), 0) &&
			!te_decoder_slot_change_word(child->slot, SLOT_WORD(pid, SLOT_BUSY), 0) &&
			pg_atomic_read_u32(&te_decoder_slots->slot[child->slot]) == SLOT_WORD(pid, SLOT_KILLING))
			continue;
		(void) te_child_reap(pid, child->template_sock, &ignored);
		pg_atomic_write_u32(&child->state, state == CHILD_IDLE ? CHILD_REAPED : CHILD_FREE);
	}
}

static void
on_child_end(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (!in_timer)
		reap_idle();
	errno = save_errno;
}

/*
 * Kill children that have been idle for too long.  Returns the milliseconds until the next is
 * due, 0 if none is idle.
 */
static int
kill_idle(void)
{
	int64		now = te_now_ms();
	int64		next = 0;

	for (int i = 0; i < MAX_CHILDREN; i++)
	{
		Child	   *child = &children[i];
		int64		left;

		if (pg_atomic_read_u32(&child->state) != CHILD_IDLE ||
			(child->slot >= 0 && pg_atomic_read_u32(&te_decoder_slots->slot[child->slot]) != SLOT_WORD(child->pid, SLOT_IDLE)))
			continue;
		left = child->since_ms + IDLE_LIMIT_MS - now;
		if (left <= 0 && (child->slot < 0 || te_decoder_slot_change_word(child->slot, SLOT_WORD(child->pid, SLOT_IDLE), 0)))
			te_child_kill(child->pid, child->template_sock);
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
	next = kill_idle();
	reap_idle();
	in_timer = false;
	if (next > 0)
		enable_timeout_after(idle_timer, next);
	errno = save_errno;
}

void
te_decoder_slot_set_timer(void)
{
	if (te_decoder_slots == NULL || get_timeout_active(idle_timer))
		return;
	for (int i = 0; i < MAX_CHILDREN; i++)
	{
		if (pg_atomic_read_u32(&children[i].state) == CHILD_IDLE)
		{
			enable_timeout_after(idle_timer, IDLE_LIMIT_MS);
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
		te_decoder_slots = &te_shared->decoder_slots;
	else
	{
		te_decoder_slots_init(&local_slots);
		te_decoder_slots = &local_slots;
	}
	for (int i = 0; i < MAX_CHILDREN; i++)
		pg_atomic_init_u32(&children[i].state, CHILD_FREE);
	idle_timer = RegisterTimeout(USER_TIMEOUT, on_timer);

	/* If another module handles SIGCHLD, zombies are reaped at the next call. */
	if (sigaction(SIGCHLD, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		pqsignal(SIGCHLD, on_child_end);
}

/* --- taking */

static int
find_child(void)
{
	int			child = 0;

	while (child < MAX_CHILDREN && pg_atomic_read_u32(&children[child].state) != CHILD_FREE)
		child++;
	return child < MAX_CHILDREN ? child : -1;
}

static void
take_child(int child, int slot)
{
	children[child].pid = 0;
	children[child].slot = slot;
	children[child].template_sock = -1;
	pg_atomic_write_u32(&children[child].state, CHILD_HELD);
}

int
te_decoder_slot_take_child(void)
{
	int			child = find_child();

	if (child >= 0)
		take_child(child, -1);
	return child;
}

int
te_decoder_slot_take(const TeDecoderKind *needed)
{
	int			child = find_child();
	int			slot = child >= 0 ? te_decoder_slot_find(needed) : -1;

	if (slot < 0)
		return -1;
	take_child(child, slot);
	return child;
}

/* --- state changes */

void
te_decoder_slot_fill(int number, pid_t pid, int template_sock)
{
	Child	   *child = &children[number];

	child->template_sock = template_sock;
	child->pid = pid;
	if (child->slot >= 0)
		pg_atomic_write_u32(&te_decoder_slots->slot[child->slot], SLOT_WORD(pid, SLOT_BUSY));
}

bool
te_decoder_slot_give(int number, const TeDecoderKind *kind, TeHandover *handover, const int *fds)
{
	Child	   *child = &children[number];

	handover->pid = child->pid;
	if (child->slot < 0 || !te_decoder_slot_hand_over(child->slot, kind, handover, fds))
		return false;
	pg_atomic_write_u32(&child->state, CHILD_FREE);
	return true;
}

bool
te_decoder_slot_receive(int number, TeDecoderKind *kind, TeHandover *handover, int *fds)
{
	int			slot = children[number].slot;

	if (SLOT_STATE(pg_atomic_read_u32(&te_decoder_slots->slot[slot])) == SLOT_STARTING)
		return false;
	pg_atomic_write_u32(&te_decoder_slots->slot[slot], SLOT_WORD(MyProcPid, SLOT_STARTING));
	return te_decoder_slot_receive_handover(kind, handover, fds);
}

/* Free the slot, unless another process has taken it over. */
static void
release_slot(const Child *child)
{
	if (child->slot < 0)
		return;
	if (child->pid == 0)
		(void) te_decoder_slot_change_word(child->slot, SLOT_WORD(MyProcPid, SLOT_STARTING), 0);
	else if (!te_decoder_slot_change_word(child->slot, SLOT_WORD(child->pid, SLOT_BUSY), 0))
		(void) te_decoder_slot_change_word(child->slot, SLOT_WORD(child->pid, SLOT_IDLE), 0);
}

void
te_decoder_slot_free(int number)
{
	Child	   *child = &children[number];

	release_slot(child);
	pg_atomic_write_u32(&child->state, CHILD_FREE);
}

void
te_decoder_slot_abandon(int number)
{
	Child	   *child = &children[number];

	release_slot(child);
	pg_atomic_write_u32(&child->state, CHILD_ABANDONED);
	reap_idle();				/* it may have ended before its state was set */
}

bool
te_decoder_slot_is_abandoned(int number, pid_t pid)
{
	return children[number].pid == pid && pg_atomic_read_u32(&children[number].state) == CHILD_ABANDONED;
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

		reap_idle();
		for (int i = 0; i < MAX_CHILDREN && !any; i++)
			any = pg_atomic_read_u32(&children[i].state) == CHILD_ABANDONED;
		if (!any || te_now_ms() >= until_ms)
			return;
		pg_usleep(1000);
	}
}

void
te_decoder_slot_idle(int number)
{
	Child	   *child = &children[number];
	int64		now = te_now_ms();

	child->since_ms = now;
	if (child->slot >= 0)
		te_decoder_slots->idle_since_ms[child->slot] = (uint32) now;
	pg_atomic_write_u32(&child->state, CHILD_IDLE);
	if (child->slot >= 0)
		(void) te_decoder_slot_change_word(child->slot, SLOT_WORD(child->pid, SLOT_BUSY), SLOT_WORD(child->pid, SLOT_IDLE));
	if (!get_timeout_active(idle_timer))
		enable_timeout_after(idle_timer, IDLE_LIMIT_MS);
}

TeSlotHold
te_decoder_slot_hold(int number)
{
	Child	   *child = &children[number];
	uint32		before = pg_atomic_exchange_u32(&child->state, CHILD_HELD);

	if (before == CHILD_REAPED)
	{
		child->slot = -1;
		pg_atomic_write_u32(&child->state, CHILD_REAPED);	/* for who asks again */
		return TE_SLOT_REAPED;
	}
	if (before == CHILD_HELD || child->slot < 0)
		return TE_SLOT_HELD;
	if (te_decoder_slot_change_word(child->slot, SLOT_WORD(child->pid, SLOT_IDLE), SLOT_WORD(child->pid, SLOT_BUSY)))
		return TE_SLOT_HELD;
	while (pg_atomic_read_u32(&te_decoder_slots->slot[child->slot]) == SLOT_WORD(child->pid, SLOT_KILLING))
		pg_usleep(100);
	return TE_SLOT_ENDED;
}

bool
te_decoder_slot_is_lost(int number)
{
	const Child *child = &children[number];
	uint32		state = pg_atomic_read_u32(&children[number].state);

	return state == CHILD_REAPED ||
		(state == CHILD_IDLE && child->slot >= 0 && pg_atomic_read_u32(&te_decoder_slots->slot[child->slot]) != SLOT_WORD(child->pid, SLOT_IDLE));
}
