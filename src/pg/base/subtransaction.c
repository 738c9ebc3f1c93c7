/*
 * subtransaction.c
 *		Running a function in a subtransaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/guc.h"
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
te_subtransaction_short_waits(void (*function) (void *arg), void *arg, const char *lock_timeout)
{
	int			nest_level = NewGUCNestLevel();
	ErrorData  *error;

	set_config_option("lock_timeout", lock_timeout, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	error = te_subtransaction(function, arg);
	AtEOXact_GUC(true, nest_level);
	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE && error->sqlerrcode != ERRCODE_T_R_DEADLOCK_DETECTED)
		ReThrowError(error);
	FreeErrorData(error);
	return false;
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
