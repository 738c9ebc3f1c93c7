/*
 * claim.c
 *		Claims: who is at work on which asset, and giving back.
 *
 * Locks: states are locked with SKIP LOCKED, rows of the user's table not at all,
 * and a state that is not there yet is inserted with a short lock_timeout, for its
 * insertion may wait for another's uncommitted one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "asset_files.h"
#include "claim.h"
#include "orphan.h"
#include "pg/base/extension.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"

/*
 * How long an insertion waits for another's of the same key.  After a batch has waited in
 * vain, its assets are tried one by one, hardly waiting: a mass UPDATE may hold them all.
 */
#define INSERT_LOCK_TIMEOUT	"100ms"
#define SINGLE_LOCK_TIMEOUT	"2ms"

/* Does it need something, going by row and state, and if need be by the file? */
static bool
needs_something(const TeClaimRequest *take, TeAsset *asset)
{
	if (te_stale_parts(asset, take->settings, take->parts, NULL) != 0)
		return true;
	if (asset->path == NULL || !(take->look || te_stale_depends_on_file(asset)))
		return false;
	if (te_asset_status(&asset->state) == TE_ASSET_MISSING)
		return true;			/* if only to say that it still is */
	return te_stale_parts_by_files(asset, take->settings, take->parts) != 0;
}

/* Is this one for us? */
static TeClaimResult
judge(const TeClaimRequest *take, TeAsset *asset, TeAlive *last)
{
	if (asset->state.exists && asset->state.status == TE_ASSET_RUNNING &&
		te_claim_alive(last, asset->state.claim))
		return TE_CLAIM_BUSY;
	if (!asset->has_row)
		return TE_CLAIM_GONE;
	if (asset->state.exists && asset->state.status == TE_ASSET_QUEUED &&
		asset->state.finished_at >= take->since && asset->state.next_try > GetCurrentTimestamp())
		return TE_CLAIM_BUSY;	/* somebody has just tried it: not twice at a time */
	if (asset->path != NULL && te_source_is_held(asset->path))
		return TE_CLAIM_BUSY;	/* the file system of its root is */
	return needs_something(take, asset) ? TE_CLAIMED : TE_CLAIM_NOT_NEEDED;
}

/* The state as the claim makes it. */
static void
mark_running(TeState *state, int32 claim)
{
	if (!state->exists)
		state->attempts = 1;
	else if (state->status == TE_ASSET_RUNNING)
		state->interruptions++; /* its attempt is counted already */
	else
	{
		/* what was final begins anew */
		if (state->status == TE_ASSET_DONE || state->status == TE_ASSET_FAILED ||
			state->status == TE_ASSET_UNSUPPORTED)
			state->attempts = state->interruptions = 0;
		state->attempts = Min(state->attempts + 1, PG_INT16_MAX);
	}
	state->claimed_from = te_asset_status(state);
	state->status = TE_ASSET_RUNNING;
	state->exists = true;
	state->claim = claim;
	state->version++;
}

/* Insert the states of some assets that have none.  Those that somebody else has by now are marked busy. */
static void
insert_some(const TeClaimRequest *take, TeAsset **assets, TeClaimResult **taken, int count)
{
	const TeAttachment *attachment = take->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	TeArgs		args = {0};
	char	   *sql;
	uint64		inserted;

	for (int i = 0; i < count; i++)
		keys[i] = assets[i]->key;
	sql = psprintf("INSERT INTO %s (attachment, id, status, claimed_from, claim, attempts)"
				   " SELECT $1, k, 'running'::%s, 'new'::%s, $2, 1 FROM unnest($3) AS k"
				   " ON CONFLICT DO NOTHING RETURNING id, version", attachment->state,
				   te_internal_name("thumbexif_asset_status"), te_internal_name("thumbexif_asset_status"));
	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, take->claim->number);
	te_arg(&args, te_key_array_type(type), te_key_array(type, keys, count));
	inserted = te_sql(sql, &args);

	/* what comes back is in the order in which it was given */
	for (int i = 0, row = 0; i < count; i++)
	{
		TeKey		key;

		if (row < (int) inserted)
			te_out_key(row, 1, type, &key);
		if (row < (int) inserted && te_key_compare(attachment->key_type, &key, &assets[i]->key) == 0)
		{
			mark_running(&assets[i]->state, take->claim->number);
			assets[i]->state.version = te_out_int(row++, 2, 0);
		}
		else
			*taken[i] = TE_CLAIM_BUSY;
	}
	te_sql_free();
	pfree(sql);
	pfree(keys);
}

typedef struct Insertion
{
	const TeClaimRequest *take;
	TeAsset   **assets;
	TeClaimResult **taken;
	int			count;
} Insertion;

static void
insert_with_timeout(void *arg)
{
	Insertion  *insertion = arg;
	TeRunAs		save;

	te_run_as_extension(&save);
	set_config_option("lock_timeout", insertion->count > 1 ? INSERT_LOCK_TIMEOUT : SINGLE_LOCK_TIMEOUT,
					  PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	insert_some(insertion->take, insertion->assets, insertion->taken, insertion->count);
	te_run_as_end(&save);
}

/*
 * The same with a lock_timeout, in a subtransaction.  False if another transaction's uncommitted insertion of one
 * of the states prevented it.
 */
static bool
try_insert(const TeClaimRequest *take, TeAsset **assets, TeClaimResult **taken, int count)
{
	Insertion	insertion = {take, assets, taken, count};
	ErrorData  *error = te_subtransaction(insert_with_timeout, &insertion);

	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE && error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
}

static void
insert_states(const TeClaimRequest *take, TeAsset *assets, int count, TeClaimResult *taken)
{
	TeAsset   **new_assets = palloc(sizeof(TeAsset *) * Max(count, 1));
	TeClaimResult **new_taken = palloc(sizeof(TeClaimResult *) * Max(count, 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (taken[i] == TE_CLAIMED && !assets[i].state.exists)
		{
			new_assets[n] = &assets[i];
			new_taken[n++] = &taken[i];
		}
	}
	if (n > 0 && !try_insert(take, new_assets, new_taken, n))
	{
		for (int i = 0; i < n; i++)
		{
			if (!try_insert(take, &new_assets[i], &new_taken[i], 1))
				*new_taken[i] = TE_CLAIM_BUSY;
		}
	}
	pfree(new_assets);
	pfree(new_taken);
}

/* The states, which we have locked, of some assets: to running. */
static void
update_states(const TeClaimRequest *take, TeAsset **assets, int count)
{
	const TeAttachment *attachment = take->attachment;
	Oid			type = te_key_state_type(attachment->key_type);
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	Datum	   *from = palloc(sizeof(Datum) * count);
	Datum	   *attempts = palloc(sizeof(Datum) * count);
	Datum	   *interruptions = palloc(sizeof(Datum) * count);
	TeArgs		args = {0};
	char	   *sql;

	for (int i = 0; i < count; i++)
	{
		TeState    *state = &assets[i]->state;

		mark_running(state, take->claim->number);
		keys[i] = assets[i]->key;
		from[i] = CStringGetTextDatum(te_asset_status_name(state->claimed_from));
		attempts[i] = Int32GetDatum(state->attempts);
		interruptions[i] = Int32GetDatum(state->interruptions);
	}
	sql = psprintf("UPDATE %s AS s SET status = 'running', claimed_from = w.claimed_from::%s, claim = $2,"
				   " version = s.version + 1, attempts = w.attempts, interruptions = w.interruptions"
				   " FROM unnest($3, $4, $5, $6) AS w (id, claimed_from, attempts, interruptions)"
				   " WHERE s.attachment = $1 AND s.id = w.id",
				   attachment->state, te_internal_name("thumbexif_asset_status"));
	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, take->claim->number);
	te_arg(&args, te_key_array_type(type), te_key_array(type, keys, count));
	te_arg(&args, TEXTARRAYOID,
		   PointerGetDatum(construct_array(from, count, TEXTOID, -1, false, TYPALIGN_INT)));
	te_arg(&args, INT4ARRAYOID,
		   PointerGetDatum(construct_array(attempts, count, INT4OID, sizeof(int32), true, TYPALIGN_INT)));
	te_arg(&args, INT4ARRAYOID,
		   PointerGetDatum(construct_array(interruptions, count, INT4OID, sizeof(int32), true, TYPALIGN_INT)));
	te_sql_as_extension(sql, &args);
}

/*
 * Lock the states of the assets that are to be ours, and mark them.  What somebody has
 * changed since it was read is left to him; what is not for us is never locked, as
 * its owner might come to write it just then, and he does not wait.
 */
static void
claim_states(const TeClaimRequest *take, TeAsset *assets, int count, TeClaimResult *taken)
{
	TeAsset   **ours = palloc(sizeof(TeAsset *) * Max(count, 1));
	TeAsset    *locked = palloc(sizeof(TeAsset) * Max(count, 1));
	int			n = 0;
	int			m = 0;

	for (int i = 0; i < count; i++)
	{
		if (taken[i] == TE_CLAIMED && assets[i].state.exists)
			locked[n++] = assets[i];
	}
	if (n > 0)
		te_assets_fill_states(take->attachment, locked, n, TE_STATE_LOCK_FREE);
	n = 0;
	for (int i = 0; i < count; i++)
	{
		const TeState *state = &locked[n].state;

		if (taken[i] != TE_CLAIMED || !assets[i].state.exists)
			continue;
		if (state->exists && state->version == assets[i].state.version)
			ours[m++] = &assets[i];
		else
			taken[i] = TE_CLAIM_BUSY;
		n++;
	}
	if (m > 0)
		update_states(take, ours, m);
	pfree(ours);
	pfree(locked);
}

/* Of assets that were judged and not claimed: clear up what dead claims have left, and states without a row. */
static void
settle_orphans(const TeAttachment *attachment, const TeAsset *assets, const TeClaimResult *taken, int count)
{
	const TeAsset **back = palloc(sizeof(TeAsset *) * Max(count, 1));
	const TeAsset **gone = palloc(sizeof(TeAsset *) * Max(count, 1));
	int			nback = 0;
	int			ngone = 0;

	for (int i = 0; i < count; i++)
	{
		const TeState *state = &assets[i].state;

		/* judge() has called those busy whose owner is alive */
		if (taken[i] == TE_CLAIM_NOT_NEEDED && state->exists && state->status == TE_ASSET_RUNNING)
			back[nback++] = &assets[i];
		else if (taken[i] == TE_CLAIM_GONE && state->exists &&
				 (state->status == TE_ASSET_RUNNING || state->status == TE_ASSET_QUEUED ||
				  state->status == TE_ASSET_MISSING))
			gone[ngone++] = &assets[i];
	}
	if (nback > 0)
		te_orphans_give_back(attachment, back, nback);
	/* triggers were off when the row was deleted; should it come back, it is new */
	if (ngone > 0)
		te_orphans_forget(attachment, gone, ngone);
	pfree(back);
	pfree(gone);
}

void
te_claim_assets(const TeClaimRequest *take, TeAsset *assets, int count, TeClaimResult *taken)
{
	TeAlive		last = {0};

	/* the states first: a row is then not older than its state, as long as that is not changed */
	te_assets_fill_states(take->attachment, assets, count, TE_STATE_READ);
	te_assets_fill_rows(take->attachment, assets, count);
	te_attachment_check_same(take->attachment); /* which has been locked by the reading of its rows */
	for (int i = 0; i < count; i++)
	{
		te_exit_if_postmaster_died();	/* each may open a file */
		taken[i] = judge(take, &assets[i], &last);
	}
	if (take->claim == NULL)
		return;
	settle_orphans(take->attachment, assets, taken, count);
	claim_states(take, assets, count, taken);
	insert_states(take, assets, count, taken);
}

int
te_claim_release(const char *state_table, int attachment, Oid key_type,
				 TeKey *keys, int count, int32 claim)
{
	Oid			type = te_key_state_type(key_type);
	TeArgs		args = {0};
	int			left;

	te_arg_int4(&args, attachment);
	te_arg(&args, te_key_array_type(type), te_key_array(type, keys, count));
	te_arg_int4(&args, claim);
	te_sql_as_extension(psprintf("UPDATE %s SET status = claimed_from, claimed_from = NULL, claim = NULL,"
								 " attempts = attempts - 1, version = version + 1"
								 " WHERE attachment = $1 AND id IN"
								 " (SELECT id FROM %s WHERE attachment = $1 AND id = ANY ($2)"
								 " AND claim = $3 FOR UPDATE SKIP LOCKED)", state_table, state_table),
						&args);

	left = (int) te_sql_as_extension(psprintf("SELECT id FROM %s WHERE attachment = $1"
											  " AND id = ANY ($2) AND claim = $3", state_table), &args);
	for (int i = 0; i < left; i++)
		te_out_key(i, 1, type, &keys[i]);
	te_sql_free();
	return left;
}
