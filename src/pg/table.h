/*
 * table.h
 *		An attached table as the background worker sees it, as long as that lives.
 */
#ifndef TE_PG_TABLE_H
#define TE_PG_TABLE_H

#include "postgres.h"

#include "queue.h"

typedef struct TeTable
{
	int			number;			/* of the attachment */
	bool		attached;		/* it was there when the attachments were read last */
	bool		paused;			/* so it was then */
	TeQueue		queue;
	int			batch;			/* assets to claim, and to write, at a time */
	bool		arrivals;		/* somebody has committed new work since its queue was looked at */
	bool		has_work;		/* going by its last turn */
	bool		idle;			/* nothing to do before "due", or an arrival */
	TimestampTz due;			/* 0 = never */
	int64		used_ms;		/* time it has had, see te_table_position() */
	int			failures;		/* runs in a row that ended with an ERROR */
	TimestampTz not_before;		/* after an ERROR, or the death of a worker */
	TimestampTz resume_at;		/* paused: when to see whether what was wrong is over, without an arrival */
	char	   *trouble;		/* what was warned of last, or NULL */
} TeTable;

/* The table of an attachment; a new one if it was not met before. */
extern TeTable *te_table_find(int number);

/* Forget those that are not attached any more: all of a list of TeAttachment * are. */
extern void te_table_keep(List *attachments);

/* Somebody has committed new work, in whichever table. */
extern void te_table_arrivals(void);

/* Look at all queues from their beginnings. */
extern void te_table_begin_anew(void);

/*
 * Fair sharing: the table that has had the least of the worker's time is next, its position being what it has had while others
 * had work too.  One that had no work for a while begins where the others are: it has saved nothing up, and what it
 * took beyond its share before is still owed.
 */
extern int64 te_table_position(const TeTable *table);

/* A turn of a table begins; it has ended, and began at that position. */
extern void te_table_begin(void);
extern void te_table_took(TeTable *table, int64 position);

/* How long the table's turn may last: until it has had a share more than any other that has, or may have, work. */
extern int	te_table_turn_ms(const TeTable *table);

/*
 * A run ended with an ERROR: leave the table alone for a while that grows up to a
 * minute, with a WARNING if this is news.  lasting: it will stay so until the table's
 * owner does something, so pause it.  Runs transactions of its own.
 */
extern void te_table_trouble(TeTable *table, const char *name, const ErrorData *error, bool lasting);

/* Tables of which a worker has died wait longer and longer; called once, when this worker begins. */
extern void te_table_killers(void);

/* Work on a table begins (its attachment's number) or ends (0): should this process die, the next one knows. */
extern void te_table_at_work(int number);

/* Does any of them wait after an ERROR? */
extern bool te_table_any_trouble(void);

/* A run went well: if there was trouble, say that it is over. */
extern void te_table_no_trouble(TeTable *table, const char *name);

/* A table that was paused by te_table_trouble(): is what was wrong over?  Then the pause is. */
extern bool te_table_resume(TeTable *table, const TeAttachment *attachment);

#endif							/* TE_PG_TABLE_H */
