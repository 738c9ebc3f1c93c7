/*
 * subtransaction.c
 *		Running a function in a subtransaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "subtransaction.h"

ErrorData *
te_subtransaction(void (*function) (void *arg), void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		function(arg);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return error;
}

bool
te_error_by_interrupts(const ErrorData *error)
{
	return error->funcname != NULL && strcmp(error->funcname, "ProcessInterrupts") == 0;
}

bool
te_error_is_interrupt(const ErrorData *error)
{
	return te_error_by_interrupts(error) && error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE;
}
