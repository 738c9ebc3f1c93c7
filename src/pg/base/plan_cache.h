/*
 * plan_cache.h
 *		Cache of a session's plans.  Private to statement.c.
 */
#ifndef TE_PG_PLAN_CACHE_H
#define TE_PG_PLAN_CACHE_H

#include "postgres.h"

#include "statement.h"

/*
 * Run a statement within an SPI connection, preparing it if its plan is not cached.  The
 * result is in SPI_tuptable, or goes to the receiver. relation: the user's table of the statement, InvalidOid = the
 * extension's tables.
 */
extern uint64 te_plan_run(Oid relation, const char *sql, const TeArgs *args, bool read_only, DestReceiver *receiver);

#endif							/* TE_PG_PLAN_CACHE_H */
