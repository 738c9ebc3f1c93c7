/*
 * orphan.c
 *		Assets whose claim's owner has died (orphans).
 *
 * A claim ends with its lock, and the states it marked stay "running".  They are read page by page and once in a pass, so
 * that one that cannot be claimed (its row is locked, say) does not block the next.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "claim_lock.h"
#include "orphan.h"
#include "pg/base/statement.h"
#include "pg/catalog/asset_state.h"

/* The dead claims of a table from a number on, as an array; NULL if there are none. */
static ArrayType *
dead_claims(const TeAttachment *attachment, int32 from)
{
	TeArgs		args = {0};
	TeAlive		last = {0};
	Datum	   *dead;
	int			count,
				n = 0;

	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, from);
	count = (int) te_sql_by_index(psprintf("SELECT DISTINCT claim FROM %s WHERE attachment = $1"
										   " AND status = 'running' AND claim >= $2", attachment->state), &args);
	dead = palloc(sizeof(Datum) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		int32		claim = (int32) te_out_int(i, 1, 0);

		if (!te_claim_alive(&last, claim))
			dead[n++] = Int32GetDatum(claim);
	}
	te_sql_free();
	if (n == 0)
		return NULL;
	return construct_array(dead, n, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}

int
te_orphans_read(const TeAttachment *attachment, TeOrphanKind kind, TeOrphanPlace *place, TeKey *keys, int max_keys)
{
	static const char *const filter[] = {
		[TE_ORPHANS_FIRST] = " AND interruptions = 0",
		[TE_ORPHANS_REPEATED] = " AND interruptions > 0",
		[TE_ORPHANS_ALL] = "",
	};
	Oid			type = te_key_state_type(attachment->key_type);
	ArrayType  *dead = dead_claims(attachment, place->claim);
	TeArgs		args = {0};
	int			count;

	if (dead == NULL)
		return 0;
	te_arg_int4(&args, attachment->number);
	te_arg_int4(&args, max_keys);
	te_arg(&args, INT4ARRAYOID, PointerGetDatum(dead));
	te_arg_int4(&args, place->claim);
	te_arg(&args, type, te_key_datum(type, &place->key));

	/* materialized: a plan in the order of the keys would read the whole table */
	count = (int) te_sql_by_index(psprintf("WITH orphan AS MATERIALIZED (SELECT claim, id FROM %s"
										   " WHERE attachment = $1 AND status = 'running' AND claim = ANY ($3)"
										   " AND (claim > $4 OR id > $5)%s)"
										   " SELECT claim, id FROM orphan ORDER BY claim, id LIMIT $2",
										   attachment->state, filter[kind]), &args);
	for (int i = 0; i < count; i++)
		te_out_key(i, 2, type, &keys[i]);
	if (count > 0)
	{
		place->claim = (int32) te_out_int(count - 1, 1, 0);
		place->key = keys[count - 1];
	}
	te_sql_free();
	return count;
}

/*
 * The rest of an UPDATE or DELETE of the state table (alias s), after FROM or USING: it restricts the statement to
 * the states of these assets that are neither locked nor changed.  Fills its parameters.
 */
static char *
unlocked_states(const TeAttachment *attachment, const TeAsset **assets, int count, TeArgs *args)
{
	Oid			type = te_key_state_type(attachment->key_type);
	TeKey	   *keys = palloc(sizeof(TeKey) * count);
	int64	   *versions = palloc(sizeof(int64) * count);

	for (int i = 0; i < count; i++)
	{
		keys[i] = assets[i]->key;
		versions[i] = assets[i]->state.version;
	}
	te_arg_int4(args, attachment->number);
	te_arg(args, te_key_array_type(type), te_key_array(type, keys, count));
	te_arg_int8_array(args, versions, count);
	pfree(keys);
	pfree(versions);
	return psprintf("(SELECT t.id FROM %s AS t, unnest($2, $3) AS w (id, version)"
					" WHERE t.attachment = $1 AND t.id = w.id AND t.version = w.version"
					" FOR UPDATE OF t SKIP LOCKED) AS unlocked WHERE s.attachment = $1 AND s.id = unlocked.id",
					attachment->state);
}

void
te_orphans_release(const TeAttachment *attachment, const TeAsset **assets, int count)
{
	TeArgs		args = {0};

	te_sql_as_extension(psprintf("UPDATE %s AS s SET status = s.claimed_from, claimed_from = NULL, claim = NULL,"
								 " attempts = greatest(s.attempts - 1, 0), interruptions = s.interruptions + 1,"
								 " version = s.version + 1 FROM %s",
								 attachment->state, unlocked_states(attachment, assets, count, &args)), &args);
}

void
te_orphans_delete(const TeAttachment *attachment, const TeAsset **assets, int count)
{
	TeArgs		args = {0};
	char	   *states = unlocked_states(attachment, assets, count, &args);

	te_sql_as_extension(te_asset_state_delete_sql(attachment->state, psprintf("USING %s", states)), &args);
}
