/*
 * file_removal.h
 *		Between two turns of the worker: unlinks what is no longer wanted.
 */
#ifndef TE_PG_FILE_REMOVAL_H
#define TE_PG_FILE_REMOVAL_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Unlink some of the files listed in thumbexif_removal; *due becomes sooner if there is more to do.  Where that
 * fails te_thumbnail_empty_removals warns; it is then tried again only after a wait, and so the WARNING comes seldom.
 */
extern void te_file_removal_empty(TimestampTz *due);

#endif							/* TE_PG_FILE_REMOVAL_H */
