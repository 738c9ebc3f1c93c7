/*
 * queue_order.c
 *		Which assets of an attached table the background worker takes next.
 *
 * Fresh assets come from the index (attachment, next_try, id), newest first.  What was taken leaves
 * dead entries in the index, so reading from its top each time would cost
 * more and more as long as they are not vacuumed away.  So the worker remembers where it is
 * and goes on from there.  What arrives meanwhile opens a gap above, which is done
 * first.  That can miss what was inserted before but committed later, or was given back: so from time to
 * time, and always before it finds nothing to do, it starts from the top again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "pg/base/backoff.h"
#include "pg/base/statement.h"
#include "pg/compat.h"
#include "queue_order.h"

#define PASS_MS			10000	/* between starts from the top while new assets arrive */
#define PASS_COST		20		/* and at least so many times what the last one took */
#define STUCK_MS		100		/* before those that others hold are looked at again, */
#define STUCK_MAX_MS	10000	/* longer and longer */
#define AGAIN_SHARE		4		/* one of so many is a retry, and one an orphan, if there are fresh ones too */

#define FRESH "status = 'queued' AND attempts = 0"
#define AGAIN "(status = 'missing' OR (status = 'queued' AND attempts > 0))"

/* --- gaps */

/* Begin from the top. */
static void
start_pass(TeQueue *queue, TimestampTz now)
{
	int			stuck_times = queue->took ? 0 : queue->stuck_times;
	bool		was_single = queue->was_single;

	memset(queue, 0, sizeof(*queue));
	queue->gaps = 1;			/* everything */
	queue->stuck_times = stuck_times;
	queue->was_single = was_single;
	queue->again_from = DT_NOBEGIN;
	queue->started = queue->next_pass = now;
}

void
te_queue_arrivals(TeQueue *queue, TimestampTz now)
{
	TeQueueGap *gap;

	if (queue->gaps == 0 ? now >= queue->next_pass :
		now >= queue->next_pass && TimestampDifferenceExceeds(queue->started, now, PASS_MS))
	{
		start_pass(queue, now);
		return;
	}
	queue->took = true;			/* as this is not all of the queue, there must be another pass */
	if (!queue->has_top || (queue->gaps > 0 && !queue->gap[queue->gaps - 1].has_before))
		return;					/* what is looked at next has no upper end */
	if (queue->gaps == TE_QUEUE_GAPS)
	{
		/* make one of the two oldest, at the cost of looking at what is between them again */
		queue->gap[0].has_before = queue->gap[1].has_before;
		queue->gap[0].before = queue->gap[1].before;
		memmove(&queue->gap[1], &queue->gap[2], sizeof(TeQueueGap) * (TE_QUEUE_GAPS - 2));
		queue->gaps--;
	}
	gap = &queue->gap[queue->gaps++];
	memset(gap, 0, sizeof(*gap));
	gap->has_after = true;
	gap->after = queue->top;
}

/* Candidates up to this one were looked at. */
static void
move_on(TeQueue *queue, const TeQueuePoint *point, const TeAttachment *attachment)
{
	TeQueueGap *gap = &queue->gap[queue->gaps - 1];

	gap->has_before = true;
	gap->before = *point;
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

/* Fresh assets of the gap that is worked on. */
static int
read_gap(TeQueue *queue, const TeAttachment *attachment, TeKey *keys, int most)
{
	TeQueueGap *gap = &queue->gap[queue->gaps - 1];
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	StringInfoData sql;
	int			count;

	initStringInfo(&sql);
	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, most);
	appendStringInfo(&sql, "SELECT next_try, id FROM %s WHERE attachment = $1 AND " FRESH,
					 attachment->state);
	if (gap->has_before)
	{
		appendStringInfoString(&sql, " AND (next_try, id) < ($3, $4)");
		add_point(&args, type, &gap->before);
	}
	if (gap->has_after)
	{
		appendStringInfo(&sql, " AND (next_try, id) > ($%d, $%d)", args.count + 1, args.count + 2);
		add_point(&args, type, &gap->after);
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
			move_on(queue, &point, attachment);
	}
	te_sql_free();
	pfree(sql.data);
	return count;
}

static int
read_fresh(TeQueue *queue, const TeAttachment *attachment, TeKey *keys, int most)
{
	int			count = 0;

	while (queue->gaps > 0 && count < most)
	{
		count += read_gap(queue, attachment, keys + count, most - count);
		if (count < most)
			queue->gaps--;
	}
	return count;
}

/* What is to be tried or looked at again now, in the order in which it came due. */
static int
read_again(TeQueue *queue, const TeAttachment *attachment, TimestampTz now, TeKey *keys, int most)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	int			count;

	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, most);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(queue->again_from));
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(now));
	count = (int) te_sql_by_index(psprintf("SELECT next_try, id FROM %s WHERE attachment = $1 AND " AGAIN
										 " AND next_try > $3 AND next_try <= $4 ORDER BY next_try LIMIT $2",
										 attachment->state), &args);
	for (int i = 0; i < count; i++)
		te_out_key(i, 2, type, &keys[i]);
	if (count > 0)
		/* of those that came due at the same time, the next pass finds the rest */
		queue->again_from = DatumGetTimestampTz(te_out(count - 1, 1));
	te_sql_free();
	return count;
}

/* --- for the worker */

/* Assets whose owner has died, as long as it is not said that it died of one. */
static int
read_orphans(TeQueue *queue, const TeAttachment *attachment, TeKey *keys, int most)
{
	int			count;

	if (queue->once_ended)
		return 0;
	count = te_orphans_read(attachment, TE_ORPHANS_ONCE, &queue->once, keys, most);
	queue->once_ended = count < most;
	return count;
}

/*
 * One whose owners have died more than once, by itself: should they have died of it (of what a
 * trigger does), others must not share its fate.
 */
static int
read_killer(TeQueue *queue, const TeAttachment *attachment, TeKey *key)
{
	if (queue->killers_ended)
		return 0;
	queue->single = te_orphans_read(attachment, TE_ORPHANS_AGAIN, &queue->killers, key, 1) > 0;
	queue->killers_ended = !queue->single;
	return queue->single ? 1 : 0;
}

/* Retries and orphans get a share of a batch each, and all that fresh ones leave of it. */
static int
read_queue(TeQueue *queue, const TeAttachment *attachment, TimestampTz now, TeKey *keys, int most)
{
	int			share = Max(most / AGAIN_SHARE, 1);
	int			count;

	count = read_again(queue, attachment, now, keys, share);
	if (count < most)
		count += read_orphans(queue, attachment, keys + count, Min(share, most - count));
	if (count < most)
		count += read_fresh(queue, attachment, keys + count, most - count);
	if (count < most)
		count += read_orphans(queue, attachment, keys + count, most - count);
	if (count < most)
		count += read_again(queue, attachment, now, keys + count, most - count);
	return count;
}

int
te_queue_next(TeQueue *queue, const TeAttachment *attachment, TimestampTz now,
			  TeKey *keys, int most)
{
	bool		first = !queue->begun;
	int			count;

	if (queue->started == 0)
		start_pass(queue, now);
	queue->begun = true;
	count = read_queue(queue, attachment, now, keys, most);
	if (first)
		queue->next_pass = queue->started + PASS_COST * (GetCurrentTimestamp() - now);
	queue->named |= count > 0;
	return count;
}

/* The same between two runs: by turns one that must be done by itself, and others. */
static int
next_or_killer(TeQueue *queue, const TeAttachment *attachment, TimestampTz now, TeKey *keys, int most)
{
	int			count = 0;

	queue->single = false;
	if (!queue->was_single && queue->begun)
		count = read_killer(queue, attachment, keys);
	if (count == 0)
		count = te_queue_next(queue, attachment, now, keys, most);
	if (count == 0)
		count = read_killer(queue, attachment, keys);
	queue->was_single = queue->single;
	queue->named |= count > 0;
	return count;
}

int
te_queue_next_between_runs(TeQueue *queue, const TeAttachment *attachment, TimestampTz now,
				TeKey *keys, int most)
{
	int			count;

	while ((count = next_or_killer(queue, attachment, now, keys, most)) == 0)
	{
		/* only a pass in which nothing was done has seen all there is */
		if (!queue->took && queue->named && !queue->stuck)
		{
			int64		wait_ms = te_backoff_ms(++queue->stuck_times, STUCK_MS, STUCK_MAX_MS, 0);

			queue->stuck = true;
			queue->stuck_until = Max(TimestampTzPlusMilliseconds(now, wait_ms),
									 now + PASS_COST * (now - queue->started));
		}
		if (queue->took ? now < queue->next_pass : !queue->stuck || now < queue->stuck_until)
			return 0;
		start_pass(queue, now);
	}
	return count;
}

void
te_queue_progressed(TeQueue *queue)
{
	queue->took = true;
}

TimestampTz
te_queue_due(const TeQueue *queue, const TeAttachment *attachment, TimestampTz now)
{
	TeArgs		args = {0};
	TimestampTz due = 0;

	if (queue->took)
		return queue->next_pass;

	te_arg_int4(&args, attachment->number);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(now));
	if (te_sql_by_index(psprintf("SELECT next_try FROM %s WHERE attachment = $1 AND " AGAIN
							   " AND next_try > $2 ORDER BY next_try LIMIT 1",
							   attachment->state), &args) > 0)
		due = DatumGetTimestampTz(te_out(0, 1));
	te_sql_free();
	if (queue->stuck && (due == 0 || queue->stuck_until < due))
		due = queue->stuck_until;
	return due;
}
