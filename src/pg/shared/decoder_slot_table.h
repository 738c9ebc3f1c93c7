/*
 * decoder_slot_table.h
 *		The slots of all decoders of the server, as they lie in shared memory.
 */
#ifndef TE_PG_DECODER_SLOT_TABLE_H
#define TE_PG_DECODER_SLOT_TABLE_H

#include "postgres.h"

#include "port/atomics.h"

#include "pg/base/guc.h"

#define TE_MAX_DECODER_SLOTS		TE_MAX_SERVER_DECODERS
#define TE_MAX_WAITERS		1024	/* whoever comes when so many wait tries again and again, out of turn */

typedef struct TeDecoderSlots
{
	pg_atomic_uint32 first;		/* who waits longest: process number + 1, 0 = nobody */
	int			nwaiters;		/* under te_shared_lock, as is the next */
	uint32		waiter[TE_MAX_WAITERS]; /* process numbers + 1, in turn */
	pg_atomic_uint32 seat[TE_MAX_DECODER_SLOTS];	/* whose it is and what that does, 0 = free */
	uint32		rests_since[TE_MAX_DECODER_SLOTS];	/* te_now_ms(), as far as it fits; of one that rests */
} TeDecoderSlots;

static inline void
te_decoder_slots_init(TeDecoderSlots *slots)
{
	pg_atomic_init_u32(&slots->first, 0);
	slots->nwaiters = 0;
	for (int i = 0; i < TE_MAX_DECODER_SLOTS; i++)
		pg_atomic_init_u32(&slots->seat[i], 0);
}

#endif							/* TE_PG_DECODER_SLOT_TABLE_H */
