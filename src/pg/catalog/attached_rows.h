/*
 * attached_rows.h
 *		The number of rows of an attached table: kept, counted or estimated.
 */
#ifndef TE_PG_ATTACHED_ROWS_H
#define TE_PG_ATTACHED_ROWS_H

#include "postgres.h"

#include "asset_count.h"
#include "attachment.h"

/*
 * The rows of an attached table that the active snapshot sees.  Small tables are counted; of others the number that is
 * kept, or an estimate if they were never counted or if that is more than twice as many: rows may have been written without
 * triggers.  Not below the number of states.  Does not wait for a lock and runs no code of the owner's.  False if there is
 * no such table.
 */
extern bool te_attached_rows(const TeAttachment *attachment, const TeAssetCounts *counts, int64 *rows);

/*
 * The numbers of an attachment, all 0 if nothing was ever counted for it.  Those of states are not negative, although what
 * is kept may be so if triggers were off.  Of a table with members they are the sums of theirs.
 */
extern TeAssetCounts te_attached_counts(HTAB *all, const TeAttachment *attachment);

/* Do the numbers that are kept look wrong? */
extern bool te_counts_doubtful(const TeAttachment *attachment, HTAB *all);

/*
 * Count the rows of the table, unless it is locked, and the states of each status, and correct the numbers that are kept.
 * Takes a snapshot for as long as that lasts, and locks until the transaction ends.  Unless "wait" is set, does nothing if another process has
 * locked the counts.  Inside SPI.
 */
extern void te_recount(const TeAttachment *attachment, bool wait);

#endif							/* TE_PG_ATTACHED_ROWS_H */
