/*
 * row_update.h
 *		The UPDATE of the user's row with the result of an examination.
 *
 * The first examination, and each of an unchanged file, writes only values that are not NULL.  If path or file have changed
 * since, a successful one replaces every value that thumbexif has written, by NULL where the file has none.  With exif_gps
 * off, positions that thumbexif has written are set to NULL.  A failed examination changes no EXIF column.
 */
#ifndef TE_PG_ROW_UPDATE_H
#define TE_PG_ROW_UPDATE_H

#include "postgres.h"

#include "job.h"
#include "pg/base/statement.h"

typedef struct TeRowUpdate
{
	bool		any;			/* a column is set */
	bool		set[TE_COLUMNS];
	bool		nulls[TE_COLUMNS];
	Datum		values[TE_COLUMNS];
	int			wrote;			/* new value of the state's "wrote" */
} TeRowUpdate;

/* Decide which columns get which values (palloc'd).  job->file_path is the new thumbnail, if one was made. */
extern void te_row_update_plan(const TeJob *job, TeRowUpdate *update);

/*
 * The UPDATE of the row with the job's key and path, or the SELECT that locks that row if no column is set.  Palloc'd;
 * fills args.
 */
extern char *te_row_update_sql(const TeJob *job, const TeRowUpdate *update, TeArgs *args);

#endif							/* TE_PG_ROW_UPDATE_H */
