/*
 * metrics.c
 *		What has happened in each database since the server started, as counters in shared memory.
 *
 * What a transaction has made of assets is collected in its memory, for each subtransaction that may still be rolled back.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "metrics.h"
#include "shmem.h"

/* What is counted at the commit. */
typedef struct Pending
{
	struct Pending *outer;		/* of a subtransaction around this one */
	int			level;			/* nesting of the subtransaction */
	uint32		assets[TE_ASSET_ENDS];
	uint32		failures[TE_STATUSES];
	int64		bytes_written;
} Pending;

static Pending *pending = NULL; /* in TopTransactionContext, the innermost; NULL = none */

/* --- the counters of a database */

static void
clear(TeDatabaseMetrics *metrics)
{
	for (int i = 0; i < TE_ASSET_ENDS; i++)
		pg_atomic_init_u64(&metrics->assets[i], 0);
	for (int i = 0; i < TE_STATUSES; i++)
		pg_atomic_init_u64(&metrics->failures[i], 0);
	for (int i = 0; i < TE_DECODE_BUCKETS; i++)
		pg_atomic_init_u64(&metrics->decodes[i], 0);
	for (int i = 0; i < TE_LOSSES; i++)
		pg_atomic_init_u64(&metrics->decoders_lost[i], 0);
	pg_atomic_init_u64(&metrics->decode_us, 0);
	pg_atomic_init_u64(&metrics->bytes_read, 0);
	pg_atomic_init_u64(&metrics->bytes_written, 0);
	pg_atomic_init_u64(&metrics->decoders_started, 0);
}

void
te_metrics_init(TeMetrics *metrics)
{
	metrics->since = GetCurrentTimestamp();
	pg_atomic_init_u64(&metrics->template_starts, 0);
	for (int i = 0; i < TE_METRICS_DATABASES; i++)
	{
		pg_atomic_init_u32(&metrics->database[i].database, InvalidOid);
		clear(&metrics->database[i]);
	}
}

/* Find the counters of a database; with InvalidOid some that are free.  NULL if there are none. */
static TeDatabaseMetrics *
find(Oid database)
{
	for (int i = 0; i < TE_METRICS_DATABASES; i++)
	{
		if (pg_atomic_read_u32(&te_shared->metrics.database[i].database) == database)
		{
			pg_read_barrier();	/* pairs with that of take(): counters were cleared before */
			return &te_shared->metrics.database[i];
		}
	}
	return NULL;
}

static TeDatabaseMetrics *
take(Oid database)
{
	TeDatabaseMetrics *metrics;

	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	metrics = find(database);
	if (metrics == NULL && (metrics = find(InvalidOid)) != NULL)
	{
		clear(metrics);
		pg_write_barrier();
		pg_atomic_write_u32(&metrics->database, database);
	}
	LWLockRelease(te_shared_lock);
	return metrics;
}

/* The counters of this process's database, or NULL. */
static TeDatabaseMetrics *
mine(void)
{
	static TeDatabaseMetrics *metrics = NULL;

	if (te_shared == NULL || !OidIsValid(MyDatabaseId))
		return NULL;
	if (metrics == NULL || pg_atomic_read_u32(&metrics->database) != MyDatabaseId)
	{
		metrics = find(MyDatabaseId);
		if (metrics == NULL)
			metrics = take(MyDatabaseId);
	}
	return metrics;
}

TeDatabaseMetrics *
te_metrics_read(void)
{
	return mine();
}

void
te_metrics_forget(bool (*exists) (Oid database))
{
	LWLockAcquire(te_shared_lock, LW_EXCLUSIVE);
	for (int i = 0; i < TE_METRICS_DATABASES; i++)
	{
		Oid			database = pg_atomic_read_u32(&te_shared->metrics.database[i].database);

		if (OidIsValid(database) && !exists(database))
			pg_atomic_write_u32(&te_shared->metrics.database[i].database, InvalidOid);
	}
	LWLockRelease(te_shared_lock);
}

/* --- what is counted at once */

void
te_metrics_decoded(uint64 microseconds, uint64 bytes_read)
{
	static const uint64 bounds[TE_DECODE_BUCKETS - 1] = TE_DECODE_BOUNDS;
	TeDatabaseMetrics *metrics = mine();
	int			bucket = 0;

	if (metrics == NULL)
		return;
	while (bucket < TE_DECODE_BUCKETS - 1 && microseconds > bounds[bucket])
		bucket++;
	pg_atomic_fetch_add_u64(&metrics->decodes[bucket], 1);
	pg_atomic_fetch_add_u64(&metrics->decode_us, (int64) microseconds);
	pg_atomic_fetch_add_u64(&metrics->bytes_read, (int64) bytes_read);
}

void
te_metrics_decoder_started(void)
{
	TeDatabaseMetrics *metrics = mine();

	if (metrics != NULL)
		pg_atomic_fetch_add_u64(&metrics->decoders_started, 1);
}

static TeLoss
loss_of(TeStatus outcome)
{
	switch (outcome)
	{
		case TE_TIMEOUT:
			return TE_LOSS_TIMEOUT;
		case TE_OUT_OF_MEMORY:
			return TE_LOSS_MEMORY;
		case TE_IO_ERROR:
			return TE_LOSS_FILE;
		case TE_BAD_REPLY:
			return TE_LOSS_REPLY;
		default:
			return TE_LOSS_CRASH;
	}
}

void
te_metrics_decoder_lost(bool starting, TeStatus outcome)
{
	TeDatabaseMetrics *metrics = mine();

	if (metrics != NULL)
		pg_atomic_fetch_add_u64(&metrics->decoders_lost[starting ? TE_LOSS_START : loss_of(outcome)], 1);
}

void
te_metrics_template_started(void)
{
	pg_atomic_fetch_add_u64(&te_shared->metrics.template_starts, 1);
}

/* --- what is counted at the commit */

static void
add_pending(const Pending *what)
{
	TeDatabaseMetrics *metrics = mine();

	if (metrics == NULL)
		return;
	for (int i = 0; i < TE_ASSET_ENDS; i++)
	{
		if (what->assets[i] > 0)
			pg_atomic_fetch_add_u64(&metrics->assets[i], what->assets[i]);
	}
	for (int i = 0; i < TE_STATUSES; i++)
	{
		if (what->failures[i] > 0)
			pg_atomic_fetch_add_u64(&metrics->failures[i], what->failures[i]);
	}
	pg_atomic_fetch_add_u64(&metrics->bytes_written, what->bytes_written);
}

static void
on_transaction_end(XactEvent event, void *arg)
{
	/* a transaction that is prepared counts now: who commits it has other memory */
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
	{
		for (; pending != NULL; pending = pending->outer)
			add_pending(pending);
	}
	else if (event == XACT_EVENT_ABORT)
		pending = NULL;
}

/* What a subtransaction has made becomes that of the one around it, or is dropped. */
static void
on_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	while (pending != NULL && pending->level >= level && event == SUBXACT_EVENT_ABORT_SUB)
		pending = pending->outer;
	if (pending == NULL || pending->level < level || event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	pending->level = level - 1;
	if (pending->outer != NULL && pending->outer->level == level - 1)
	{
		Pending    *outer = pending->outer;

		for (int i = 0; i < TE_ASSET_ENDS; i++)
			outer->assets[i] += pending->assets[i];
		for (int i = 0; i < TE_STATUSES; i++)
			outer->failures[i] += pending->failures[i];
		outer->bytes_written += pending->bytes_written;
		pending = outer;
	}
}

void
te_metrics_asset(TeAssetEnd end, int status, int64 bytes_written)
{
	static bool registered = false;
	int			level = GetCurrentTransactionNestLevel();

	if (te_shared == NULL)
		return;
	if (!registered)
	{
		RegisterXactCallback(on_transaction_end, NULL);
		RegisterSubXactCallback(on_subtransaction_end, NULL);
		registered = true;
	}
	if (pending == NULL || pending->level < level)
	{
		Pending    *inner = MemoryContextAllocZero(TopTransactionContext, sizeof(Pending));

		inner->level = level;
		inner->outer = pending;
		pending = inner;
	}
	pending->assets[end]++;
	if (end != TE_ENDED_DONE && status >= 0 && status < TE_STATUSES)
		pending->failures[status]++;
	pending->bytes_written += bytes_written;
}
