/*
 * trigger.h
 *		What the trigger functions share.  Private to the files of triggers.
 */
#ifndef TE_PG_TRIGGER_H
#define TE_PG_TRIGGER_H

#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"

#include "tracked_table.h"

/* Execute a plan of the table, prepared at its first use.  Sets SPI_processed. */
extern void te_trigger_run_plan(TeTrackedTable *table, TePlanKind plan, Datum key, Datum new_key);

/* The key or the path of a row has changed: the trigger's WHEN has checked that. */
extern void te_trigger_row_updated(TeTrackedTable *table, TriggerData *trigger);

/* ERROR for a key that is NULL or too long: the column was NOT NULL when the table was attached. */
extern void te_trigger_refuse_key(const TeTrackedTable *table);

/* WARNING that a change is not tracked, since the key or the path is gone. */
extern void te_trigger_warn(const TeTrackedTable *table);

/* Run "work" before a transaction commits or is prepared, as a trigger would be: with the extension's rights, inside SPI, with a snapshot. */
extern void te_trigger_run_at_end(void (*work) (void));

/* Called as a trigger, call "keep", unless the extension is of another version. */
extern Datum te_trigger_called(FunctionCallInfo fcinfo, const char *name, void (*keep) (TriggerData *trigger));

#endif							/* TE_PG_TRIGGER_H */
