/*
 * decoder_slot_take.c
 *		Taking decoder slots: the queue for them, and evicting idle decoders.
 */
#include "postgres.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/proc.h"

#include "decoder_slot_word.h"
#include "pg/base/guc.h"
#include "pg/base/clock.h"
#include "shmem.h"

/*
 * A decoder is not evicted in its first moments of idleness, as its session may be about to
 * use it again.
 */
#define MIN_IDLE_MS		50

/* How often the first in the queue looks for an idle decoder to evict; and the others, in case a wakeup was lost. */
#define FIRST_POLL_MS	10
#define POLL_MS			500

#define MAX_TURN_MS		2000

static bool queued;				/* or a decoder was handed over to this process, which it has not noticed */
static TeDecoderWaiter self;	/* this process in the queue */

static void
wake_first(void)
{
	if (te_shared != NULL)
		te_shmem_set_latch(pg_atomic_read_u32(&te_decoder_slots->first));
}

bool
te_decoder_slot_change_word(int slot, uint32 from, uint32 to)
{
	if (!pg_atomic_compare_exchange_u32(&te_decoder_slots->slot[slot], &from, to))
		return false;
	if (to == 0)
		wake_first();
	return true;
}

static void
lock_slots(void)
{
	if (te_shared != NULL)
		LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
}

static void
unlock_slots(void)
{
	if (te_shared != NULL)
		LWLockRelease(te_shared_lock);
}

/* Remove a process from the queue.  te_shared_lock is held. */
static void
remove_waiter(uint32 process)
{
	int			kept = 0;

	for (int i = 0; i < te_decoder_slots->nwaiters; i++)
	{
		if (te_decoder_slots->waiter[i].process != process)
			te_decoder_slots->waiter[kept++] = te_decoder_slots->waiter[i];
	}
	te_decoder_slots->nwaiters = kept;
	pg_atomic_write_u32(&te_decoder_slots->first, kept > 0 ? te_decoder_slots->waiter[0].process : 0);
}

/* Remove this process from the queue.  te_shared_lock is held. */
static void
leave_queue(void)
{
	if (!queued)
		return;
	remove_waiter(te_shmem_my_process());
	queued = false;
	wake_first();
}

static void
join_queue(const TeDecoderKind *needed)
{
	if (te_shared == NULL || queued || te_decoder_slots->nwaiters == TE_MAX_WAITERS)
		return;
	self.process = te_shmem_my_process();
	self.pid = MyProcPid;
	self.kind = *needed;
	te_handover_open(&self.address);
	te_decoder_slots->waiter[te_decoder_slots->nwaiters++] = self;
	pg_atomic_write_u32(&te_decoder_slots->first, te_decoder_slots->waiter[0].process);
	queued = true;
}

/* --- handing over */

/* te_shared_lock is held. */
static bool
first_needs(const TeDecoderKind *kind)
{
	return te_decoder_slots->nwaiters > 0 && memcmp(&te_decoder_slots->waiter[0].kind, kind, sizeof(*kind)) == 0;
}

bool
te_decoder_slot_is_wanted(const TeDecoderKind *kind)
{
	bool		wanted;

	lock_slots();
	wanted = first_needs(kind);
	unlock_slots();
	return wanted;
}

bool
te_decoder_slot_hand_over(int slot, const TeDecoderKind *kind, TeHandover *handover, const int *fds)
{
	const TeDecoderWaiter *first = &te_decoder_slots->waiter[0];
	uint32		process = 0;

	if (te_shared == NULL)
		return false;
	lock_slots();
	if (first_needs(kind) && te_handover_send(&first->address, handover, fds))
	{
		process = first->process;
		te_decoder_slots->session[slot] = first->pid;
		te_decoder_slots->database[slot] = kind->database;
		te_decoder_slots->given_to[slot] = process;
		remove_waiter(process);
	}
	unlock_slots();
	te_shmem_set_latch(process);
	if (process != 0)
		wake_first();			/* it is another now */
	return process != 0;
}

/* The slot that was handed over to this process, which it takes; -1 if there is none.  te_shared_lock is held. */
static int
take_given(void)
{
	uint32		me = queued ? te_shmem_my_process() : 0;

	for (int i = 0; i < TE_MAX_DECODER_SLOTS && me != 0; i++)
	{
		if (te_decoder_slots->given_to[i] == me)
		{
			te_decoder_slots->given_to[i] = 0;
			queued = false;
			return i;
		}
	}
	return -1;
}

bool
te_decoder_slot_receive_handover(TeDecoderKind *kind, TeHandover *handover, int *fds)
{
	bool		received = te_handover_receive(&self.address, handover, fds);

	*kind = self.kind;
	te_handover_close();
	return received;
}

void
te_decoder_slot_leave_queue(void)
{
	int			slot;

	if (!queued)
		return;
	lock_slots();
	slot = take_given();
	leave_queue();
	unlock_slots();

	/* with its descriptors, a decoder that was handed over ends */
	te_handover_close();
	if (slot >= 0)
		te_decoder_slot_change_word(slot, pg_atomic_read_u32(&te_decoder_slots->slot[slot]), 0);
}

bool
te_decoder_slot_others_wait(void)
{
	uint32		first;

	if (te_shared == NULL || te_decoder_slots == NULL)
		return false;
	first = pg_atomic_read_u32(&te_decoder_slots->first);
	return first != 0 && first != te_shmem_my_process();
}

int
te_decoder_slot_poll_ms(void)
{
	return queued && te_decoder_slot_others_wait() ? POLL_MS : FIRST_POLL_MS;
}

int
te_decoder_slot_turn_ms(void)
{
	int			waiting = Max(te_decoder_slots->nwaiters, 1);	/* read without the lock: it need not be exact */
	int64		turn = (int64) te_decode_timeout / 2 * te_guc_max_decoders() / waiting;

	return (int) Min(turn, MAX_TURN_MS);
}

static int
count_in_use(TeDecoderSlots *all)
{
	int			in_use = 0;

	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
		in_use += pg_atomic_read_u32(&all->slot[i]) != 0;
	return in_use;
}

/* Find the decoder that has been idle longest; -1 if there is none. */
static int
find_idle(void)
{
	uint32		now = (uint32) te_now_ms();
	int			longest = -1;

	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
	{
		if (SLOT_STATE(pg_atomic_read_u32(&te_decoder_slots->slot[i])) == SLOT_IDLE &&
			now - te_decoder_slots->idle_since_ms[i] >= MIN_IDLE_MS &&
			(longest < 0 || now - te_decoder_slots->idle_since_ms[i] > now - te_decoder_slots->idle_since_ms[longest]))
			longest = i;
	}
	return longest;
}

/*
 * Kill an idle decoder of any process, and leave that word in its slot.  False if it is not
 * idle any more.
 */
static bool
evict(int slot, uint32 word)
{
	uint32		old = pg_atomic_read_u32(&te_decoder_slots->slot[slot]);
	pid_t		pid = SLOT_PID(old);
	int			fd;

	if (SLOT_STATE(old) != SLOT_IDLE || !te_decoder_slot_change_word(slot, old, SLOT_WORD(pid, SLOT_KILLING)))
		return false;

	/*
	 * The slot is released before the signal is sent: while it says SLOT_KILLING, the decoder's process cannot reap it.
	 */
	fd = (int) syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		kill(pid, SIGKILL);
	te_decoder_slot_change_word(slot, SLOT_WORD(pid, SLOT_KILLING), word);
	if (fd >= 0)
	{
		(void) syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		close(fd);
	}
	return true;
}

/* Take a slot and mark it SLOT_STARTING; -1 if none is free.  te_shared_lock is held. */
static int
find_slot(bool must)
{
	int			limit = te_guc_max_decoders();
	int			idle;

	if (te_decoder_slot_others_wait())
		return -1;
	while (must && count_in_use(te_decoder_slots) > limit && (idle = find_idle()) >= 0)
		(void) evict(idle, 0);	/* thumbexif.max_decoders was lowered */
	if (count_in_use(te_decoder_slots) < limit)
	{
		for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
		{
			if (te_decoder_slot_change_word(i, 0, SLOT_WORD(MyProcPid, SLOT_STARTING)))
				return i;
		}
	}
	else if (must && count_in_use(te_decoder_slots) == limit && (idle = find_idle()) >= 0 &&
			 evict(idle, SLOT_WORD(MyProcPid, SLOT_STARTING)))
		return idle;
	return -1;
}

int
te_decoder_slot_find(const TeDecoderKind *needed)
{
	int			slot;
	bool		given;

	lock_slots();
	slot = take_given();
	given = slot >= 0;
	if (!given)
		slot = find_slot(needed != NULL);
	if (slot >= 0)
	{
		te_decoder_slots->session[slot] = MyProcPid;
		te_decoder_slots->database[slot] = MyDatabaseId;
		leave_queue();
	}
	else if (needed != NULL)
		join_queue(needed);
	unlock_slots();
	if (slot >= 0 && !given)
		te_handover_close();
	return slot;
}

bool
te_decoder_slot_forget(pid_t pid)
{
	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
	{
		uint32		word = pg_atomic_read_u32(&te_decoder_slots->slot[i]);

		if (SLOT_PID(word) != pid || SLOT_STATE(word) == SLOT_STARTING)
			continue;
		if (SLOT_STATE(word) != SLOT_IDLE || !te_decoder_slot_change_word(i, word, 0))
			return false;
	}
	return true;
}

void
te_decoder_slot_counts(int *in_use, int *waiting)
{
	LWLockAcquire(te_shared_lock, LW_SHARED);
	*in_use = count_in_use(&te_shared->decoder_slots);
	*waiting = te_shared->decoder_slots.nwaiters;
	LWLockRelease(te_shared_lock);
}

int
te_decoder_slot_sessions(TeDecoderSession sessions[TE_MAX_DECODER_SLOTS])
{
	TeDecoderSlots *all = &te_shared->decoder_slots;
	int			count = 0;

	LWLockAcquire(te_shared_lock, LW_SHARED);
	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
	{
		uint32		word = pg_atomic_read_u32(&all->slot[i]);
		int			j = 0;

		if (word == 0)
			continue;
		while (j < count && sessions[j].pid != all->session[i])
			j++;
		if (j == count)
			sessions[count++] = (TeDecoderSession)
		{
			.pid = all->session[i], .database = all->database[i]
		};
		sessions[j].decoders++;
		sessions[j].working |= SLOT_STATE(word) == SLOT_BUSY;
	}
	LWLockRelease(te_shared_lock);
	return count;
}
