/*
 * procedure.h
 *		What the procedures that commit have in common.
 */
#ifndef TE_PG_PROCEDURE_H
#define TE_PG_PROCEDURE_H

#include "postgres.h"

#include "fmgr.h"

#include "progress.h"

/* ERROR with a hint unless CALLed where it may commit: not in a transaction block nor from an atomic function. */
extern void te_procedure_check(FunctionCallInfo fcinfo, const char *name);

/* ERROR for an argument that must not be NULL. */
extern void te_procedure_not_null(FunctionCallInfo fcinfo, int argument, const char *name);

/* For TePipelineOptions: count and tell; the argument begins with a TeProgress. */
extern void te_procedure_written(void *progress, const TeJob *job);
extern void te_procedure_batch(void *progress);

#endif							/* TE_PG_PROCEDURE_H */
