/*
 * batch_write.h
 *		Writing what came of a batch of claimed assets: files, rows and states.
 */
#ifndef TE_PG_BATCH_WRITE_H
#define TE_PG_BATCH_WRITE_H

#include "postgres.h"

#include "job.h"

/* Called between one thumbnail file and the next, while nothing of anybody's is locked. */
typedef void (*TeBatchWriteHook) (void *arg);

/*
 * Write the thumbnail files, the users' rows and the states of jobs, sorted by their keys, in the current
 * transaction, which the caller commits.  Sets each job's outcome; those of TE_OUTCOME_BACK are
 * still claimed.  If the table refuses a row, that is its asset's failure alone.
 *
 * ERROR on an interrupt and on the server's trouble (thumbnail folder, disk, memory):
 * then nothing is written, the subtransaction is to be rolled back, and the jobs
 * can be given back or tried again.  Inside SPI and in a subtransaction of the caller's.
 */
extern void te_batch_write(const TeAttachment *attachment, TeJob **jobs, int count, const TeSettings *settings,
					  TeBatchWriteHook between, void *arg);

/*
 * Is it an interrupt or the server's trouble, so that no asset is to blame?  Told by what raised
 * it, never by its SQLSTATE: a trigger can raise any.
 */
extern bool te_error_is_interrupt(const ErrorData *error);
extern bool te_error_is_servers(const ErrorData *error);

#endif							/* TE_PG_BATCH_WRITE_H */
