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
	TeQueue		queue;
	bool		arrivals;		/* somebody has committed new work since its queue was looked at */
	bool		has_work;		/* going by its last turn */
	int			failures;		/* runs in a row that ended with an ERROR */
	TimestampTz not_before;		/* after an ERROR, or the death of a worker */
	TimestampTz slow_until;		/* while others have work: it took more than its share */
	char	   *trouble;		/* what was warned of last, or NULL */
} TeTable;

/* The table of an attachment; a new one if it was not met before.  Never freed. */
extern TeTable *te_table_find(int number);

/* Somebody has committed new work, in whichever table. */
extern void te_table_arrivals(void);

/* Is there work in any but this one? */
extern bool te_table_others_have_work(const TeTable *table);

/*
 * A run ended with an ERROR: leave the table alone for a while that grows up to a
 * minute, with a WARNING if this is news.  lasting: it will stay so until the table's
 * owner does something, so pause it.  Runs transactions of its own.
 */
extern void te_table_trouble(TeTable *table, const char *name, const ErrorData *error, bool lasting);

/* A run has ended that began then: if it took more than its share, others go first for some times as long. */
extern void te_table_took(TeTable *table, TimestampTz began);

/*
 * Tables of which a worker has died wait longer and longer; called once, when this worker begins.  Returns
 * the number of the table that the last one died of, or 0.
 */
extern int	te_table_killers(void);

/* Work on a table begins (its attachment's number) or ends (0): should this process die, the next one knows. */
extern void te_table_at_work(int number);

/* A run went well: if there was trouble, say that it is over. */
extern void te_table_no_trouble(TeTable *table, const char *name);

/* A table that was paused by te_table_trouble(): is what was wrong over?  Then the pause is. */
extern bool te_table_resume(TeTable *table, const TeAttachment *attachment);

#endif							/* TE_PG_TABLE_H */
