/*
 * worker_table.h
 *		The background worker's list of attached tables, and how they share its time.
 *
 * The list is local to the worker: its place in each queue, the time each table has used, and recent failures.
 */
#ifndef TE_PG_WORKER_TABLE_H
#define TE_PG_WORKER_TABLE_H

#include "postgres.h"

#include "pg/catalog/swept.h"
#include "queue_order.h"

typedef struct TeTableSweep		/* see table_sweep.c; zeroed: it is looked at soon */
{
	bool		known;			/* the next one is */
	TeTracking	tracking;
	TimestampTz next;			/* not before */
	TimestampTz looked;			/* whether there is anything to look for */
	bool		watched;		/* the worker is to wake then */
	bool		under_way;
	TeSwept		swept;			/* while it is */
	TimestampTz saved;			/* when that was written */
	char		last_error[256];	/* that was logged */
} TeTableSweep;

typedef struct TeWorkerTable
{
	int			number;			/* of the attachment */
	int			share;			/* of the table that was named: members of one table have one share of the worker's time */
	bool		attached;		/* when the attachments were last read */
	bool		paused;			/* likewise */
	TeQueueCursor queue;
	int			batch;			/* assets to claim, and to write, at a time */
	bool		arrivals;		/* new work may have been committed since the queue was last read */
	bool		has_work;		/* according to its last turn */
	bool		idle;			/* nothing to do before "due" or an arrival */
	TimestampTz due;			/* 0 = never */
	int64		used_ms;		/* see te_worker_table_position(); the same for all of a share */
	int64		last_turn;		/* the number of its last turn: members of one table take turns */
	int			failures;		/* consecutive turns that ended with an ERROR */
	TimestampTz not_before;		/* no turn until then, after an ERROR or the death of a worker */
	TimestampTz resume_at;		/* while paused: when to check again whether the cause is gone */
	TeTableSweep sweep;
	char	   *last_error;		/* that a WARNING was given for, or NULL */
} TeWorkerTable;

/* The table of an attachment; added if it is not in the list. */
extern TeWorkerTable *te_worker_table_find(int number);

/* All of them, a list of TeWorkerTable *. */
extern List *te_worker_tables(void);

typedef struct TeAttachedTables
{
	List	   *attachments;	/* of TeAttachment *, palloc'd */
	bool		extension;		/* it exists and can be used; if it cannot be used, that is logged */
	bool		parents;		/* there are tables that have members, or may have some */
} TeAttachedTables;

/* Read the attachments into a TeAttachedTables, in a transaction; for te_worker_xact_guarded(). */
extern void te_worker_table_load(void *attached);

/* Bring the list in line with the attachments (TeAttachment *): tables that are no longer attached are removed. */
extern void te_worker_table_refresh(List *attachments);

/* New work may have been committed, in any table. */
extern void te_worker_table_note_arrivals(void);

/* Read all queues from their beginnings again. */
extern void te_worker_table_restart_queues(void);

/*
 * Fair sharing: the table with the lowest position is next.  Its position is the time it has used while other tables had work.
 * A table that had no work for a while starts at the position of the others: unused time is not saved up, and time used
 * beyond its share still counts.
 */
extern int64 te_worker_table_position(const TeWorkerTable *table);

/* A turn begins; it ends, and the position of its table was that at the beginning. */
extern void te_worker_table_turn_begin(void);
extern void te_worker_table_turn_end(TeWorkerTable *table, int64 position);

/* How long the turn may last: until the table is a share ahead of every other table that has, or may have, work. */
extern int	te_worker_table_turn_ms(const TeWorkerTable *table);

#endif							/* TE_PG_WORKER_TABLE_H */
