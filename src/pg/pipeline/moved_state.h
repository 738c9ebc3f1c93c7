/*
 * moved_state.h
 *		States of rows whose key has changed while no trigger told of it.
 *
 * A thumbnail file belongs to the state that names it, and goes with that.  So before a state is deleted whose row is gone, it is
 * looked for a row that names the file: that is the same row under another key.  All functions need an SPI connection.
 */
#ifndef TE_PG_MOVED_STATE_H
#define TE_PG_MOVED_STATE_H

#include "postgres.h"

#include "pg/catalog/asset.h"

/*
 * Of assets whose row is gone, with their states: let rows that name their files have these, with the state if there is none under
 * the row's key.  What is left to be deleted is moved to the front, with the states as they are now; returns their number.  *left
 * is increased by the number of those that neither are to be deleted nor could be moved, since others have locked them.
 *
 * Reads the whole table of the user's, unless it has an index on the column, if one of the states names a file.
 */
extern int	te_moved_states(const TeAttachment *attachment, const TeAsset **gone, int count, int64 *left);

/*
 * The same for an array of keys, of the state table's type: returns those that are left to be deleted, and in *any whether there are any.
 */
extern Datum te_moved_states_of_keys(const TeAttachment *attachment, Datum keys, bool *any);

/* Set named[i] for files (as in states) that a row of the table names, whatever its key.  Reads the whole table, as te_moved_states(). */
extern void te_rows_naming(const TeAttachment *attachment, char **files, int count, bool *named);

#endif							/* TE_PG_MOVED_STATE_H */
