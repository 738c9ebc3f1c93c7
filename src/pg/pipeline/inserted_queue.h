/*
 * inserted_queue.h
 *		Queues assets whose rows a large statement has inserted (pg/catalog/inserted_range.h).
 */
#ifndef TE_PG_INSERTED_QUEUE_H
#define TE_PG_INSERTED_QUEUE_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

typedef enum TeInsertedResult
{
	TE_INSERTED_NONE,			/* there are none, or they are put off */
	TE_INSERTED_QUEUED,			/* some were queued, with a next_try of now */
	TE_INSERTED_MORE,			/* many keys were read, and their assets are all known: call again */
	TE_INSERTED_LOCKED			/* another session has locked the range */
} TeInsertedResult;

/*
 * Queue the next of these assets, those of the newest range first and in it the highest keys.  Waits for nobody but, for a
 * moment, for a state that is being inserted.  Assets that others have locked are put off.  Needs a transaction and an SPI connection.
 *
 * "place" tells where the last call has stopped (te_inserted_range_next); TE_INSERTED_NEWEST to begin.
 */
extern TeInsertedResult te_inserted_queue(const TeAttachment *attachment, int64 *place);

#endif							/* TE_PG_INSERTED_QUEUE_H */
