/*
 * table_trigger.h
 *		Creates and drops the triggers of an attached table.
 *
 * All functions are called inside SPI, with the extension's rights and the relation locked.
 */
#ifndef TE_PG_TABLE_TRIGGER_H
#define TE_PG_TABLE_TRIGGER_H

#include "postgres.h"

#include "utils/relcache.h"

#include "key_columns.h"

typedef enum TeTriggerSet
{
	TE_TRIGGERS_TABLE = 1,		/* of an ordinary table: for each statement, with transition tables */
	TE_TRIGGERS_PARTITIONED = 2,	/* for each row: PostgreSQL makes the same ones in each partition, now and later */
	TE_TRIGGERS_PARTITION = 4	/* what a partition has beside these */
} TeTriggerSet;

/*
 * Create or replace the triggers of a table with this key and path.  ERROR if it has another trigger of the same name.
 * always: triggers of rows that fire whatever session_replication_role is.  Triggers of the other kind must have been dropped.
 */
extern void te_table_triggers_create(Relation relation, TeTriggerSet set, bool always, const TeKeyColumns *key, const char *path);

/* Has the user a trigger with the name of one of ours, which we must not replace?  Returns that name, or NULL. */
extern const char *te_table_triggers_taken(Oid relation, TeTriggerSet set);

/* Has an open table, or partition, a trigger of ours for inserted rows, which is not disabled?  Needs no SPI connection. */
extern bool te_table_triggers_tell_inserts(Relation relation);

/* Drop all triggers that call our functions, also renamed ones, except those that the triggers of a partitioned table have made. */
extern void te_table_triggers_drop(Oid relation);

#endif							/* TE_PG_TABLE_TRIGGER_H */
