/*
 * file_removal.h
 *		Unlinks the files listed in thumbexif_removal, between two turns of the worker.
 */
#ifndef TE_PG_FILE_REMOVAL_H
#define TE_PG_FILE_REMOVAL_H

#include "postgres.h"

#include "datatype/timestamp.h"

/*
 * Unlink some of the files; *due is set if there are more, also some that are still kept.  After a failure, for which te_thumbnail_process_removals gives a
 * WARNING, the next try waits longer and longer.
 */
extern void te_file_removal_process(TimestampTz *due);

#endif							/* TE_PG_FILE_REMOVAL_H */
