/*
 * worker_xact.c
 *		Transactions of the background worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "pg/pool/pool.h"
#include "worker_xact.h"

static MemoryContext context = NULL;	/* of the turn */

void
te_worker_xact_reset(void)
{
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "thumbexif turn", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	MemoryContextReset(context);
}

void
te_worker_xact_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PortalContext = context;	/* SPI allocates its contexts here; an ERROR leaves them to the reset */
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(context);
}

void
te_worker_xact_end(void)
{
	if (ActiveSnapshotSet())
		PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

ErrorData *
te_worker_xact_guarded(void (*function) (void *arg), void *arg)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		function(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		AbortCurrentTransaction();
		te_pool_reset();
		MemoryContextSwitchTo(context);
	}
	PG_END_TRY();
	return error;
}
