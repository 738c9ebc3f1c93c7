/*
 * asset.h
 *		An asset: its key, its row in the user's table and its state in ours.
 *
 * Row and state are read by statements of their own and put together here,
 * never joined: the row with the rights of the table's owner, the state with
 * the extension's.  All functions need an SPI connection; texts are palloc'd.
 */
#ifndef TE_PG_ASSET_H
#define TE_PG_ASSET_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "attachment.h"
#include "key.h"

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

/* A bit of "wrote" beside those of the columns: what we wrote was read from an older file. */
#define TE_WROTE_OLD 0x4000

/* The state row; see sql/10-state.sql.  Numbers that are NULL there are -1 here. */
typedef struct TeState
{
	bool		exists;
	TeAssetStatus status;
	TeAssetStatus claimed_from; /* only while running */
	int32		claim;
	int64		version;
	bool		has_path_hash;
	int64		path_hash;
	int64		source_size;
	int64		source_mtime;
	int64		limit_hit;
	int			attempts;
	int			interruptions;
	int			verdict;
	int			wrote;
	TimestampTz next_try;		/* 0 = none */
	TimestampTz finished_at;	/* 0 = never */
	char	   *thumbnail_settings;
	char	   *exif_settings;
	char	   *tried_settings;
	char	   *file;
	int64		file_size;
	char	   *error;
	char	   *exif_error;
} TeState;

typedef struct TeAsset
{
	const TeAttachment *attachment;
	TeKey		key;
	bool		has_row;
	char	   *path;			/* may be NULL, as the rest */
	char	   *thumbnail_path;
	bool		thumbnail_lost; /* somebody has looked: what we made is not there any more, or is not whole */
	TeState		state;
} TeAsset;

/*
 * A column with a path, as we read it.  No file has a path of more than 4096 bytes; but whoever writes the row may write
 * a gigabyte, and a hundred rows are read at a time.
 */
#define TE_PATH_SQL "pg_catalog.left(CAST(%s AS pg_catalog.text), 5000)"

/* The word of the type thumbexif_asset_status. */
extern const char *te_asset_status_name(TeAssetStatus status);

/* What a status was before somebody began to work on the asset. */
extern TeAssetStatus te_asset_status(const TeState *state);

/* The hash that the state keeps of a path; any path, NULL too. */
extern int64 te_path_hash(const char *path);

/*
 * The next "most" rows of the table after a key (NULL = from the first), with
 * their states.  Returns how many.
 */
extern int	te_assets_after(const TeAttachment *attachment, const TeKey *after, int most, TeAsset *assets);

/* Begin an array of assets with these keys, sorted: neither row nor state is filled. */
extern void te_assets_of_keys(const TeAttachment *attachment, const TeKey *keys, int count, TeAsset *assets);

/* Fill the rows of sorted assets.  Those without one keep has_row false. */
extern void te_assets_fill_rows(const TeAttachment *attachment, TeAsset *assets, int count);

typedef enum TeStateRead
{
	TE_STATE_READ,
	TE_STATE_LOCK_FREE,			/* FOR UPDATE SKIP LOCKED, and only those of the version that state.version holds */
	TE_STATE_LOCK				/* FOR UPDATE, waiting */
} TeStateRead;

/* Fill the states of sorted assets.  Those without one, or not locked, get state.exists false. */
extern void te_assets_fill_states(const TeAttachment *attachment, TeAsset *assets, int count, TeStateRead how);

#endif							/* TE_PG_ASSET_H */
