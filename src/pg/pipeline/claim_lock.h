/*
 * claim_lock.h
 *		The lock that proves that the owner of a claim is alive.
 *
 * A claim is a number and a session-level lock on (class: the state table's oid, object: the number), which its owner holds
 * for its lifetime.  If another session can acquire the lock, the owner is dead.  Unlike an advisory lock, user code cannot
 * release it.  An ERROR that ends the transaction releases it like every lock: te_claim_keep() acquires it again.
 */
#ifndef TE_PG_CLAIM_LOCK_H
#define TE_PG_CLAIM_LOCK_H

#include "postgres.h"

typedef struct TeClaim
{
	int32		number;			/* 0 = none */
	Oid			class;			/* the state table */
} TeClaim;

/* Begin a new claim of this session.  Assigns a transaction id: commit soon. */
extern void te_claim_begin(TeClaim *claim);

/* Hold the lock, even if an ERROR has released it.  Needs no SPI connection. */
extern void te_claim_keep(const TeClaim *claim);

/* Release it.  Needs no SPI connection.  Does nothing for number 0. */
extern void te_claim_end(TeClaim *claim);

/* The last answer of te_claim_alive(); zero it when it may be out of date. */
typedef struct TeAlive
{
	Oid			class;
	int32		number;
	bool		alive;
} TeAlive;

/* Is the owner of a claim alive? */
extern bool te_claim_alive(TeAlive *last, int32 number);

#endif							/* TE_PG_CLAIM_LOCK_H */
