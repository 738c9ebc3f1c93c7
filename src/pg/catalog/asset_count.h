/*
 * asset_count.h
 *		Numbers of assets by status and settings, and of rows of attached tables, kept so that the views need not count them.
 *
 * Each transaction collects what it changes in memory (asset_count.c) and adds it to the table thumbexif_count just
 * before it commits or is prepared, as rows of its own (asset_count_table.c): writers share no row and wait for nobody.
 * The sums over the table that a snapshot sees are the numbers of that moment.  One of some hundred transactions
 * replaces rows by their sums.
 *
 * Changes of states are collected by the triggers of the state tables (sql/13-counts.sql); te_count_ functions are
 * called for what these do not see.
 */
#ifndef TE_PG_ASSET_COUNT_H
#define TE_PG_ASSET_COUNT_H

#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"

#include "asset.h"

#define TE_ASSET_STATUSES	(TE_ASSET_UNSUPPORTED + 1)

/* The rate is that of the assets finished in this time. */
#define TE_COUNT_RATE_SECONDS	120

/*
 * The settings with which the parts of an asset were made, as the state has them (staleness.h): hashes of the texts, 0 for
 * NULL.
 */
typedef struct TeCountSettings
{
	int64		thumbnail;
	int64		exif;
} TeCountSettings;

/* The number of done assets with these settings. */
typedef struct TeSettingsCount
{
	TeCountSettings settings;
	int64		assets;
	struct TeSettingsCount *next;
} TeSettingsCount;

/* The numbers of one attachment. */
typedef struct TeAssetCounts
{
	int			attachment;		/* hash key */
	int64		assets[TE_ASSET_STATUSES];
	int64		rows;			/* of the attached table; valid if counted is positive */
	int64		counted;
	TeSettingsCount *settings;	/* of all settings that some asset has */

	/* Assets finished in the last TE_COUNT_RATE_SECONDS: the times of the first and the last commit, and numbers. */
	TimestampTz first_finished_at;	/* 0 = none */
	TimestampTz last_finished_at;
	int64		first_finished;
	int64		finished;

	List	   *members;		/* those of the members of a table, of which these are the sums (attached_rows.h): TeMemberCounts * */
} TeAssetCounts;

/* --- changing (asset_count.c) */

/* So many states were inserted as queued, without the triggers. */
extern void te_count_queued(int attachment, int64 states);

/* So many rows were inserted into the attached table, or deleted (negative). */
extern void te_count_rows(int attachment, int64 rows);

/*
 * The attached table has no rows, or is attached no longer and has no states.  Nobody else can insert any before this
 * transaction ends: the table is locked.
 */
extern void te_count_no_rows(int attachment);
extern void te_count_detached(int attachment);

/* Count the rows of a table that is being attached and is locked, unless that takes long. */
extern void te_count_attached(Relation table, int attachment);

/*
 * The attached table has so many rows, which the active snapshot sees.  Ends the use of estimates for it.  The caller
 * has locked the counts (te_count_lock) before that snapshot was taken.
 */
extern void te_count_rows_found(int attachment, int64 rows);

/* The same for states, by status and settings: correct the numbers, should the triggers have been off. */
extern void te_count_states_found(const TeAssetCounts *found);

/* What is counted of a state row. */
typedef struct TeCountedState
{
	int			attachment;
	int			status;			/* TeAssetStatus; -1 = there is no row */
	TeCountSettings settings;	/* if it is done */
} TeCountedState;

/* A state row was inserted, deleted or updated.  For the triggers. */
extern void te_count_state_changed(const TeCountedState *before, const TeCountedState *after);
extern void te_count_finished(int attachment, TimestampTz at);

/*
 * The hash of a text with settings.  sql/13-counts.sql computes the same.  The quality that version 1.0 stored for PNG, which
 * has none ("256 png 85"), is left out.
 */
extern int64 te_count_settings_hash(const char *text, size_t length);

/* --- reading (asset_count_table.c) */

/* The status of a value of the type thumbexif_asset_status; -1 if it is none. */
extern int	te_count_status(Oid value);

/* The value for a status. */
extern Oid	te_count_status_value(TeAssetStatus status);

/*
 * The numbers that a snapshot sees, in a hash table (entries TeAssetCounts), with the changes of this transaction that
 * are not in the table yet.  Needs no rights.
 */
extern HTAB *te_counts_read(Snapshot snapshot);

/* The entry of an attachment, or NULL if it has no assets (asset_count_numbers.c). */
extern const TeAssetCounts *te_counts_find(HTAB *counts, int attachment);

/* Assets that have a state row. */
extern int64 te_counts_known(const TeAssetCounts *counts);

/* Count the rows of a table that a snapshot sees, without a query. */
extern int64 te_table_rows(Relation table, Snapshot snapshot);

/*
 * Lock the counts against other processes that correct or fold them, until the transaction ends.  Does not block those who
 * change states.  False if another process has the lock and "wait" is not set.
 */
extern bool te_count_lock(bool wait);

/*
 * Replace rows by their sums, some thousand at a time: transactions that are serializable or prepared never do so.  Nothing
 * is done in a serializable transaction, or if another process is at it.
 */
extern void te_count_fold_all(void);

/* --- between the two files */

typedef enum TeCountKind
{
	/* below: a TeAssetStatus */
	TE_COUNT_ROWS = TE_ASSET_STATUSES,
	TE_COUNT_COUNTED,			/* 1 if the rows were counted once, so that their number is known */
	TE_COUNT_FINISHED,
	TE_COUNT_SETTINGS			/* done assets with certain settings */
} TeCountKind;

/* A number of an attachment, or a change of it. */
typedef struct TeCountEntry
{
	/* part of hash keys, without padding */
	int			attachment;
	int			kind;			/* TeCountKind */
	TeCountSettings settings;	/* of TE_COUNT_SETTINGS, otherwise 0 */

	int64		number;
	TimestampTz at;				/* of TE_COUNT_FINISHED: the last time */
} TeCountEntry;

typedef struct TeCountChange
{
	/* hash key, with the first part of the entry */
	Oid			extension;		/* whose tables these are: it may be dropped and created again in one transaction */
	int			level;			/* nesting of the subtransaction */
	TeCountEntry entry;
} TeCountChange;

/* Add changes of an extension to its table.  With may_fold, perhaps replace rows by their sums. */
extern void te_count_write(HTAB *changes, Oid extension, bool may_fold);

/* Add the collected changes to numbers that were read. */
extern void te_count_add_collected(HTAB *counts);

/* Add a change to the numbers of its attachment (asset_count_numbers.c). */
extern void te_counts_add(HTAB *counts, const TeCountEntry *entry);

/* An empty hash table of numbers. */
extern HTAB *te_counts_new(void);

/* Does a time count for the rate? */
extern bool te_count_is_recent(TimestampTz at);

#endif							/* TE_PG_ASSET_COUNT_H */
