/*
 * decoder_slot_take.c
 *		How many decoders may run, and who is next.
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

/* One that has just got idle is left to its session, which may have more for it at once. */
#define LET_REST_MS		100

static bool queued;

static void
wake_first(void)
{
	if (te_shared != NULL)
		te_shmem_set_latch(pg_atomic_read_u32(&te_decoder_slots->first));
}

bool
te_decoder_slot_change_word(int seat, uint32 from, uint32 to)
{
	if (!pg_atomic_compare_exchange_u32(&te_decoder_slots->seat[seat], &from, to))
		return false;
	if (to == 0)
		wake_first();
	return true;
}

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
	for (int i = 0; i < te_decoder_slots->nwaiters; i++)
	{
		if (te_decoder_slots->waiter[i] != me)
			te_decoder_slots->waiter[kept++] = te_decoder_slots->waiter[i];
	}
	te_decoder_slots->nwaiters = kept;
	pg_atomic_write_u32(&te_decoder_slots->first, kept > 0 ? te_decoder_slots->waiter[0] : 0);
	queued = false;
	wake_first();
}

static void
join_queue(void)
{
	if (te_shared == NULL || queued || te_decoder_slots->nwaiters == TE_MAX_WAITERS)
		return;
	te_decoder_slots->waiter[te_decoder_slots->nwaiters++] = te_shmem_my_process();
	pg_atomic_write_u32(&te_decoder_slots->first, te_decoder_slots->waiter[0]);
	queued = true;
}

void
te_decoder_slot_leave_queue(void)
{
	if (!queued)
		return;
	lock_seats();
	leave_queue();
	unlock_seats();
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

static int
count_taken(TeDecoderSlots *all)
{
	int			taken = 0;

	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
		taken += pg_atomic_read_u32(&all->seat[i]) != 0;
	return taken;
}

/* Of those that rest, the one that rests longest; -1 if there is none. */
static int
find_resting(void)
{
	uint32		now = (uint32) te_now_ms();
	int			longest = -1;

	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
	{
		if ((pg_atomic_read_u32(&te_decoder_slots->seat[i]) & 7) == RESTS &&
			now - te_decoder_slots->rests_since[i] >= LET_REST_MS &&
			(longest < 0 || now - te_decoder_slots->rests_since[i] > now - te_decoder_slots->rests_since[longest]))
			longest = i;
	}
	return longest;
}

/* End a decoder that rests, whoever's it is, and leave its seat with that word.  False if it works again. */
static bool
evict(int seat, uint32 word)
{
	uint32		old = pg_atomic_read_u32(&te_decoder_slots->seat[seat]);
	pid_t		pid = (pid_t) (old >> 3);
	int			fd;

	if ((old & 7) != RESTS || !te_decoder_slot_change_word(seat, old, WORD(pid, DIES)))
		return false;

	/* Its process must not find the word like this when it hears of its end: it could not reap it. */
	fd = (int) syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		kill(pid, SIGKILL);
	te_decoder_slot_change_word(seat, WORD(pid, DIES), word);
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

	if (te_decoder_slot_others_wait())
		return -1;
	while (must && count_taken(te_decoder_slots) > most && (resting = find_resting()) >= 0)
		(void) evict(resting, 0);	/* the setting was lowered */
	if (count_taken(te_decoder_slots) < most)
	{
		for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
		{
			if (te_decoder_slot_change_word(i, 0, WORD(MyProcPid, STARTING)))
				return i;
		}
	}
	else if (must && count_taken(te_decoder_slots) == most && (resting = find_resting()) >= 0 &&
			 evict(resting, WORD(MyProcPid, STARTING)))
		return resting;
	return -1;
}

int
te_decoder_slot_find(bool must)
{
	int			seat;

	lock_seats();
	seat = find_seat(must);
	if (seat >= 0)
		leave_queue();
	else if (must)
		join_queue();
	unlock_seats();
	return seat;
}

void
te_decoder_slot_counts(int *taken, int *waiting)
{
	LWLockAcquire(te_shared_lock, LW_SHARED);
	*taken = count_taken(&te_shared->seats);
	*waiting = te_shared->seats.nwaiters;
	LWLockRelease(te_shared_lock);
}
