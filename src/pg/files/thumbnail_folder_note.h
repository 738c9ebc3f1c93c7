/*
 * thumbnail_folder_note.h
 *		The table thumbexif_folder: the folders beneath thumbnail_dir that this database has written to.
 *
 * A database that was created from another one as TEMPLATE has the notes of that one too.  Needs a transaction.
 */
#ifndef TE_PG_THUMBNAIL_FOLDER_NOTE_H
#define TE_PG_THUMBNAIL_FOLDER_NOTE_H

#include "postgres.h"

/* Is a folder of this name in the current thumbnail_dir noted? */
extern bool te_thumbnail_folder_is_noted(const char *name);

/*
 * Note it in this transaction.  Without "wait", returns false, for the caller to try again later, if another transaction
 * may be noting it or if this transaction could not see that (REPEATABLE READ).
 */
extern bool te_thumbnail_folder_note(const char *name, bool wait);

#endif							/* TE_PG_THUMBNAIL_FOLDER_NOTE_H */
