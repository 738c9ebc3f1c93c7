/*
 * row_update.h
 *		What an examination writes into the user's row.
 *
 * The first examination, and one of the same file, write only what is not
 * NULL.  If path or file have changed since we wrote the values, or the position is
 * no longer wanted, a successful one replaces all of ours, by NULL too; a failed one changes nothing.
 */
#ifndef TE_PG_ROW_UPDATE_H
#define TE_PG_ROW_UPDATE_H

#include "postgres.h"

#include "job.h"
#include "pg/base/statement.h"

typedef struct TeRowUpdate
{
	bool		any;			/* is anything to be written? */
	bool		set[TE_COLUMNS];
	bool		nulls[TE_COLUMNS];
	Datum		values[TE_COLUMNS];
	int			wrote;			/* the state's "wrote" afterwards */
} TeRowUpdate;

/* What is to be written for a job; job->file is the new thumbnail, if one was made.  Palloc'd values. */
extern void te_row_update_plan(const TeJob *job, TeRowUpdate *update);

/*
 * The UPDATE that writes it, for the row with the job's key and path, and no other.
 * Or, if nothing is to be written, the SELECT that locks that row.  Palloc'd; fills args.
 */
extern char *te_row_update_sql(const TeJob *job, const TeRowUpdate *update, TeArgs *args);

#endif							/* TE_PG_ROW_UPDATE_H */
