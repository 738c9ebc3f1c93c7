/*
 * queue_order.c
 *		The order in which the background worker processes the assets of an attached table.
 *
 * Fresh assets are read by the index (attachment, next_try, id), newest first.  Processed assets leave dead entries in the
 * index, so reading from its top each time would cost more and more until they are vacuumed.  Therefore a cursor remembers the
 * position.  After an arrival the cursor reads from the top down to the newest asset read so far, and then resumes.  This can
 * miss assets that were inserted before but committed later, or were released; so there is another pass from the top from time
 * to time, and always before the queue is taken for empty.
 *
 * The assets of a statement that has inserted many rows are queued piece by piece, once nothing else is fresh.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "pg/base/backoff.h"
#include "pg/base/statement.h"
#include "pg/catalog/inserted_range.h"
#include "pg/compat.h"
#include "pg/pipeline/inserted_queue.h"
#include "queue_order.h"
#include "worker_xact.h"

#define PASS_MS			10000	/* least time between passes while new assets arrive */
#define PASS_COST		20		/* the same, as a multiple of the duration of the first read */
#define STUCK_MS		100		/* first wait before assets that others have locked are read again */
#define STUCK_MAX_MS	10000	/* longest such wait: each pass makes it longer */
#define SHARE_DIVISOR	4		/* share of retries, and of orphans, in an answer if there are fresh assets too */

#define FRESH "status = 'queued' AND attempts = 0"
#define RETRY "(status = 'missing' OR (status = 'queued' AND attempts > 0))"

/* --- the cursor */

/* Begin a pass from the top. */
static void
start_pass(TeQueueCursor *queue, TimestampTz now)
{
	int			stuck_times = queue->progressed ? 0 : queue->stuck_times;
	bool		was_single = queue->was_single;

	memset(queue, 0, sizeof(*queue));
	queue->stuck_times = stuck_times;
	queue->was_single = was_single;
	queue->retry_from = DT_NOBEGIN;
	queue->started = queue->next_pass = now;
}

/* Read from the top down to the newest asset read so far, then go on from here. */
static void
read_top(TeQueueCursor *queue)
{
	queue->progressed = true;	/* this pass may miss assets, so there must be another */
	if (queue->has_top && !queue->has_after)
	{
		queue->has_after = true;
		queue->after = queue->top;
		queue->has_resume = !queue->fresh_ended;
		queue->resume = queue->before;
	}
	queue->has_before = false;
	queue->fresh_ended = false;
}

void
te_queue_arrivals(TeQueueCursor *queue, TimestampTz now)
{
	queue->inserted_place = TE_INSERTED_NEWEST;
	if (now >= queue->next_pass &&
		(queue->fresh_ended || TimestampDifferenceExceeds(queue->started, now, PASS_MS)))
	{
		start_pass(queue, now);
		return;
	}
	if (queue->has_top)
		read_top(queue);
	else
		queue->progressed = true;	/* nothing was read: the next read begins at the top anyway */
}

/* The arrivals are read: go on below them. */
static void
resume(TeQueueCursor *queue)
{
	queue->fresh_ended = !queue->has_resume;
	queue->has_before = queue->has_resume;
	queue->before = queue->resume;
	queue->has_after = queue->has_resume = false;
}

/* Candidates down to this point were read. */
static void
advance(TeQueueCursor *queue, const TeQueuePoint *point, const TeAttachment *attachment)
{
	queue->has_before = true;
	queue->before = *point;
	if (!queue->has_top || point->queued > queue->top.queued ||
		(point->queued == queue->top.queued &&
		 te_key_compare(attachment->key_type, &point->key, &queue->top.key) > 0))
	{
		queue->has_top = true;
		queue->top = *point;
	}
}

/* --- reading */

static void
add_point(TeArgs *args, Oid type, const TeQueuePoint *point)
{
	te_arg(args, TIMESTAMPTZOID, TimestampTzGetDatum(point->queued));
	te_arg(args, type, te_key_datum(type, &point->key));
}

/* Fresh assets between the cursor's bounds. */
static int
read_between_bounds(TeQueueCursor *queue, const TeAttachment *attachment, TeKey *keys, int max_keys)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	StringInfoData sql;
	int			count;

	initStringInfo(&sql);
	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, max_keys);
	appendStringInfo(&sql, "SELECT next_try, id FROM %s WHERE attachment = $1 AND " FRESH,
					 attachment->state);
	if (queue->has_before)
	{
		appendStringInfoString(&sql, " AND (next_try, id) < ($3, $4)");
		add_point(&args, type, &queue->before);
	}
	if (queue->has_after)
	{
		appendStringInfo(&sql, " AND (next_try, id) > ($%d, $%d)", args.count + 1, args.count + 2);
		add_point(&args, type, &queue->after);
	}
	appendStringInfoString(&sql, " ORDER BY next_try DESC, id DESC LIMIT $2");

	count = (int) te_sql_by_index(sql.data, &args);
	for (int i = 0; i < count; i++)
	{
		TeQueuePoint point;

		point.queued = DatumGetTimestampTz(te_out(i, 1));
		te_out_key(i, 2, type, &point.key);
		keys[i] = point.key;
		if (i == 0 || i == count - 1)
			advance(queue, &point, attachment);
	}
	te_sql_free();
	pfree(sql.data);
	return count;
}

/* Queue assets of a large statement, to be read from the top. */
static bool
queue_inserted(TeQueueCursor *queue, const TeAttachment *attachment)
{
	TeInsertedResult result = te_inserted_queue(attachment, &queue->inserted_place);

	queue->unread = result == TE_INSERTED_MORE;
	queue->had_candidates |= result == TE_INSERTED_LOCKED;
	if (result == TE_INSERTED_QUEUED)
		read_top(queue);
	return result == TE_INSERTED_QUEUED;
}

static int
read_fresh(TeQueueCursor *queue, const TeAttachment *attachment, TeKey *keys, int max_keys)
{
	bool		inserted = false;
	int			count = 0;

	for (;;)
	{
		int			before = count;

		while (!queue->fresh_ended && count < max_keys)
		{
			count += read_between_bounds(queue, attachment, keys + count, max_keys - count);
			if (count < max_keys)
				resume(queue);
		}
		/* should the clock have been set back, what was queued is not at the top: the next pass reads it */
		if (count == max_keys || (inserted && count == before) || !queue_inserted(queue, attachment))
			return count;
		inserted = true;
	}
}

/* Retries that are due, the oldest first. */
static int
read_retries(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now, TeKey *keys, int max_keys)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	int			count;

	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, max_keys);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(queue->retry_from));
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(now));
	count = (int) te_sql_by_index(psprintf("SELECT next_try, id FROM %s WHERE attachment = $1 AND " RETRY
										   " AND next_try > $3 AND next_try <= $4 ORDER BY next_try LIMIT $2",
										   attachment->state), &args);
	for (int i = 0; i < count; i++)
		te_out_key(i, 2, type, &keys[i]);
	if (count > 0)
		/* if others came due at the same time, the next pass reads them */
		queue->retry_from = DatumGetTimestampTz(te_out(count - 1, 1));
	te_sql_free();
	return count;
}

/* Orphans without an earlier interruption. */
static int
read_orphans(TeQueueCursor *queue, const TeAttachment *attachment, TeKey *keys, int max_keys)
{
	int			count;

	if (queue->once_ended)
		return 0;
	count = te_orphans_read(attachment, TE_ORPHANS_FIRST, &queue->once, keys, max_keys);
	queue->once_ended = count < max_keys;
	return count;
}

/*
 * One orphan with earlier interruptions, by itself: it (or its trigger) may have caused them, and no other asset must be
 * interrupted with it.
 */
static int
read_repeated_orphan(TeQueueCursor *queue, const TeAttachment *attachment, TeKey *key)
{
	if (queue->repeated_ended)
		return 0;
	queue->single = te_orphans_read(attachment, TE_ORPHANS_REPEATED, &queue->repeated, key, 1) > 0;
	queue->repeated_ended = !queue->single;
	return queue->single ? 1 : 0;
}

/* Retries and orphans get a share of the answer each, and the slots that fresh assets do not fill. */
static int
read_queue(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now, TeKey *keys, int max_keys)
{
	int			share = Max(max_keys / SHARE_DIVISOR, 1);
	int			count;

	queue->unread = false;
	count = read_retries(queue, attachment, now, keys, share);
	if (count < max_keys)
		count += read_orphans(queue, attachment, keys + count, Min(share, max_keys - count));
	if (count < max_keys)
		count += read_fresh(queue, attachment, keys + count, max_keys - count);
	if (count < max_keys)
		count += read_orphans(queue, attachment, keys + count, max_keys - count);
	if (count < max_keys)
		count += read_retries(queue, attachment, now, keys + count, max_keys - count);
	return count;
}

int
te_queue_next(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now,
			  TeKey *keys, int max_keys)
{
	bool		first = !queue->begun;
	int			count;

	if (queue->started == 0)
		start_pass(queue, now);
	queue->begun = true;
	count = read_queue(queue, attachment, now, keys, max_keys);
	if (first)
		queue->next_pass = queue->started + PASS_COST * (GetCurrentTimestamp() - now);
	queue->had_candidates |= count > 0;
	return count;
}

/* Alternates between a repeated orphan and other candidates. */
static int
next_or_repeated_orphan(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now, TeKey *keys, int max_keys)
{
	int			count = 0;

	queue->single = false;
	if (!queue->was_single && queue->begun)
		count = read_repeated_orphan(queue, attachment, keys);
	if (count == 0)
		count = te_queue_next(queue, attachment, now, keys, max_keys);
	if (count == 0)
		count = read_repeated_orphan(queue, attachment, keys);
	queue->was_single = queue->single;
	queue->had_candidates |= count > 0;
	return count;
}

int
te_queue_next_between_runs(TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now,
						   TeKey *keys, int max_keys)
{
	int			count;

	while ((count = next_or_repeated_orphan(queue, attachment, now, keys, max_keys)) == 0)
	{
		if (queue->unread)
			return 0;
		/* only a pass without progress has read the whole queue */
		if (!queue->progressed && queue->had_candidates && !queue->stuck)
		{
			int64		wait_ms = te_backoff_ms(++queue->stuck_times, STUCK_MS, STUCK_MAX_MS, 0);

			queue->stuck = true;
			queue->stuck_until = Max(TimestampTzPlusMilliseconds(now, wait_ms),
									 now + PASS_COST * (now - queue->started));
		}
		if (queue->progressed ? now < queue->next_pass : !queue->stuck || now < queue->stuck_until)
			return 0;
		start_pass(queue, now);
	}
	return count;
}

void
te_queue_progressed(TeQueueCursor *queue)
{
	queue->progressed = true;
}

TimestampTz
te_queue_due(const TeQueueCursor *queue, const TeAttachment *attachment, TimestampTz now)
{
	TeArgs		args = {0};
	TimestampTz due;

	if (queue->progressed)
		return queue->next_pass;

	due = te_inserted_ranges_due(attachment->number, now);
	te_arg_int4(&args, attachment->number);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(now));
	if (te_sql_by_index(psprintf("SELECT next_try FROM %s WHERE attachment = $1 AND " RETRY
								 " AND next_try > $2 ORDER BY next_try LIMIT 1",
								 attachment->state), &args) > 0)
		te_sooner(&due, DatumGetTimestampTz(te_out(0, 1)));
	te_sql_free();
	if (queue->stuck)
		te_sooner(&due, queue->stuck_until);
	return due;
}
