/*
 * batch_write.h
 *		Writes the results of a batch of claimed assets: files, rows and states.
 */
#ifndef TE_PG_BATCH_WRITE_H
#define TE_PG_BATCH_WRITE_H

#include "postgres.h"

#include "job.h"

/* Called between two thumbnail files, while no lock on the user's objects is held. */
typedef void (*TeBatchWriteHook) (void *arg);

/*
 * Write the thumbnail files, the user's rows and the states of jobs, which are sorted by key, in the current
 * transaction; the caller commits.  Sets each job's outcome; jobs with TE_OUTCOME_RELEASE are still claimed.  If the table
 * refuses a row, only that asset fails.
 *
 * ERROR on an interrupt and on trouble of the server (thumbnail folder, disk, memory): then nothing is written, the caller
 * rolls its subtransaction back, and the jobs can be released or written again.  Needs SPI and a subtransaction.
 */
extern void te_batch_write(const TeAttachment *attachment, TeJob **jobs, int count, const TeSettings *settings,
						   TeBatchWriteHook between, void *arg);

/*
 * Was it raised by the storage manager or WAL?  Code of a table's owner can cause errors of memory and temporary files
 * itself, but not these.
 */
extern bool te_error_is_storage(const ErrorData *error);

#endif							/* TE_PG_BATCH_WRITE_H */
