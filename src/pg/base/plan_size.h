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

#include "executor/spi.h"

/*
 * As SPI_execute_plan() without a limit, for a plan of one statement on our tables, or on one table of a user's, with its partitions.  The
 * planner assumes nothing for other statements, such as those of triggers that this one fires.
 */
extern int	te_plan_size_execute(SPIPlanPtr plan, Oid relation, Datum *values, const char *nulls, bool read_only);

/* The same, whose rows go to a receiver; NULL = to SPI_tuptable. */
extern int	te_plan_size_execute_to(DestReceiver *receiver, SPIPlanPtr plan, Oid relation,
									Datum *values, const char *nulls, bool read_only);

/* Install the hooks of the planner.  Called once, when the library is loaded. */
extern void te_plan_size_install(void);

#endif							/* TE_PG_PLAN_SIZE_H */
