/*
 * procedure.h
 *		What the procedures that commit have in common.
 */
#ifndef TE_PG_PROCEDURE_H
#define TE_PG_PROCEDURE_H

#include "postgres.h"

#include "fmgr.h"

#include "pg/catalog/attachment.h"
#include "progress.h"

/* ERROR with a hint unless CALLed where it may commit: not in a transaction block nor from an atomic function. */
extern void te_procedure_check(FunctionCallInfo fcinfo, const char *name);

/*
 * The attachment to work on: ERROR unless the caller has its owner's rights and the owner's
 * statements see all rows; and, unless it is a dry run, if thumbnails cannot be stored.
 */
extern TeAttachment *te_table_access(Oid relation, int parts, bool dry_run);

/* ERROR for an argument that must not be NULL. */
extern void te_procedure_not_null(FunctionCallInfo fcinfo, int argument, const char *name);

/* For TePipelineOptions: count and tell; the argument begins with a TeProgress. */
extern void te_procedure_written(void *progress, const TeJob *job);
extern void te_procedure_batch(void *progress);

#endif							/* TE_PG_PROCEDURE_H */
