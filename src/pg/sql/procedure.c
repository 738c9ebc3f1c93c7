/*
 * procedure.c
 *		Argument checks and pipeline callbacks shared by the procedures that commit.
 */
#include "postgres.h"

#include "access/xact.h"
#include "nodes/parsenodes.h"

#include "procedure.h"

void
te_procedure_check(FunctionCallInfo fcinfo, const char *name)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		((CallContext *) fcinfo->context)->atomic || IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s cannot run inside a transaction block", name),
				 errdetail("It commits after each batch."),
				 errhint("Call it outside of BEGIN, not from a function or a block with EXCEPTION, and not together with other statements in one string.")));
}

void
te_procedure_not_null(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("parameter \"%s\" must not be NULL", name),
				 errhint("Omit the parameter to get its default.")));
}

void
te_procedure_written(void *progress, const TeJob *job)
{
	te_progress_add(progress, job);
}

void
te_procedure_batch(void *progress)
{
	te_progress_line(progress, false);
}
