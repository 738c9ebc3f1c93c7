/*
 * decoder_slot_table.h
 *		The decoder slots of the server and the queue for them, in shared memory.
 */
#ifndef TE_PG_DECODER_SLOT_TABLE_H
#define TE_PG_DECODER_SLOT_TABLE_H

#include "postgres.h"

#include "port/atomics.h"

#include "handover.h"
#include "pg/base/guc.h"

#define TE_MAX_DECODER_SLOTS		TE_MAX_SERVER_DECODERS
#define TE_MAX_WAITERS		1024	/* further processes poll, without a place in the queue */

/* What a decoder is used for: only within one kind is one handed over from session to session. */
typedef struct TeDecoderKind
{
	Oid			role;			/* whose images it has */
	Oid			database;
	int			memory_mb;		/* settings it was started with */
	int			file_mb;
	int			timeout_ms;
} TeDecoderKind;

typedef struct TeDecoderWaiter
{
	uint32		process;		/* process number + 1 */
	int			pid;
	TeDecoderKind kind;			/* what it needs a decoder for */
	TeHandoverAddress address;
} TeDecoderWaiter;

typedef struct TeDecoderSlots
{
	pg_atomic_uint32 first;		/* head of the queue: process number + 1, 0 = empty */
	int			nwaiters;		/* length of the queue, under te_shared_lock */
	TeDecoderWaiter waiter[TE_MAX_WAITERS]; /* the queue, under te_shared_lock */
	pg_atomic_uint32 slot[TE_MAX_DECODER_SLOTS];	/* SLOT_WORD(), 0 = free */
	uint32		idle_since_ms[TE_MAX_DECODER_SLOTS];	/* lower bits of te_now_ms(), while idle */
	int			session[TE_MAX_DECODER_SLOTS];	/* process id of the slot's session, under te_shared_lock */
	Oid			database[TE_MAX_DECODER_SLOTS]; /* of that session, under te_shared_lock */
	uint32		given_to[TE_MAX_DECODER_SLOTS]; /* process number + 1 of who has been handed its decoder and has not noticed,
												 * under te_shared_lock; 0 = nobody */
} TeDecoderSlots;

static inline void
te_decoder_slots_init(TeDecoderSlots *slots)
{
	pg_atomic_init_u32(&slots->first, 0);
	slots->nwaiters = 0;
	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
	{
		pg_atomic_init_u32(&slots->slot[i], 0);
		slots->given_to[i] = 0;
	}
}

#endif							/* TE_PG_DECODER_SLOT_TABLE_H */
