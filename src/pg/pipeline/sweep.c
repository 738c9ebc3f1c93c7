/*
 * sweep.c
 *		Looks through an attached table for changes that no trigger has told of.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "adopt.h"
#include "moved_state.h"
#include "orphan.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"
#include "pg/catalog/asset_count.h"
#include "pg/catalog/asset_state.h"
#include "pg/shared/wakeup.h"
#include "sweep.h"

#define STEP_ROWS	2000		/* read at a time */
#define LOCK_TIMEOUT "100ms"	/* for states that others insert, and have not committed */

/* What is to be done with a row. */
typedef enum Need
{
	NEED_NOTHING,
	NEED_STATE,					/* it has none, or one that says that it was not queued yet */
	NEED_REQUEUE,				/* its path has changed */
	NEED_FILE					/* it names a file of ours that its state does not name */
} Need;

static Need
need_of(const TeAsset *asset)
{
	const TeState *state = &asset->state;

	if (te_may_adopt_queued(asset))
		return NEED_FILE;
	if (state->exists && (state->status == TE_ASSET_QUEUED || state->status == TE_ASSET_RUNNING))
		return NEED_NOTHING;	/* who processes it reads the path again before writing */
	if (te_may_adopt(asset))
		return NEED_FILE;
	if (!state->exists || state->status == TE_ASSET_NEW)
		return NEED_STATE;
	return te_source_changed(asset, NULL) ? NEED_REQUEUE : NEED_NOTHING;
}

/* --- queueing */

typedef struct Queueing
{
	const TeAttachment *attachment;
	const TeKey *keys;
	int			count;
	bool		again;			/* they have states, which this transaction has locked */
	uint64		queued;
} Queueing;

static void
queue(void *arg)
{
	Queueing   *queueing = arg;
	const TeAttachment *attachment = queueing->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	TeRunAs		save;

	te_arg_int4(&args, attachment->number);
	te_arg_int8(&args, te_asset_state_new_version());
	te_arg(&args, te_key_array_type(type), te_key_array(type, queueing->keys, queueing->count));
	te_run_as_extension(&save);
	/* a state that has come since is left alone, unless its asset was not queued, either */
	queueing->queued = te_sql(queueing->again ?
							  te_asset_state_queue_sql(attachment->state, "SELECT k FROM unnest($3) AS k") :
							  psprintf("INSERT INTO %s AS s (attachment, id, status, version, next_try)"
									   " SELECT $1, k, 'queued', $2, now() FROM unnest($3) AS k ON CONFLICT (attachment, id) DO UPDATE"
									   " SET status = 'queued', next_try = now(), version = GREATEST(s.version + 1, $2) WHERE s.status = 'new'",
									   attachment->state), &args);
	te_run_as_end(&save);
}

/* Queue assets.  Returns how many were; *left is increased by the number of those that others have locked. */
static int64
queue_keys(const TeAttachment *attachment, const TeKey *keys, int count, bool again, int64 *left)
{
	Queueing	queueing = {attachment, keys, count, again, 0};

	if (count == 0)
		return 0;
	if (!te_subtransaction_short_waits(queue, &queueing, LOCK_TIMEOUT))
	{
		*left += count;
		return 0;
	}
	if (queueing.queued > 0)
		te_wake_at_commit();
	return (int64) queueing.queued;
}

/* Queue those of the assets whose states have not changed since they were read, again. */
static int64
requeue(const TeAttachment *attachment, TeAsset **assets, int count, int64 *left)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * Max(count, 1));
	int64	   *versions = palloc(sizeof(int64) * Max(count, 1));
	bool	   *locked = palloc(sizeof(bool) * Max(count, 1));
	int			n = 0;

	if (count == 0)
		return 0;
	for (int i = 0; i < count; i++)
	{
		keys[i] = assets[i]->key;
		versions[i] = assets[i]->state.version;
	}
	te_states_lock(attachment, keys, versions, count, locked);
	for (int i = 0; i < count; i++)
		if (locked[i])
			keys[n++] = keys[i];
	*left += count - n;
	return queue_keys(attachment, keys, n, true, left);
}

/* --- the steps */

/* The assets of a step by what they need. */
typedef struct Sorted
{
	TeAsset   **assets[NEED_FILE + 1];
	int			count[NEED_FILE + 1];
} Sorted;

static void
sort(TeAsset *assets, int count, Sorted *sorted)
{
	memset(sorted, 0, sizeof(*sorted));
	for (int i = 0; i <= NEED_FILE; i++)
		sorted->assets[i] = palloc(sizeof(TeAsset *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		Need		need = need_of(&assets[i]);

		sorted->assets[need][sorted->count[need]++] = &assets[i];
	}
}

/* Of the assets that name files: put those off again whose turn it is not yet.  Returns the number of the others. */
static int
put_off_others(const Sorted *sorted, TeSwept *swept)
{
	TeAsset   **assets = sorted->assets[NEED_FILE];
	int			count = sorted->count[NEED_FILE];
	int			n = 0;

	if (swept->phase == TE_SWEEP_OTHER_FILES)
		return count;
	for (int i = 0; i < count; i++)
	{
		if (swept->phase == TE_SWEEP_FILES && te_may_adopt_own(assets[i]))
			assets[n++] = assets[i];
	}
	swept->rows_files += count - n;
	return n;
}

/* Let rows that were put off have the files that they name; those that may not are sorted among the others. */
static void
adopt(const TeAttachment *attachment, Sorted *sorted, TeSwept *swept, TeSweepCounts *counts)
{
	int			count = put_off_others(sorted, swept);
	TeAdoption *results = palloc(sizeof(TeAdoption) * Max(count, 1));
	TeSettings	settings;

	if (count == 0)
		return;
	te_settings_now(attachment, &settings);
	te_adopt(attachment, &settings, sorted->assets[NEED_FILE], count, results);
	for (int i = 0; i < count; i++)
	{
		TeAsset    *asset = sorted->assets[NEED_FILE][i];
		Need		need = asset->state.exists ? NEED_REQUEUE : NEED_STATE;

		counts->adopted += results[i] == TE_ADOPT_DONE || results[i] == TE_ADOPT_FILE;
		swept->rows_left += results[i] == TE_ADOPT_LATER;
		if (results[i] == TE_ADOPT_NOT || results[i] == TE_ADOPT_FILE)
			sorted->assets[need][sorted->count[need]++] = asset;
	}
}

/* Read the next rows, with their states.  Returns whether there may be more. */
static bool
sweep_rows(const TeAttachment *attachment, TeSwept *swept, TeSweepCounts *counts)
{
	TeAsset    *assets = palloc(sizeof(TeAsset) * STEP_ROWS);
	int			count = te_assets_after(attachment, swept->has_place ? &swept->place : NULL, STEP_ROWS, assets, &swept->place);
	Sorted		sorted;
	TeKey	   *keys = palloc(sizeof(TeKey) * STEP_ROWS);

	te_attachment_check_same(attachment);	/* reading the rows has locked the table */
	swept->has_place = count > 0;
	sort(assets, count, &sorted);
	adopt(attachment, &sorted, swept, counts);
	if (swept->phase == TE_SWEEP_ROWS)
	{
		swept->rows_read += count;
		for (int i = 0; i < count; i++)
			swept->rows_known += assets[i].state.exists || need_of(&assets[i]) == NEED_STATE;
	}
	for (int i = 0; i < sorted.count[NEED_STATE]; i++)
		keys[i] = sorted.assets[NEED_STATE][i]->key;
	counts->queued += queue_keys(attachment, keys, sorted.count[NEED_STATE], false, &swept->rows_left);
	counts->queued += requeue(attachment, sorted.assets[NEED_REQUEUE], sorted.count[NEED_REQUEUE], &swept->rows_left);
	return count == STEP_ROWS;
}

/* The keys of the next states. */
static int
read_keys(const TeAttachment *attachment, const TeSwept *swept, TeKey *keys)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeArgs		args = {0};
	int			count;

	te_arg_int4(&args, attachment->number);
	if (swept->has_place)
		te_arg(&args, type, te_key_datum(type, &swept->place));
	count = (int) te_sql_by_index(psprintf("SELECT id FROM %s WHERE attachment = $1%s ORDER BY id LIMIT %d", attachment->state,
										   swept->has_place ? " AND id > $2" : "", STEP_ROWS), &args);
	for (int i = 0; i < count; i++)
		te_out_key(i, 1, type, &keys[i]);
	te_sql_free();
	return count;
}

/* Remove those of the next states whose row is gone.  Returns whether there may be more. */
static bool
sweep_states(const TeAttachment *attachment, TeSwept *swept, TeSweepCounts *counts)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * STEP_ROWS);
	TeAsset    *assets = palloc(sizeof(TeAsset) * STEP_ROWS);
	const TeAsset **gone = palloc(sizeof(TeAsset *) * STEP_ROWS);
	int			count = read_keys(attachment, swept, keys);
	int			n = 0;

	swept->has_place = count > 0;
	if (count == 0)
		return false;
	swept->place = keys[count - 1];
	te_assets_of_keys(attachment, keys, count, assets);
	/* states first, so that a row that comes later has another state */
	te_assets_fill_states(attachment, assets, count, TE_STATE_READ);
	te_assets_fill_rows(attachment, assets, count);
	te_attachment_check_same(attachment);
	for (int i = 0; i < count; i++)
	{
		if (!assets[i].has_row && assets[i].state.exists)
			gone[n++] = &assets[i];
	}
	counts->removed += n;
	n = te_moved_states(attachment, gone, n, &swept->rows_left);
	if (n > 0)
	{
		te_orphans_delete(attachment, gone, n);
		te_wake_at_commit();	/* the worker removes their files */
	}
	return count == STEP_ROWS;
}

/* Are there more states than rows that have one? */
static bool
has_other_states(const TeAttachment *attachment, const TeSwept *swept)
{
	const TeAssetCounts *counts;

	PushActiveSnapshot(GetTransactionSnapshot());
	counts = te_counts_find(te_counts_read(GetActiveSnapshot()), attachment->number);
	PopActiveSnapshot();
	return counts == NULL || te_counts_known(counts) > swept->rows_known;
}

/* The phase after one that has ended. */
static TeSweepPhase
next_phase(const TeAttachment *attachment, TeSwept *swept)
{
	bool		files = swept->rows_files > 0;

	switch (swept->phase)
	{
		case TE_SWEEP_ROWS:
			if (has_other_states(attachment, swept))
				return TE_SWEEP_STATES;
			/* FALLTHROUGH */
		case TE_SWEEP_STATES:
			swept->rows_files = 0;	/* counted anew: those of the phase after */
			return files ? TE_SWEEP_FILES : TE_SWEEP_NONE;
		case TE_SWEEP_FILES:
			return files ? TE_SWEEP_OTHER_FILES : TE_SWEEP_NONE;
		case TE_SWEEP_OTHER_FILES:
		case TE_SWEEP_NONE:
			break;
	}
	return TE_SWEEP_NONE;
}

void
te_sweep_step(const TeAttachment *attachment, TeSwept *swept, TeSweepCounts *counts)
{
	if (swept->phase == TE_SWEEP_STATES ? sweep_states(attachment, swept, counts) : sweep_rows(attachment, swept, counts))
		return;
	swept->has_place = false;
	swept->phase = next_phase(attachment, swept);
}
