/*
 * shmem.h
 *		What the background worker, its launcher and the sessions share.
 *
 * Only values lie here, no pointers and no descriptors.  There is nothing of
 * it in a server that did not preload thumbexif: te_shared is NULL then.
 *
 * Who writes what:
 *	- a database slot's oid, wake and worker are atomic; any backend may set wake; its worker sets
 *	  worker and clears wake, and while there is none the launcher clears it and keeps it in mind;
 *	- database slots are taken, freed and given to another database under te_shared_lock;
 *	- all other fields are written and read under te_shared_lock;
 *	- a worker slot is given out by the launcher and then filled by its worker; a
 *	  session slot belongs to the session whose pid it carries.
 */
#ifndef TE_PG_SHMEM_H
#define TE_PG_SHMEM_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"

#include "decoder_slot_table.h"
#include "pg/base/guc.h"

#define TE_SESSION_SLOTS	64		/* backfills that can be seen at once */
#define TE_SLOTS			(TE_MAX_WORKERS + TE_SESSION_SLOTS)
#define TE_DATABASE_SLOTS	256		/* databases that a commit can wake, and that are shown */
#define TE_AWAY_SLOTS		16		/* DROP DATABASE and the like at once */
#define TE_SHOWN_ASSETS		32		/* of those a process has in hand */
#define TE_KEY_TEXT			40		/* bytes of a key as text, a uuid has 37 */
#define TE_TROUBLE_TEXT		256		/* bytes of an error that is shown */

typedef enum TeDatabaseState	/* why there is no worker */
{
	TE_DATABASE_UNSEEN,			/* not looked at yet */
	TE_DATABASE_ASLEEP,			/* nothing to do */
	TE_DATABASE_RUNNING,		/* there is one */
	TE_DATABASE_QUEUED,			/* thumbexif.max_workers are running */
	TE_DATABASE_NO_PROCESS,		/* max_worker_processes are running */
	TE_DATABASE_BACKOFF,		/* the last one failed */
	TE_DATABASE_NOT_STARTED,	/* the last one was never seen: no process could be started for it */
	TE_DATABASE_OFF				/* it is to have none */
} TeDatabaseState;

typedef struct TeKiller			/* a table of which workers have died */
{
	int			attachment;		/* 0 = free */
	int			deaths;
	TimestampTz until;			/* no worker attends to it before */
} TeKiller;

#define TE_KILLERS	8			/* remembered of a database */

/*
 * A place of a database that has the extension, or may have it.  There may be more databases than places: what the launcher
 * has to know of one it keeps itself, so one without a worker that was used longest ago gives way.
 */
typedef struct TeDatabaseSlot
{
	pg_atomic_uint32 oid;		/* InvalidOid = free */
	pg_atomic_uint32 wake;		/* 1 = somebody committed work since the worker last looked */
	pg_atomic_uint32 worker;	/* its worker's process number + 1, 0 = none */
	pg_atomic_uint32 at_work;	/* the attachment its worker is at work on; 0 = none; if it died of it, still so */
	int64		at_work_since_ms;	/* te_now_ms(); the worker's alone, as what follows */
	TeKiller	killer[TE_KILLERS];
	TeDatabaseState state;
	TimestampTz used;			/* when its last worker began or ended, or it was taken */
	char		trouble[TE_TROUBLE_TEXT];	/* of the last worker; "" = none */
} TeDatabaseSlot;

typedef enum TeActivityKind
{
	TE_ACTIVITY_WORKER,
	TE_ACTIVITY_BACKFILL,
	TE_ACTIVITY_SESSION
} TeActivityKind;

typedef enum TeActivityState
{
	TE_ACTIVITY_STARTING,
	TE_ACTIVITY_WORKING,
	TE_ACTIVITY_IDLE,
	TE_ACTIVITY_WAITING,		/* for the server's trouble to end */
	TE_ACTIVITY_LEFT			/* worker slots: gone, the launcher has not seen it yet */
} TeActivityState;

typedef enum TeLeaving			/* why a worker went, for the launcher */
{
	TE_LEFT_DIED,				/* it did not say */
	TE_LEFT_IDLE,				/* nothing to do before "due" */
	TE_LEFT_MORE,				/* made room for another database's */
	TE_LEFT_SETTINGS,			/* to be started again with new settings */
	TE_LEFT_SENT_AWAY,			/* for DROP DATABASE or the like */
	TE_LEFT_NO_EXTENSION
} TeLeaving;

typedef struct TeActivity
{
	int			pid;			/* 0 = a free slot, or a worker that has not started */
	Oid			database;		/* InvalidOid = a free slot */
	uint32		generation;		/* of a worker slot: counts its uses */
	TeActivityKind kind;
	TeActivityState state;
	TeLeaving	leaving;
	TimestampTz due;			/* with TE_LEFT_IDLE: the next retry, 0 = none */
	TimestampTz started;
	Oid			relation;		/* that is worked on, or InvalidOid */
	int64		total;			/* assets a backfill has before it, -1 = not known */
	int64		done;			/* of them, or by this worker since its start */
	int64		failed;
	int			decoders;
	int64		decoders_lost;
	int			assets;			/* in hand */
	char		asset[TE_SHOWN_ASSETS][TE_KEY_TEXT];	/* some of them; "" = free */
	char		trouble[TE_TROUBLE_TEXT];	/* the last error; "" = none */
} TeActivity;

typedef struct TeAway			/* a database that must be left alone */
{
	Oid			database;		/* InvalidOid = free */
	int			pid;			/* who asked */
} TeAway;

typedef struct TeShared
{
	pg_atomic_uint32 launcher;	/* its process number + 1, 0 = none */
	pg_atomic_uint32 look;		/* 1 = the launcher should read its list of databases again */
	pg_atomic_uint32 missed;	/* 1 = a database that has no slot, and got none, was woken */
	pg_atomic_uint32 queued;	/* databases that wait for another's worker to leave */
	pg_atomic_uint32 unlisted;	/* databases that have no slot */
	pg_atomic_uint32 unlisted_due;	/* of them, those that wait for a worker */
	pg_atomic_uint32 no_process;	/* 1 = max_worker_processes are running */
	TeDecoderSlots		seats;			/* of decoders: see decoder_slot.h */
	TeAway		away[TE_AWAY_SLOTS];
	TeDatabaseSlot database[TE_DATABASE_SLOTS];
	TeActivity	slot[TE_SLOTS];	/* workers' first, then sessions' */
} TeShared;

extern TeShared *te_shared;
extern LWLock *te_shared_lock;

/* Called in _PG_init while shared libraries are preloaded, never otherwise. */
extern void te_shmem_request(void);

/* The slot of a database, or NULL.  Reads atomics only. */
extern TeDatabaseSlot *te_shmem_database(Oid database);

/* The same; if it has none it takes a free one, or one that an idle database gives up.  NULL: all are in use. */
extern TeDatabaseSlot *te_shmem_take_database(Oid database);

/* May a database have the extension?  One that has no slot may, if some that have it are without. */
extern bool te_shmem_may_serve(Oid database);

/*
 * Free a database's slot, unless somebody has woken it since (its extension may be new); gone:
 * in any case, for the database has been dropped.
 */
extern void te_shmem_free_database(Oid database, bool gone);

/* Wake a process by its number + 1 as kept above; 0 does nothing. */
extern void te_shmem_set_latch(uint32 process);

/* This process's number + 1. */
extern uint32 te_shmem_my_process(void);

#endif							/* TE_PG_SHMEM_H */
