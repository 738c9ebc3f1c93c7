/*
 * claim.h
 *		Claims: who is at work on which asset, and giving back.
 *
 * A claim is a number, and a session-level lock on (class: the state table's
 * oid, object: the number) that its owner holds as long as it lives.  Whoever can
 * take that lock knows that the owner is gone.  User code cannot release it, as
 * it could an advisory lock.  An ERROR that ends the transaction releases it
 * like every lock: te_claim_keep() takes it back.
 *
 * All functions need a transaction, and an SPI connection unless they say otherwise.
 */
#ifndef TE_PG_CLAIM_H
#define TE_PG_CLAIM_H

#include "postgres.h"

#include "asset.h"
#include "need.h"

#define TE_MAX_INTERRUPTIONS 10	/* claims of one asset that died with their owners */

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

typedef enum TeTaken
{
	TE_TAKEN,					/* ours now */
	TE_TAKEN_NOT_NEEDED,		/* lacks nothing, or has failed for good: see its state */
	TE_TAKEN_BUSY,				/* somebody else is at work on it, or its root is held off */
	TE_TAKEN_GONE				/* there is no such row */
} TeTaken;

typedef struct TeTake
{
	const TeAttachment *attachment;
	const TeSettings *settings;
	int			parts;
	const TeClaim *claim;		/* NULL: only look, claim nothing (a dry run) */
	TimestampTz since;			/* when we began: what has failed since and is not due again is another's */
	bool		look;			/* also where nothing has failed: the file may have changed, or is back */
} TeTake;

/*
 * Claim of these assets (te_assets_of_keys) what needs something: reads row and
 * state as they are now, and fills taken[].  For those taken, state is as it
 * will be once the caller has committed.  Never waits for another's row longer than a moment.
 */
extern void te_claim_take(const TeTake *take, TeAsset *assets, int count, TeTaken *taken);

/*
 * Give back what is still ours of some assets: as before the claim, the attempt not counted.
 * Waits for nobody: returns how many are locked by others, and moves those to the front of keys.
 */
extern int	te_claim_give_back(const char *state_table, int attachment, Oid key_type,
							   TeKey *keys, int count, int32 claim);

#endif							/* TE_PG_CLAIM_H */
