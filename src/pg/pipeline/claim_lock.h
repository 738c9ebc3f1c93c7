/*
 * claim_lock.h
 *		The lock that proves that the owner of a claim is alive.
 *
 * A claim is a number, and a session-level lock on (class: the state table's
 * oid, object: the number) that its owner holds as long as it lives.  Whoever can
 * take that lock knows that the owner is gone.  User code cannot release it, as
 * it could an advisory lock.  An ERROR that ends the transaction releases it
 * like every lock: te_claim_keep() takes it back.
 */
#ifndef TE_PG_CLAIM_LOCK_H
#define TE_PG_CLAIM_LOCK_H

#include "postgres.h"

typedef struct TeClaim
{
	int32		number;			/* 0 = none */
	Oid			class;			/* the state table */
} TeClaim;

/* A new claim of this session.  Takes a transaction id: commit soon. */
extern void te_claim_begin(TeClaim *claim);

/* Hold the lock, also if an ERROR has released it.  Needs no SPI connection. */
extern void te_claim_keep(const TeClaim *claim);

/* Release it.  Needs no SPI connection.  Does nothing for number 0. */
extern void te_claim_end(TeClaim *claim);

/* The state table's oid, part of every claim's lock.  Needs no SPI connection. */
extern Oid	te_claim_class(void);

/* Is the owner of a claim alive?  Remembers the last answer: begin with a zeroed one wherever time has passed. */
typedef struct TeAlive
{
	Oid			class;
	int32		number;
	bool		alive;
} TeAlive;

extern bool te_claim_alive(TeAlive *last, int32 number);

#endif							/* TE_PG_CLAIM_LOCK_H */
