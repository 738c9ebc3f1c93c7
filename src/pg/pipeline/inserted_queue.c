/*
 * inserted_queue.c
 *		Queues assets whose rows a large statement has inserted, a piece of a range at a time.
 *
 * The states and what is left of the range are written in one transaction, so nothing is lost or queued twice.  The user's
 * table is locked before the range, as TRUNCATE and thumbexif_detach() do.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "inserted_queue.h"
#include "pg/base/backoff.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/inserted_range.h"
#include "pg/catalog/key.h"
#include "pg/catalog/state_range.h"
#include "pg/catalog/table_trigger.h"
#include "staleness.h"
#include "table_access.h"

#define PIECE			1000	/* rows read at a time */
#define MOST_KEYS		(20 * PIECE)	/* looked for at a time: most of the rows may be deleted */
#define MOST_PIECES		20		/* read in one call, if all assets are known: some 50 ms */
#define LOCK_TIMEOUT	"100ms" /* for states that others have inserted since we looked */
#define PUT_OFF_MS		100		/* first wait for assets that others have locked */
#define PUT_OFF_MAX_MS	60000

typedef struct Piece
{
	const TeAttachment *attachment;
	TeInsertedRange range;
	int64		lowest;			/* of the range's keys that were read */
	int64		keys[PIECE];	/* of rows, highest first */
	TeStateSeen seen[PIECE];
	int			count;
	uint64		queued;
} Piece;

/* The values that a key column of this type may have. */
static void
key_bounds(Oid type, int64 *lowest, int64 *highest)
{
	*lowest = type == INT2OID ? PG_INT16_MIN : type == INT4OID ? PG_INT32_MIN : PG_INT64_MIN;
	*highest = type == INT2OID ? PG_INT16_MAX : type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;
}

/* Read the highest keys of the range that rows have.  Without gaps at first, the range bounds how many rows are visited. */
static void
read_keys(Piece *piece)
{
	const TeAttachment *attachment = piece->attachment;
	Oid			type = attachment->key_type;
	const char *key = quote_identifier(attachment->key.name[0]);
	TeKey		lowest;
	TeKey		highest;
	bool		rest = false;	/* are lower keys left for later? */
	TeArgs		args = {0};
	char	   *sql;

	key_bounds(type, &lowest.number, &highest.number);
	lowest.number = Max(lowest.number, piece->range.lowest);
	highest.number = Min(highest.number, piece->range.highest);
	if (lowest.number < highest.number && (uint64) highest.number - (uint64) lowest.number >= MOST_KEYS)
	{
		lowest.number = highest.number - (MOST_KEYS - 1);
		rest = true;
	}
	te_arg(&args, type, te_key_datum(type, &lowest));
	te_arg(&args, type, te_key_datum(type, &highest));
	sql = psprintf("SELECT %s::%s FROM %s WHERE %s OPERATOR(pg_catalog.>=) $1 AND %s OPERATOR(pg_catalog.<=) $2"
				   " ORDER BY %s DESC LIMIT %d", key, format_type_be_qualified(type), attachment->rows, key, key, key, PIECE);
	piece->count = (int) te_sql_as_owner(attachment->relation, attachment->owner, attachment->search_path, sql, &args);
	for (int i = 0; i < piece->count; i++)
	{
		TeKey		read;

		te_out_key(i, 1, type, &read);
		piece->keys[i] = read.number;
	}
	if (piece->count == PIECE)
		piece->lowest = piece->keys[PIECE - 1];
	else
		piece->lowest = rest ? lowest.number : piece->range.lowest;
	te_sql_free();
	pfree(sql);
}

static bool
is_to_be_queued(const Piece *piece, int i)
{
	return piece->seen[i] == TE_STATE_NONE || piece->seen[i] == TE_STATE_UNQUEUED;
}

/* Of the keys to be queued, those whose states were not inserted or updated are busy: somebody has changed them since we looked. */
static void
mark_queued(Piece *piece)
{
	TeKey		key = {0};
	uint64		row = 0;

	for (int i = piece->count - 1; i >= 0; i--)
	{
		if (!is_to_be_queued(piece, i))
			continue;
		/* rows are returned in the order of the keys */
		while (row < piece->queued)
		{
			te_out_key((int) row, 1, INT8OID, &key);
			if (key.number >= piece->keys[i])
				break;
			row++;
		}
		piece->seen[i] = row < piece->queued && key.number == piece->keys[i] ? TE_STATE_KNOWN : TE_STATE_BUSY;
	}
	te_sql_free();
}

static void
insert_states(void *arg)
{
	Piece	   *piece = arg;
	int64	   *keys = palloc(sizeof(int64) * PIECE);
	TeArgs		args = {0};
	TeRunAs		save;
	int			count = 0;

	/* in ascending order, as most others insert them */
	for (int i = piece->count - 1; i >= 0; i--)
	{
		/* the key may be unique no longer */
		if (is_to_be_queued(piece, i) && (count == 0 || keys[count - 1] != piece->keys[i]))
			keys[count++] = piece->keys[i];
	}
	if (count == 0)
		return;
	te_arg_int4(&args, piece->attachment->number);
	te_arg_int8_array(&args, keys, count);
	te_arg(&args, TIMESTAMPTZOID, TimestampTzGetDatum(GetCurrentTimestamp()));
	te_run_as_extension(&save);
	piece->queued = te_sql(psprintf("INSERT INTO %s AS s (attachment, id, status, next_try)"
									" SELECT $1, k, 'queued', $3 FROM unnest($2) AS k"
									" ON CONFLICT (attachment, id) DO UPDATE"
									" SET status = 'queued', next_try = $3, version = s.version + 1 WHERE s.status = 'new'"
									" RETURNING id", piece->attachment->state), &args);
	mark_queued(piece);
	te_run_as_end(&save);
}

/* Queue those that are not known.  If somebody has locked one of them in the meantime, all are busy, and the answer is false. */
static bool
queue_states(Piece *piece)
{
	if (te_subtransaction_short_waits(insert_states, piece, LOCK_TIMEOUT))
		return true;
	piece->queued = 0;
	for (int i = 0; i < piece->count; i++)
	{
		if (piece->seen[i] != TE_STATE_KNOWN)
			piece->seen[i] = TE_STATE_BUSY;
	}
	return false;
}

static void
put_off_busy(const Piece *piece)
{
	TeInsertedRange part = {.tries = Min(piece->range.tries + 1, PG_INT16_MAX)};
	int64		wait_ms = te_backoff_ms(part.tries, PUT_OFF_MS, PUT_OFF_MAX_MS, pg_prng_uint32(&pg_global_prng_state));
	bool		any = false;

	for (int i = 0; i < piece->count; i++)
	{
		if (piece->seen[i] != TE_STATE_BUSY)
			continue;
		part.lowest = piece->keys[i];
		if (!any)
			part.highest = piece->keys[i];
		any = true;
	}
	if (any)
		te_inserted_range_put_off(piece->attachment->number, &part,
								  TimestampTzPlusMilliseconds(GetCurrentTimestamp(), wait_ms));
}

/*
 * Is there our trigger?  A restore loads the ranges, maybe before the rows, and creates the triggers when all data is there.
 */
static bool
is_tracked(Oid relation)
{
	Relation	table = table_open(relation, NoLock);
	bool		found = te_table_triggers_tell_inserts(table);

	table_close(table, NoLock);
	return found;
}

/*
 * Lock the user's table and check it: rows that its owner must not see, by row security or since the key is another column
 * by now, would be left out for ever.  False if its rows may not be there yet.
 */
static bool
lock_table(const TeAttachment *attachment, Piece *piece)
{
	LockRelationOid(attachment->relation, AccessShareLock);
	/* no thumbnail is stored here, so the folder for them is not looked at */
	piece->attachment = te_table_access(attachment->relation, TE_PART_EXIF, false);
	te_attachment_check_same(attachment);
	return is_tracked(attachment->relation);
}

TeInsertedResult
te_inserted_queue(const TeAttachment *attachment, int64 *place)
{
	TimestampTz now = GetCurrentTimestamp();
	Piece	   *piece;
	TeInsertedResult result = TE_INSERTED_MORE;
	bool		waited = false;

	if (te_key_state_type(attachment->key_type) != INT8OID)
		return TE_INSERTED_NONE;
	piece = palloc0(sizeof(Piece));
	for (int i = 0; i < MOST_PIECES && result == TE_INSERTED_MORE && !waited; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!te_inserted_range_next(attachment->number, now, *place, &piece->range) || !lock_table(attachment, piece))
		{
			*place = TE_INSERTED_NEWEST;
			result = TE_INSERTED_NONE;
			break;
		}
		*place = piece->range.number;
		read_keys(piece);
		if (!te_inserted_range_take(attachment->number, &piece->range, piece->lowest))
		{
			result = TE_INSERTED_LOCKED;
			break;
		}
		te_states_seen(attachment->number, piece->keys, piece->count, piece->seen);
		waited = !queue_states(piece);
		put_off_busy(piece);
		if (piece->queued > 0)
			result = TE_INSERTED_QUEUED;
	}
	pfree(piece);
	return result;
}
