/*
 * shard_change.c
 *		Notices, in the transaction that tells a node of a Citus cluster so, that shards have come or gone.
 *
 * Citus marks the table as changed in the relation cache when it changes its shards, as ALTER TABLE does.  That mark is all that is seen here; whether
 * it was about shards a look at Citus' catalogs tells.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/inval.h"

#include "pg/base/extension.h"
#include "pg/catalog/citus.h"
#include "pg/catalog/member_change.h"
#include "pg/files/cluster_folder.h"
#include "pg/shared/shmem.h"
#include "pg/shared/wakeup.h"
#include "shard_change.h"

static bool relations_changed = false;	/* perhaps by this transaction */

/* Sessions, and workers of Citus that move shards; neither VACUUM, which changes relations all the time, nor our own worker. */
static bool
is_watched(void)
{
	return MyBackendType == B_BACKEND ||
		(MyBackendType == B_BG_WORKER && strcmp(MyBgworkerEntry->bgw_library_name, "thumbexif") != 0);
}

/* Relcache callback.  Also called for what other transactions have done. */
static void
relation_changed(Datum arg, Oid relation)
{
	if (!TransactionIdIsValid(GetTopTransactionIdIfAny()) || !is_watched())
		return;
	relations_changed = true;
	te_wake_at_commit();		/* a node may have joined the cluster, too */
}

void
te_shard_change_install(void)
{
	/* whoever has Citus has preloaded it */
	if (shared_preload_libraries_string != NULL && strstr(shared_preload_libraries_string, "citus") != NULL)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

void
te_shard_change_before_commit(void)
{
	char		cluster[TE_FOLDER_NAME_SIZE];
	TeExtension extension;
	TeMemberChange change = {0};

	if (!relations_changed)
		return;
	relations_changed = false;
	if (!IsTransactionState() || !te_shmem_may_serve(MyDatabaseId) || !te_citus_is_installed() ||
		!te_extension_find(&extension) || !te_cluster_folder_name(cluster))
		return;
	SPI_connect();
	te_members_update_all(TE_MEMBERS_OF_COMMAND, &change);
	SPI_finish();
	if (change.attached > 0 || change.released > 0 || change.left)
		te_wake_at_commit();
}
