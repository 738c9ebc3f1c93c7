/*
 * plan.h
 *		The plans of SQL statements that a session keeps.  Private to statement.c.
 */
#ifndef TE_PG_PLAN_H
#define TE_PG_PLAN_H

#include "postgres.h"

#include "statement.h"

/*
 * Run a statement inside of SPI, planning it first if its plan is not kept; what it gave is in SPI_tuptable.
 * relation: the user's table it is on, InvalidOid = our own.
 */
extern uint64 te_plan_run(Oid relation, const char *sql, const TeArgs *args);

#endif							/* TE_PG_PLAN_H */
