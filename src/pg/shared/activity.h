/*
 * activity.h
 *		Progress of this process, for the view thumbexif_workers.
 *
 * Each process has one slot of shared memory.  Without a slot (thumbexif is not preloaded, or all
 * are in use) every call but te_activity_begin does nothing.
 *
 * Access rules: slots are taken and freed under te_shared_lock.  While a slot has an owner (pid is
 * not 0), only that process writes to it.  Every writer brackets its changes by
 * te_activity_change_begin and te_activity_change_end, and readers take no lock but retry until the
 * change count is even and the same before and after copying.  pid, database, generation and
 * whether state is TE_ACTIVITY_LEFT change under te_shared_lock only, and can be read under it.
 */
#ifndef TE_PG_ACTIVITY_H
#define TE_PG_ACTIVITY_H

#include "shmem.h"

/*
 * Take a slot for this session's work on a relation, or begin anew in the slot it has.  It is freed by
 * te_activity_end, by the rollback of the transaction and at the end of the session.  total: number of
 * assets, -1 if unknown.
 */
extern void te_activity_begin(TeActivityKind kind, Oid relation, int64 total);
extern void te_activity_end(void);

/* Take over the slot that the launcher reserved for this worker.  False if it was reused since then. */
extern bool te_activity_adopt(int slot, uint32 generation);

/* An asset has been given to a decoder, or its processing has ended.  key: as text. */
extern void te_activity_take(const char *key);
extern void te_activity_drop(const char *key);
extern void te_activity_drop_all(void);

/* Assets done and failed since the start. */
extern void te_activity_count(int64 done, int64 failed);

/* Running decoders of this process, and how many it has lost. */
extern void te_activity_decoders(int running, int64 lost);

extern void te_activity_relation(Oid relation);
extern void te_activity_state(TeActivityState state);

/* Text of the last error; NULL = the trouble has ended. */
extern void te_activity_trouble(const char *text);

/* Why the worker exits, and when the next retry is due (0 = none). */
extern void te_activity_exit(TeExitReason why, TimestampTz due);

/* Copy a slot consistently.  False if it is free. */
extern bool te_activity_read(int number, TeActivity *copy);

/* For the launcher, under te_shared_lock, in slots without an owner: clear all but generation and change count. */
extern void te_activity_clear(TeActivity *slot);
extern void te_activity_change_begin(TeActivity *slot);
extern void te_activity_change_end(TeActivity *slot);

#endif							/* TE_PG_ACTIVITY_H */
