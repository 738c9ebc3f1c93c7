/*
 * procedure.h
 *		Argument checks and pipeline callbacks shared by the procedures that commit.
 */
#ifndef TE_PG_PROCEDURE_H
#define TE_PG_PROCEDURE_H

#include "postgres.h"

#include "fmgr.h"

#include "progress.h"

/* ERROR unless called where it may commit: neither in a transaction block nor from a function. */
extern void te_procedure_check(FunctionCallInfo fcinfo, const char *name);

/* ERROR if the argument is NULL. */
extern void te_procedure_not_null(FunctionCallInfo fcinfo, int argument, const char *name);

/* Callbacks for TePipelineOptions, which count and report.  The argument points to a struct whose first member is a TeProgress. */
extern void te_procedure_written(void *progress, const TeJob *job);
extern void te_procedure_batch(void *progress);

#endif							/* TE_PG_PROCEDURE_H */
