/*
 * activity.h
 *		What this process works on, for the view thumbexif_workers.
 *
 * One slot of shared memory a process.  Without a slot (thumbexif is not
 * preloaded, or all are taken) every call but the first does nothing.
 */
#ifndef TE_PG_ACTIVITY_H
#define TE_PG_ACTIVITY_H

#include "shmem.h"

/*
 * This session starts on a relation: takes a slot, which te_activity_end, the end of a
 * transaction by an error and the end of the session give back.  total: the
 * assets before it, -1 if not known.  Called twice, it starts anew.
 */
extern void te_activity_begin(TeActivityKind kind, Oid relation, int64 total);
extern void te_activity_end(void);

/* The worker's own: the slot its launcher gave it.  False if that is another's by now. */
extern bool te_activity_adopt(int slot, uint32 generation);

/* An asset is in hand (given to a decoder), or no longer.  key: as text. */
extern void te_activity_take(const char *key);
extern void te_activity_drop(const char *key);
extern void te_activity_drop_all(void);

/* Assets done and failed since the start. */
extern void te_activity_count(int64 done, int64 failed);

/* Decoders of this process that run, and how many it has lost. */
extern void te_activity_decoders(int running, int64 lost);

extern void te_activity_relation(Oid relation);
extern void te_activity_state(TeActivityState state);

/* What went wrong last, as text; NULL = nothing is wrong any more. */
extern void te_activity_trouble(const char *text);

/* The worker says why it goes, and when the next retry is due (0 = none). */
extern void te_activity_leave(TeLeaving why, TimestampTz due);

#endif							/* TE_PG_ACTIVITY_H */
