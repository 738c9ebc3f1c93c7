/*
 * claim_lock.c
 *		The lock that proves that the owner of a claim is alive.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/lsyscache.h"

#include "claim_lock.h"
#include "pg/base/extension.h"
#include "pg/base/statement.h"

static int32 own_number;		/* of this session's claim, 0 = none */

static void
claim_tag(LOCKTAG *tag, Oid class, int32 number)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, class, (uint32) number, 0);
}

/* The state table's oid, part of the lock of every claim. */
static Oid
claim_class(void)
{
	TeExtension extension;

	te_extension_get(&extension);
	return get_relname_relid("thumbexif_asset", extension.schema);
}

void
te_claim_begin(TeClaim *claim)
{
	TeExtension extension;
	TeArgs		args = {0};
	LOCKTAG		tag;

	te_extension_get(&extension);
	claim->class = claim_class();
	te_arg(&args, REGCLASSOID,
		   ObjectIdGetDatum(get_relname_relid("thumbexif_claim_seq", extension.schema)));
	do
	{
		/* the sequence cycles: a number may still be in use after two billion others */
		te_sql_as_extension("SELECT nextval($1)", &args);
		claim->number = (int32) te_out_int(0, 1, 0);
		te_sql_free();
		claim_tag(&tag, claim->class, claim->number);
	} while (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL);
	own_number = claim->number;
}

void
te_claim_keep(const TeClaim *claim)
{
	LOCKTAG		tag;

	claim_tag(&tag, claim->class, claim->number);
	if (LockAcquire(&tag, ExclusiveLock, true, false) != LOCKACQUIRE_OK)
		LockRelease(&tag, ExclusiveLock, true); /* was held already: once is enough */
}

void
te_claim_end(TeClaim *claim)
{
	LOCKTAG		tag;

	if (claim->number == 0)
		return;
	te_claim_keep(claim);		/* an ERROR may have released it */
	claim_tag(&tag, claim->class, claim->number);
	LockRelease(&tag, ExclusiveLock, true);
	claim->number = 0;
	own_number = 0;
}

bool
te_claim_alive(TeAlive *last, int32 number)
{
	LOCKTAG		tag;

	if (number == own_number && number != 0)
		return true;
	if (!OidIsValid(last->class))
		last->class = claim_class();
	else if (last->number == number)
		return last->alive;

	/* shared, so that two concurrent tests do not take each other for the owner */
	claim_tag(&tag, last->class, number);
	last->number = number;
	last->alive = LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL;
	if (!last->alive)
		LockRelease(&tag, ShareLock, false);
	return last->alive;
}
