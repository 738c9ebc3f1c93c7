/*
 * swept.h
 *		What is kept of the sweeps of an attached table, which look for changes that no trigger has told of.
 *
 * All functions need an SPI connection and use the extension's rights.
 */
#ifndef TE_PG_SWEPT_H
#define TE_PG_SWEPT_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "attachment.h"
#include "key.h"

typedef enum TeSweepPhase
{
	TE_SWEEP_NONE,
	TE_SWEEP_ROWS,				/* rows: those without state, or with another path, are queued */
	TE_SWEEP_STATES,			/* states: those without a row are removed */
	TE_SWEEP_FILES,				/* rows that name a file made for their key that is not in their state: they were put off */
	TE_SWEEP_OTHER_FILES		/* the same of files made for another key */
} TeSweepPhase;

/* A row of thumbexif_swept; fields are named as its columns (sql/14-tracking.sql). */
typedef struct TeSwept
{
	bool		exists;
	TeSweepPhase phase;
	bool		has_place;
	TeKey		place;
	TimestampTz begun;			/* 0 = never */
	TimestampTz ended;
	bool		has_changes;
	int64		changes;
	bool		has_difference;
	int64		difference;
	int64		seen;
	TimestampTz seen_at;		/* 0 = nothing was seen */
	int64		rows_read;
	int64		rows_known;
	int64		rows_files;
	int64		rows_left;
} TeSwept;

/* Read the row of an attachment; zeroed if there is none.  A place that is no key of the table is left out: the phase begins anew. */
extern void te_swept_read(const TeAttachment *attachment, TeSwept *swept);

/* Write the row.  If te_swept_request() was called since this sweep began, that is kept. */
extern void te_swept_write(const TeAttachment *attachment, const TeSwept *swept);

/* The table is to be swept, whatever its statistics are. */
extern void te_swept_request(int attachment);

/* Delete the row. */
extern void te_swept_forget(int attachment);

#endif							/* TE_PG_SWEPT_H */
