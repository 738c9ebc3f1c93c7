/*
 * attach_trigger.h
 *		The triggers that an attached table gets, and their end when it is detached.
 *
 * Both are called inside SPI, with the extension's rights, with the relation locked.
 */
#ifndef TE_PG_ATTACH_TRIGGER_H
#define TE_PG_ATTACH_TRIGGER_H

#include "postgres.h"

#include "utils/relcache.h"

#include "attach_check.h"

/* Create the triggers, or replace them.  ERROR if the table has one of the same name of its own. */
extern void te_attach_create_triggers(Relation relation, const TeMapping *mapping);

/* Drop the triggers that call our function, whatever they are called by now, and no others. */
extern void te_attach_drop_triggers(Oid relation);

#endif							/* TE_PG_ATTACH_TRIGGER_H */
