/*
 * asset.h
 *		Reading assets: the row in the user's table and the row of our state table.
 *
 * Rows and states are read by separate statements and merged in C, never joined in SQL: rows are read with the
 * rights of the table's owner, states with the extension's.  All functions need an SPI connection; texts are palloc'd.
 */
#ifndef TE_PG_ASSET_H
#define TE_PG_ASSET_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "attachment.h"
#include "key.h"
#include "pg/base/statement.h"

typedef enum TeAssetStatus
{
	TE_ASSET_NEW,
	TE_ASSET_QUEUED,
	TE_ASSET_RUNNING,
	TE_ASSET_DONE,
	TE_ASSET_FAILED,
	TE_ASSET_MISSING,
	TE_ASSET_UNSUPPORTED
} TeAssetStatus;

/* A column's bit of "wrote", and those beside these.  The first: the values were read from an older file. */
#define TE_WROTE(column) (INT64CONST(1) << (column))
#define TE_WROTE_OLD (INT64CONST(1) << 62)
#define TE_WROTE_THUMBNAIL (INT64CONST(1) << 61)	/* the thumbnail in the row is ours */
#define TE_WROTE_SIZES (INT64CONST(1) << 60)	/* the asset is in the table of thumbnails in several sizes */
#define TE_WROTE_VALUES (~(TE_WROTE_OLD | TE_WROTE_THUMBNAIL | TE_WROTE_SIZES)) /* the columns */

/* A state row; fields are named as its columns (sql/10-state.sql).  NULL numbers are -1. */
typedef struct TeState
{
	bool		exists;
	TeAssetStatus status;
	TeAssetStatus claimed_from; /* only while running */
	int32		claim;
	int64		version;
	bool		has_path_hash;
	int64		path_hash;
	int64		source_size;	/* bytes */
	int64		source_mtime;	/* nanoseconds since 1970 */
	int64		sidecar;		/* 0 = none */
	int64		limit_hit;
	int			attempts;
	int			interruptions;
	int			verdict;
	int64		wrote;
	TimestampTz next_try;		/* 0 = none */
	TimestampTz finished_at;	/* 0 = never */
	char	   *thumbnail_settings;
	char	   *exif_settings;
	char	   *tried_settings;
	char	   *file;
	int64		file_size;		/* bytes */
	char	   *error;
	char	   *exif_error;
	char	   *damage;
} TeState;

typedef struct TeAsset
{
	const TeAttachment *attachment;
	TeKey		key;
	bool		has_row;
	char	   *path;			/* NULL if NULL in the row */
	char	   *thumbnail_path; /* NULL if NULL or empty in the row */
	bool		has_thumbnail;	/* the row has a thumbnail itself: bytes, not a path */
	bool		thumbnail_lost; /* a check found our thumbnail file, or that of another size, absent or incomplete */
	TeState		state;
} TeAsset;

/*
 * SQL that reads a column with a path, palloc'd.  A path of a file has at most 4096 bytes, but a row may contain a gigabyte,
 * and hundreds of rows are read at a time.
 */
extern char *te_path_sql(const char *column);

/*
 * A thumbnail's path that was read so, by row and column of the result.  NULL also for an empty text, by which applications whose texts are NOT NULL
 * say that there is none.
 */
extern char *te_out_thumbnail_path(int row, int column);

/* The label of a status in the type thumbexif_asset_status. */
extern const char *te_asset_status_name(TeAssetStatus status);

/* The status, or while the asset is claimed, its status before the claim. */
extern TeAssetStatus te_asset_status(const TeState *state);

/* The value of path_hash for a path, which may be NULL. */
extern int64 te_path_hash(const char *path);

/*
 * Read up to "limit" rows of the table after a key (NULL: from the first), in the order of the table's index, with their
 * states.  Returns the number of assets, and in *last the key to go on after.  No state is newer than its row.
 */
extern int	te_assets_after(const TeAttachment *attachment, const TeKey *after, int limit, TeAsset *assets, TeKey *last);

/* Sort assets by their keys, as most functions want them. */
extern void te_assets_sort(TeAsset *assets, int count);

/* Initialize an array of assets with these keys, sorted, without rows and states. */
extern void te_assets_of_keys(const TeAttachment *attachment, const TeKey *keys, int count, TeAsset *assets);

/* Read the rows of sorted assets.  An asset without a row keeps has_row false. */
extern void te_assets_fill_rows(const TeAttachment *attachment, TeAsset *assets, int count);

typedef enum TeStateRead
{
	TE_STATE_READ,
	TE_STATE_SEE,				/* in the active snapshot, as a STABLE function does */
	TE_STATE_LOCK				/* FOR UPDATE, waits */
} TeStateRead;

/* Read the states of sorted assets.  An asset without a state gets state.exists false. */
extern void te_assets_fill_states(const TeAttachment *attachment, TeAsset *assets, int count, TeStateRead how);

/*
 * Add three parameters: the number of keys, an array of the attachment's number, once for each key, and the keys.  A statement
 * that joins states (alias s) with both looks them up one by one; other arrays have their values at ($4)[n].  With the
 * attachment as a constant the planner may read all its states, if its statistics were made before that had any.
 */
#define TE_STATE_KEYS_SQL "generate_series(1, $1) AS n WHERE s.attachment = ($2)[n] AND s.id = ($3)[n]"
extern void te_arg_state_keys(TeArgs *args, const TeAttachment *attachment, const TeKey *keys, int count);

/*
 * Lock the states that still have these versions, without waiting for a lock, and tell which ones.
 */
extern void te_states_lock(const TeAttachment *attachment, const TeKey *keys, const int64 *versions, int count,
						   bool *locked);

/* The same for the state of one asset. */
extern bool te_state_lock(const TeAsset *asset);

#endif							/* TE_PG_ASSET_H */
