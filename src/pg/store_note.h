/*
 * store_note.h
 *		The table thumbexif_folder: which folders beneath thumbnail_dir this database has written to.
 *
 * Private to the store.  A database made from another one by TEMPLATE has its origin's notes too.  Needs a transaction.
 */
#ifndef TE_PG_STORE_NOTE_H
#define TE_PG_STORE_NOTE_H

#include "postgres.h"

/* Is a folder of this name, in thumbnail_dir as it is set now, noted? */
extern bool te_folder_is_noted(const char *name);

/*
 * Note it, in this transaction.  Unless "wait", not while another transaction may be noting it, nor in one that could
 * not see what others have noted: then the answer is false, and it is left to the next time.
 */
extern bool te_folder_note(const char *name, bool wait);

#endif							/* TE_PG_STORE_NOTE_H */
