/*
 * claim.c
 *		Claiming assets for processing, and releasing the claims.
 *
 * Locks: states are locked with SKIP LOCKED, rows of the user's table are not locked, and a missing state is inserted
 * with a short lock_timeout, because the insertion may wait for an uncommitted one of the same key.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"

#include "adopt.h"
#include "asset_files.h"
#include "claim.h"
#include "moved_state.h"
#include "orphan.h"
#include "pg/base/extension.h"
#include "pg/base/postmaster_alive.h"
#include "pg/base/run_as.h"
#include "pg/base/statement.h"
#include "pg/base/subtransaction.h"

/*
 * How long an insertion waits for an uncommitted one of the same key.  If a batch times out, its assets are tried one by
 * one with a shorter wait, since a mass UPDATE may hold all of them.
 */
#define INSERT_LOCK_TIMEOUT	"100ms"
#define SINGLE_LOCK_TIMEOUT	"2ms"

/* By row and state, and by the file where these do not tell. */
static bool
needs_processing(const TeClaimRequest *request, TeAsset *asset)
{
	if (te_stale_parts(asset, request->settings, request->parts, NULL) != 0)
		return true;
	if (asset->path == NULL || !(request->check_files || te_stale_depends_on_file(asset)))
		return false;
	if (te_asset_status(&asset->state) == TE_ASSET_MISSING)
		return true;			/* if only to schedule the next try */
	return te_stale_parts_by_files(asset, request->settings, request->parts) != 0;
}

/* TE_CLAIMED if the asset is to be claimed, otherwise why not. */
static TeClaimResult
evaluate(const TeClaimRequest *request, TeAsset *asset, TeAlive *last)
{
	if (asset->state.exists && asset->state.status == TE_ASSET_RUNNING &&
		te_claim_alive(last, asset->state.claim))
		return TE_CLAIM_BUSY;
	if (!asset->has_row)
		return TE_CLAIM_GONE;
	if (asset->state.exists && asset->state.status == TE_ASSET_QUEUED &&
		asset->state.finished_at >= request->since && asset->state.next_try > GetCurrentTimestamp())
		return TE_CLAIM_BUSY;	/* another session has just tried it */
	if (asset->path != NULL && te_source_is_held(asset->path))
		return TE_CLAIM_BUSY;	/* its root is held off */
	return needs_processing(request, asset) ? TE_CLAIMED : TE_CLAIM_NOT_NEEDED;
}

/* Change the state as the claim does. */
static void
mark_running(TeState *state, int32 claim)
{
	if (!state->exists)
		state->attempts = 1;
	else if (state->status == TE_ASSET_RUNNING)
		state->interruptions++; /* its attempt is counted already */
	else
	{
		/* a final state starts over */
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

/* Insert the states of assets that have none.  An asset whose state exists by now is marked busy. */
static void
insert_batch(const TeClaimRequest *request, TeAsset **assets, TeClaimResult **results, int count)
{
	const TeAttachment *attachment = request->attachment;
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
	te_arg_int4(&args, request->claim->number);
	te_arg(&args, te_key_array_type(type), te_key_array(type, keys, count));
	inserted = te_sql(sql, &args);

	/* rows are returned in the order of the keys */
	for (int i = 0, row = 0; i < count; i++)
	{
		TeKey		key;

		if (row < (int) inserted)
			te_out_key(row, 1, type, &key);
		if (row < (int) inserted && te_key_compare(attachment->key_type, &key, &assets[i]->key) == 0)
		{
			mark_running(&assets[i]->state, request->claim->number);
			assets[i]->state.version = te_out_int(row++, 2, 0);
		}
		else
			*results[i] = TE_CLAIM_BUSY;
	}
	te_sql_free();
	pfree(sql);
	pfree(keys);
}

typedef struct Insertion
{
	const TeClaimRequest *request;
	TeAsset   **assets;
	TeClaimResult **results;
	int			count;
} Insertion;

static void
insert_as_extension(void *arg)
{
	Insertion  *insertion = arg;
	TeRunAs		save;

	te_run_as_extension(&save);
	insert_batch(insertion->request, insertion->assets, insertion->results, insertion->count);
	te_run_as_end(&save);
}

/*
 * The same with a lock_timeout and in a subtransaction.  False if it had to wait too long for an uncommitted insertion.
 */
static bool
try_insert(const TeClaimRequest *request, TeAsset **assets, TeClaimResult **results, int count)
{
	Insertion	insertion = {request, assets, results, count};

	return te_subtransaction_short_waits(insert_as_extension, &insertion, count > 1 ? INSERT_LOCK_TIMEOUT : SINGLE_LOCK_TIMEOUT);
}

static void
insert_states(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results)
{
	TeAsset   **new_assets = palloc(sizeof(TeAsset *) * Max(count, 1));
	TeClaimResult **new_results = palloc(sizeof(TeClaimResult *) * Max(count, 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (results[i] == TE_CLAIMED && !assets[i].state.exists)
		{
			new_assets[n] = &assets[i];
			new_results[n++] = &results[i];
		}
	}
	if (n > 0 && !try_insert(request, new_assets, new_results, n))
	{
		for (int i = 0; i < n; i++)
		{
			if (!try_insert(request, &new_assets[i], &new_results[i], 1))
				*new_results[i] = TE_CLAIM_BUSY;
		}
	}
	pfree(new_assets);
	pfree(new_results);
}

/* Set states that are locked to running. */
static void
update_states(const TeClaimRequest *request, TeAsset **assets, int count)
{
	const TeAttachment *attachment = request->attachment;
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	Datum	   *from = palloc(sizeof(Datum) * count);
	Datum	   *attempts = palloc(sizeof(Datum) * count);
	Datum	   *interruptions = palloc(sizeof(Datum) * count);
	TeArgs		args = {0};
	char	   *sql;

	for (int i = 0; i < count; i++)
	{
		TeState    *state = &assets[i]->state;

		mark_running(state, request->claim->number);
		keys[i] = assets[i]->key;
		from[i] = CStringGetTextDatum(te_asset_status_name(state->claimed_from));
		attempts[i] = Int32GetDatum(state->attempts);
		interruptions[i] = Int32GetDatum(state->interruptions);
	}
	sql = psprintf("UPDATE %s AS s SET status = 'running', claimed_from = ($4)[n]::%s, claim = $7,"
				   " version = s.version + 1, attempts = ($5)[n], interruptions = ($6)[n] FROM " TE_STATE_KEYS_SQL,
				   attachment->state, te_internal_name("thumbexif_asset_status"));
	te_arg_state_keys(&args, attachment, keys, count);
	te_arg_array(&args, TEXTOID, from, NULL, count);
	te_arg_array(&args, INT4OID, attempts, NULL, count);
	te_arg_array(&args, INT4OID, interruptions, NULL, count);
	te_arg_int4(&args, request->claim->number);
	te_sql_by_index(sql, &args);
}

/*
 * Lock the states of the assets to be claimed, and set them to running.  A state that has changed since it was read is left
 * alone.  Lock only what we claim: owners write with SKIP LOCKED and would otherwise have to release the asset.
 */
static void
claim_states(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results)
{
	TeAsset   **claimed = palloc(sizeof(TeAsset *) * Max(count, 1));
	TeKey	   *keys = palloc(sizeof(TeKey) * Max(count, 1));
	int64	   *versions = palloc(sizeof(int64) * Max(count, 1));
	bool	   *locked = palloc(sizeof(bool) * Max(count, 1));
	int			n = 0;
	int			m = 0;

	for (int i = 0; i < count; i++)
	{
		if (results[i] != TE_CLAIMED || !assets[i].state.exists)
			continue;
		keys[n] = assets[i].key;
		versions[n++] = assets[i].state.version;
	}
	if (n > 0)
		te_states_lock(request->attachment, keys, versions, n, locked);
	n = 0;
	for (int i = 0; i < count; i++)
	{
		if (results[i] != TE_CLAIMED || !assets[i].state.exists)
			continue;
		if (locked[n++])
			claimed[m++] = &assets[i];
		else
			results[i] = TE_CLAIM_BUSY;
	}
	if (m > 0)
		update_states(request, claimed, m);
	pfree(claimed);
	pfree(keys);
	pfree(versions);
	pfree(locked);
}

/* Of the assets that are not claimed: clear claims of dead owners, and delete states without a row. */
static void
clear_orphans(const TeAttachment *attachment, const TeAsset *assets, const TeClaimResult *results, int count)
{
	const TeAsset **released = palloc(sizeof(TeAsset *) * Max(count, 1));
	const TeAsset **gone = palloc(sizeof(TeAsset *) * Max(count, 1));
	int			num_released = 0;
	int			ngone = 0;
	int64		left = 0;

	for (int i = 0; i < count; i++)
	{
		const TeState *state = &assets[i].state;

		/* if the owner were alive, evaluate() would have said busy */
		if (results[i] == TE_CLAIM_NOT_NEEDED && state->exists && state->status == TE_ASSET_RUNNING)
			released[num_released++] = &assets[i];
		else if (results[i] == TE_CLAIM_GONE && state->exists &&
				 (state->status == TE_ASSET_RUNNING || state->status == TE_ASSET_QUEUED ||
				  state->status == TE_ASSET_MISSING))
			gone[ngone++] = &assets[i];
	}
	if (num_released > 0)
		te_orphans_release(attachment, released, num_released);
	/* triggers were off when the row was deleted; if it is inserted again, it is new */
	ngone = te_moved_states(attachment, gone, ngone, &left);
	if (ngone > 0)
		te_orphans_delete(attachment, gone, ngone);
	pfree(released);
	pfree(gone);
}

/*
 * Of the assets to be claimed: let those without state that name the file made for them have it.  Others that name a file of ours get a
 * new one.
 */
static void
adopt_files(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results, TeAlive *last)
{
	TeAsset   **named = palloc(sizeof(TeAsset *) * Max(count, 1));
	TeAdoption *adopted = palloc(sizeof(TeAdoption) * Max(count, 1));
	int			n = 0;

	for (int i = 0; i < count; i++)
	{
		if (results[i] == TE_CLAIMED && !assets[i].state.exists && te_asset_files_own_name(&assets[i]) != NULL && te_may_adopt_own(&assets[i]))
			named[n++] = &assets[i];
	}
	if (n > 0)
		te_adopt(request->attachment, request->settings, named, n, adopted);
	for (int i = 0; i < n; i++)
	{
		if (adopted[i] != TE_ADOPT_DONE)
			continue;
		te_assets_fill_states(request->attachment, named[i], 1, TE_STATE_READ);
		results[named[i] - assets] = evaluate(request, named[i], last);
	}
	pfree(named);
	pfree(adopted);
}

/* Claim assets whose rows and states have been read. */
static void
claim_read(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results)
{
	TeAlive		last = {0};

	for (int i = 0; i < count; i++)
	{
		te_exit_if_postmaster_died();	/* evaluating may open a file */
		results[i] = evaluate(request, &assets[i], &last);
	}
	if (request->claim == NULL)
		return;
	adopt_files(request, assets, count, results, &last);
	clear_orphans(request->attachment, assets, results, count);
	claim_states(request, assets, count, results);
	insert_states(request, assets, count, results);
}

/* Read rows and states. */
static void
read_assets(const TeAttachment *attachment, TeAsset *assets, int count)
{
	/* states first, so that a row is not older than its state unless the state changes, which the version tells */
	te_assets_fill_states(attachment, assets, count, TE_STATE_READ);
	te_assets_fill_rows(attachment, assets, count);
	te_attachment_check_same(attachment);	/* reading the rows has locked the table */
}

/* Read assets that were not claimed again, and claim those whose states have changed since they were read. */
static void
claim_changed(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results)
{
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	TeAsset    *now = palloc(sizeof(TeAsset) * count);
	int		   *places = palloc(sizeof(int) * count);
	TeClaimResult *new_results = palloc(sizeof(TeClaimResult) * count);
	int			busy = 0;
	int			changed = 0;

	for (int i = 0; i < count; i++)
	{
		if (results[i] != TE_CLAIM_BUSY)
			continue;
		keys[busy] = assets[i].key;
		places[busy++] = i;
	}
	if (busy > 0)
	{
		te_assets_of_keys(request->attachment, keys, busy, now);
		read_assets(request->attachment, now, busy);
	}
	for (int i = 0; i < busy; i++)
	{
		const TeState *before = &assets[places[i]].state;

		if (now[i].state.exists == before->exists && now[i].state.version == before->version)
			continue;			/* it is locked, or its root is held off */
		places[changed] = places[i];
		now[changed++] = now[i];
	}
	claim_read(request, now, changed, new_results);
	for (int i = 0; i < changed; i++)
	{
		assets[places[i]] = now[i];
		results[places[i]] = new_results[i];
	}
	pfree(keys);
	pfree(now);
	pfree(places);
	pfree(new_results);
}

void
te_claim_assets(const TeClaimRequest *request, TeAsset *assets, int count, TeClaimResult *results)
{
	if (request->known)
	{
		LockRelationOid(request->attachment->relation, AccessShareLock);
		te_attachment_check_same(request->attachment);
	}
	else
		read_assets(request->attachment, assets, count);
	claim_read(request, assets, count, results);
	if (request->known && request->claim != NULL)
		claim_changed(request, assets, count, results);
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
