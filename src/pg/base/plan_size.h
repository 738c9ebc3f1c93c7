/*
 * plan_size.h
 *		Lets the planner assume that our tables, and users' tables when we read them, are large.
 *
 * Plans are kept for a session.  One that was made while a table was nearly empty would read all of it for each batch when
 * it has millions of rows: a backfill that begins with an empty state table makes it so large itself.
 */
#ifndef TE_PG_PLAN_SIZE_H
#define TE_PG_PLAN_SIZE_H

#include "postgres.h"

/* The user's table that the statement being run accesses, for which the same holds; InvalidOid = none. */
extern Oid	te_plan_size_relation;

/* Install the hook of the planner.  Called once, when the library is loaded. */
extern void te_plan_size_install(void);

#endif							/* TE_PG_PLAN_SIZE_H */
