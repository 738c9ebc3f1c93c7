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

/* What the statement that is being run accesses; the planner assumes nothing for statements of users. */
typedef struct TePlanSize
{
	bool		ours;			/* our tables */
	Oid			relation;		/* or this table of a user's */
} TePlanSize;

/* Set it; returns what it was, to be set again.  An ERROR in between must do that, too. */
extern TePlanSize te_plan_size_set(TePlanSize size);

/* Install the hook of the planner.  Called once, when the library is loaded. */
extern void te_plan_size_install(void);

#endif							/* TE_PG_PLAN_SIZE_H */
