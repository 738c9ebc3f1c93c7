/*
 * work.c
 *		Transactions of the background worker.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "pool.h"
#include "work.h"

static MemoryContext context = NULL;

void
te_work_reset(void)
{
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "thumbexif turn", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);
	MemoryContextReset(context);
}

void
te_work_begin(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	PortalContext = context;	/* where SPI puts its own, which an ERROR leaves there */
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	PushActiveSnapshot(GetTransactionSnapshot());
	MemoryContextSwitchTo(context);
}

void
te_work_end(void)
{
	if (ActiveSnapshotSet())
		PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}

ErrorData *
te_work_guarded(void (*function) (void *arg), void *arg)
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
