/*
 * row_update.h
 *		The UPDATE of the user's row with the result of an examination.
 *
 * The first examination, and each of an unchanged file, writes only values that are not NULL.  If path, file or sidecar have changed
 * since, a successful one replaces every value that thumbexif has written, by NULL where the file has none.  With exif_gps
 * off, positions that thumbexif has written are set to NULL.  An examination that fails changes no column, unless it has
 * found EXIF, which is then written as ever: a file whose pixels are damaged may tell when it was taken.
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
	int64		wrote;			/* new value of the state's "wrote" */
	bool		clear_former;	/* set the thumbnail in the former column to NULL */
	Size		bytes;			/* of a thumbnail that is stored in the row */
} TeRowUpdate;

/* Bytes of thumbnails to be passed to one statement, unless one alone has more. */
#define TE_ROW_UPDATE_BYTES (4 * 1024 * 1024)

/*
 * Decide which columns get which values (palloc'd).  job->file_path is the new thumbnail if it is stored in a file; one that is
 * stored in the row is job->made[0] itself, which te_row_update_sql() takes.
 */
extern void te_row_update_plan(const TeJob *job, const TeSettings *settings, TeRowUpdate *update);

/* Do both set the same columns, so that one statement can make them? */
extern bool te_row_update_alike(const TeRowUpdate *a, const TeRowUpdate *b);

/*
 * The SELECT that locks the rows with the keys and paths of these jobs of one table, and returns the number of each row's
 * job, from 1.  Palloc'd; fills args.  The caller may append SKIP LOCKED.
 */
extern char *te_row_lock_sql(TeJob *const *jobs, int count, TeArgs *args);

/* The SELECT of the numbers of the jobs whose rows are there, as one text, for other nodes of a Citus cluster: it has no parameters. */
extern char *te_row_find_sql(TeJob *const *jobs, int count);

/* The UPDATE of the rows with the keys and paths of these jobs.  The updates are alike and set columns. */
extern char *te_row_update_sql(TeJob *const *jobs, const TeRowUpdate *updates, int count, TeArgs *args);

#endif							/* TE_PG_ROW_UPDATE_H */
