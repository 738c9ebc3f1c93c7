/*
 * shmem.h
 *		Shared memory of the launcher, the workers and the sessions.
 *
 * It contains values only, no pointers and no descriptors.  Without preloading it does not
 * exist and te_shared is NULL.
 *
 * Access rules:
 *
 *	- a database slot's oid, wake and worker are atomic; any backend may set wake; its worker sets
 *	  worker and clears wake; without a worker the launcher clears it and records the wakeup in its
 *	  own list;
 *	- database slots are taken, freed and given to another database under te_shared_lock;
 *	- activity slots: see activity.h; counters: see metrics.h;
 *	- all other fields are written and read under te_shared_lock.
 */
#ifndef TE_PG_SHMEM_H
#define TE_PG_SHMEM_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/lwlock.h"

#include "decoder_slot_table.h"
#include "metrics.h"
#include "pg/base/guc.h"

#define TE_SESSION_SLOTS	64	/* procedures shown at the same time */
#define TE_SLOTS			(TE_MAX_WORKERS + TE_SESSION_SLOTS)
#define TE_DATABASE_SLOTS	256 /* databases that a commit can wake, and that are shown */
#define TE_BLOCKED_SLOTS		16	/* concurrent commands such as DROP DATABASE */
#define TE_SHOWN_ASSETS		32	/* of the assets in progress */
#define TE_KEY_TEXT			40	/* bytes of a key as text, a uuid has 37 */
#define TE_TROUBLE_TEXT		256 /* bytes of an error message */

typedef enum TeDatabaseState	/* why there is no worker */
{
	TE_DATABASE_UNKNOWN,		/* not examined yet */
	TE_DATABASE_IDLE,			/* nothing to do */
	TE_DATABASE_RUNNING,		/* a worker is running */
	TE_DATABASE_QUEUED,			/* thumbexif.max_workers are running */
	TE_DATABASE_NO_PROCESS,		/* max_worker_processes are running */
	TE_DATABASE_BACKOFF,		/* the last worker failed */
	TE_DATABASE_NOT_STARTED,	/* no process could be started for the last worker */
	TE_DATABASE_OFF				/* disabled */
} TeDatabaseState;

typedef struct TeCrashEntry		/* a table on which workers crashed */
{
	int			attachment;		/* 0 = free */
	int			crashes;
	TimestampTz until;			/* no worker processes it before */
} TeCrashEntry;

#define TE_CRASH_ENTRIES	8	/* per database */

/*
 * A slot of a database that has the extension, or may have it.  There may be more databases
 * than slots: the slot of the least recently used database without a worker is reused, and the
 * launcher keeps its own list of all databases.
 */
typedef struct TeDatabaseSlot
{
	pg_atomic_uint32 oid;		/* InvalidOid = free */
	pg_atomic_uint32 wake;		/* 1 = work was committed since the worker last checked */
	pg_atomic_uint32 worker;	/* its worker's process number + 1, 0 = none */
	pg_atomic_uint32 at_work;	/* attachment that its worker is processing, 0 = none; kept if the worker dies */
	int64		at_work_since_ms;	/* te_now_ms(); written by the worker only, as is the next */
	TeCrashEntry crash_entry[TE_CRASH_ENTRIES];
	TeDatabaseState state;
	TimestampTz used;			/* when its last worker started or ended, or the slot was taken */
	char		trouble[TE_TROUBLE_TEXT];	/* error of the last worker; "" = none */
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
	TE_ACTIVITY_LEFT			/* worker slots: it has exited, and the launcher has not freed the slot */
} TeActivityState;

typedef enum TeExitReason		/* why a worker exited, for the launcher */
{
	TE_EXIT_REASON_CRASH,		/* it died */
	TE_EXIT_REASON_IDLE,		/* nothing to do before "due" */
	TE_EXIT_REASON_YIELD,		/* made room for a worker of another database */
	TE_EXIT_REASON_SETTINGS,	/* to be restarted with new settings */
	TE_EXIT_REASON_EVICTED,		/* by DROP DATABASE or a similar command */
	TE_EXIT_REASON_NO_EXTENSION
} TeExitReason;

typedef struct TeActivity
{
	pg_atomic_uint32 change_count;	/* odd while the slot is being changed; see activity.h */
	uint32		generation;		/* of a worker slot: counts its uses */
	int			pid;			/* 0 = a free slot, or a worker that has not started */
	Oid			database;		/* InvalidOid = a free slot */
	TeActivityKind kind;
	TeActivityState state;
	TeExitReason exit_reason;
	TimestampTz due;			/* with TE_EXIT_REASON_IDLE: time of the next retry, 0 = none */
	TimestampTz started;
	Oid			relation;		/* being processed, or InvalidOid */
	int64		total;			/* assets of the procedure, -1 = unknown */
	int64		done;			/* since the procedure or the worker started */
	int64		failed;
	int			decoders;
	int64		decoders_lost;
	int			assets;			/* in progress */
	char		asset[TE_SHOWN_ASSETS][TE_KEY_TEXT];	/* some of them; "" = free */
	char		trouble[TE_TROUBLE_TEXT];	/* the last error; "" = none */
} TeActivity;

typedef struct TeBlockedDatabase	/* a database in which no worker may run */
{
	Oid			database;		/* InvalidOid = free */
	int			pid;			/* process that asked for it */
} TeBlockedDatabase;

typedef struct TeShared
{
	pg_atomic_uint32 launcher;	/* its process number + 1, 0 = none */
	pg_atomic_uint32 list_changed;	/* 1 = the launcher must read its list of databases again */
	pg_atomic_uint32 missed;	/* 1 = a database without a slot was woken, and no slot was free */
	pg_atomic_uint32 queued;	/* databases that wait for another database's worker to exit */
	pg_atomic_uint32 unlisted;	/* databases without a slot */
	pg_atomic_uint32 unlisted_due;	/* of them, databases that wait for a worker */
	pg_atomic_uint32 no_process;	/* 1 = max_worker_processes are running */
	pg_atomic_uint32 hung_template; /* process id of a template that has not answered a session, 0 = none; sessions do without it */
	pg_atomic_uint32 thumbnails_full;	/* 1 = there was no room for the last thumbnail */
	TeDecoderSlots decoder_slots;	/* see decoder_slot.h */
	TeMetrics	metrics;
	TeBlockedDatabase blocked[TE_BLOCKED_SLOTS];
	TeDatabaseSlot database[TE_DATABASE_SLOTS];
	TeActivity	slot[TE_SLOTS]; /* workers' first, then sessions' */
} TeShared;

extern TeShared *te_shared;
extern LWLock *te_shared_lock;

/* Called in _PG_init while shared libraries are preloaded. */
extern void te_shmem_request(void);

/* Find the slot of a database, or NULL.  Reads atomics only. */
extern TeDatabaseSlot *te_shmem_database(Oid database);

/*
 * The same, but take a slot that is free or of an idle database if it has none.  NULL if all
 * are in use.
 */
extern TeDatabaseSlot *te_shmem_take_database(Oid database);

/*
 * May the database have the extension?  True also for databases without a slot if some served
 * databases have none.
 */
extern bool te_shmem_may_serve(Oid database);

/*
 * Free a database's slot, unless the database was woken since then; with "gone" in any case,
 * as the database has been dropped.
 */
extern void te_shmem_free_database(Oid database, bool gone);

/* Set the latch of a process, given by its number + 1; 0 does nothing. */
extern void te_shmem_set_latch(uint32 process);

/* Number of this process + 1. */
extern uint32 te_shmem_my_process(void);

#endif							/* TE_PG_SHMEM_H */
