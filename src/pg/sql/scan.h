/*
 * scan.h
 *		State of thumbexif_scan(), and the insertion of its rows.  Private to scan.c and scan_insert.c.
 */
#ifndef TE_PG_SCAN_H
#define TE_PG_SCAN_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

typedef enum TeScanFilter
{
	TE_FILTER_NAME,				/* files whose names end like those of images; nothing hidden */
	TE_FILTER_CONTENT,			/* files that a decoder takes for an image */
	TE_FILTER_ALL
} TeScanFilter;

typedef struct TeScan
{
	TeAttachment *attachment;
	const char *folder;
	bool		absolute;		/* paths of new rows are absolute, as "folder" is */
	const char *root;			/* with a slash at its end */
	bool		first_root;		/* it is the first one, beneath which relative paths lie */
	TeScanFilter filter;
	int			batch_size;
	bool		dry_run;

	MemoryContext batch_context;
	MemoryContext file_context;
	Datum	   *paths;			/* of the batch, as they are inserted */
	Datum	   *others;			/* the same, as other rows may name the files */
	int			count;

	int64		added;
	int64		present;
	int64		dropped;		/* by the table, without an ERROR */
	int64		no_image;
	int64		failed;
	int64		reported_added;
	int64		reported_skipped;
	int64		reported_failed;
	int64		lines;
	int			warnings;
	bool		warned_of_index;
} TeScan;

/*
 * One scan of a table at a time: two would insert the same paths, if no unique index prevents it.  The lock survives the
 * commits; it is released at the end, or when the transaction aborts.  ERROR if another session holds it, or on a node of a Citus cluster
 * that is not the coordinator.
 */
extern void te_scan_lock(const TeAttachment *attachment);
extern void te_scan_unlock(const TeAttachment *attachment);

/* Warn, once, if the table is large and each batch reads it all, for want of an index.  It must be locked. */
extern void te_scan_check_index(TeScan *scan);

/* Insert the rows of the batch that the table does not have, commit, and empty the batch. */
extern void te_scan_insert(TeScan *scan);

/* Count a file that was not added.  The first ones are reported as WARNINGs. */
extern void te_scan_failed(TeScan *scan, const char *path, const char *why);

/* A text of bounded length in valid server encoding: replaces invalid bytes by '?'.  Palloc'd. */
extern char *te_scan_printable(const char *text);

#endif							/* TE_PG_SCAN_H */
