/*
 * table_health.h
 *		Failures of whole tables in the background worker: waits, pauses and their end.
 */
#ifndef TE_PG_TABLE_HEALTH_H
#define TE_PG_TABLE_HEALTH_H

#include "postgres.h"

#include "worker_table.h"

/*
 * A turn ended with an ERROR: suspend the table, for a time that grows up to a minute, and give a WARNING unless one was given
 * for this error.  lasting: the error persists until the table's owner acts, so pause the table.  Runs transactions.
 */
extern void te_table_health_failed(TeWorkerTable *table, const char *name, const ErrorData *error, bool lasting);

/* A turn succeeded: if the table was suspended, log the end of that. */
extern void te_table_health_recovered(TeWorkerTable *table, const char *name);

/* Is any table suspended after an ERROR? */
extern bool te_table_health_any_failing(void);

/* Resume a table that te_table_health_failed() has paused, if the cause is gone.  Returns whether it was resumed. */
extern bool te_table_health_resume(TeWorkerTable *table, const TeAttachment *attachment);

/* Suspend tables on which workers crashed, with a backoff per crash.  Called once, when the worker starts. */
extern void te_table_health_load_crashes(void);

/* Record the attachment whose turn begins (0: it ends), so that the next worker knows if this one dies. */
extern void te_table_health_set_at_work(int number);

#endif							/* TE_PG_TABLE_HEALTH_H */
