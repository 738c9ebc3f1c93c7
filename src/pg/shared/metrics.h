/*
 * metrics.h
 *		What has happened in each database since the server started, as counters in shared memory.
 *
 * All processes of a database add to its counters, by atomic operations and without a lock.  Without preloading there are
 * none.  What becomes of assets is counted when the transaction that writes it commits, everything else at once.  None of
 * these functions throws, but for the first te_metrics_asset() of a transaction, which may run out of memory.
 */
#ifndef TE_PG_METRICS_H
#define TE_PG_METRICS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"

#include "wire/status.h"

#define TE_METRICS_DATABASES	256	/* further ones are not counted, until one of these is dropped */

typedef enum TeAssetEnd			/* what an examination of an asset has ended with */
{
	TE_ENDED_DONE,
	TE_ENDED_RETRY,				/* it failed, and is tried again */
	TE_ENDED_FAILED,
	TE_ENDED_MISSING,
	TE_ENDED_UNSUPPORTED
} TeAssetEnd;
#define TE_ASSET_ENDS (TE_ENDED_UNSUPPORTED + 1)

typedef enum TeLoss				/* why a decoder was lost */
{
	TE_LOSS_CRASH,				/* it died, or was killed by somebody */
	TE_LOSS_TIMEOUT,
	TE_LOSS_MEMORY,
	TE_LOSS_FILE,				/* its image could not be read any more */
	TE_LOSS_REPLY,				/* it sent an invalid message */
	TE_LOSS_START				/* it ended before it was ready */
} TeLoss;
#define TE_LOSSES (TE_LOSS_START + 1)

/* Upper bounds of the buckets for the time that an image took, microseconds; the last bucket has none. */
#define TE_DECODE_BOUNDS {500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000}
#define TE_DECODE_BUCKETS 16

#define X(...) +1
enum {TE_STATUSES = 0 TE_STATUS_LIST(X)};	/* they are numbered from 0 on */
#undef X

typedef struct TeDatabaseMetrics
{
	pg_atomic_uint32 database;	/* InvalidOid = free; taken and freed under te_shared_lock */
	pg_atomic_uint64 assets[TE_ASSET_ENDS];
	pg_atomic_uint64 failures[TE_STATUSES];
	pg_atomic_uint64 decodes[TE_DECODE_BUCKETS];	/* not cumulative */
	pg_atomic_uint64 decode_us;
	pg_atomic_uint64 bytes_read;
	pg_atomic_uint64 bytes_written;
	pg_atomic_uint64 decoders_started;
	pg_atomic_uint64 decoders_lost[TE_LOSSES];
} TeDatabaseMetrics;

typedef struct TeMetrics
{
	TimestampTz since;
	pg_atomic_uint64 template_starts;	/* of the whole server */
	TeDatabaseMetrics database[TE_METRICS_DATABASES];
} TeMetrics;

extern void te_metrics_init(TeMetrics *metrics);

/* The counters of this database; NULL without preloading, and if too many databases are counted already. */
extern TeDatabaseMetrics *te_metrics_read(void);

/* An asset was examined, with this status, and so many bytes of thumbnails were stored.  Counts when the transaction commits. */
extern void te_metrics_asset(TeAssetEnd end, int status, int64 bytes_written);

/* A decoder has replied: it has read so many bytes in that time. */
extern void te_metrics_decoded(uint64 microseconds, uint64 bytes_read);

extern void te_metrics_decoder_started(void);

/* A decoder was lost before it was ready ("starting"), or with this outcome. */
extern void te_metrics_decoder_lost(bool starting, TeStatus outcome);

extern void te_metrics_template_started(void);

/* For the launcher: free the counters of databases for which the function returns false. */
extern void te_metrics_forget(bool (*exists) (Oid database));

#endif							/* TE_PG_METRICS_H */
