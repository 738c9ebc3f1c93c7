/*
 * attach_trigger.h
 *		Creates and drops the triggers of an attached table.
 *
 * Both functions are called inside SPI, with the extension's rights and the relation locked.
 */
#ifndef TE_PG_ATTACH_TRIGGER_H
#define TE_PG_ATTACH_TRIGGER_H

#include "postgres.h"

#include "utils/relcache.h"

#include "attach_check.h"

/*
 * Create or replace the triggers.  ERROR if the table has another trigger of the same name.  always: triggers of rows that fire
 * whatever session_replication_role is.  Triggers of the other kind must have been dropped.
 */
extern void te_attach_create_triggers(Relation relation, const TeMapping *mapping, bool always);

/* Drop all triggers that call our function, also renamed ones. */
extern void te_attach_drop_triggers(Oid relation);

#endif							/* TE_PG_ATTACH_TRIGGER_H */
