/*
 * copies.h
 *		Writing rows of which each node of a Citus cluster has a copy: those of reference tables.
 *
 * One node processes them (catalog/citus.h).  What it writes goes to all copies in one transaction, since the UPDATE names the table
 * instead of the copy here.  Statements that change such rows first lock all of the table's rows, on another node, and then each row.
 * What locks rows in another order may make them wait for ever, for no node sees both waits.
 */
#ifndef TE_PG_COPIES_H
#define TE_PG_COPIES_H

#include "postgres.h"

#include "job.h"
#include "pg/base/statement.h"

/*
 * Before rows and states are locked in a transaction that is to write rows: wait until no other transaction changes or deletes rows of the
 * table, and keep others from it until this one ends.  Does nothing for tables without copies.  As the owner or the current user.
 * ERROR if a node that has a copy does not answer, and in the worker if that takes long.  Inside SPI.
 */
extern void te_copies_lock(const TeAttachment *attachment, bool as_caller);

/*
 * Of rows that are locked: is each of them, with the same path, in all copies?  Nodes commit one after the other, or after a crash only when Citus
 * has made up for it, and an UPDATE passes over copies that are behind.  Returns the name of a node where some are not, or NULL, and sets
 * behind[] for these.  ERROR if a node does not answer.  Inside SPI.
 */
extern const char *te_copies_behind(TeJob *const *jobs, int count, bool *behind);

/* Remove from the array jobs whose rows are not in all copies, and release these.  Returns how many are left. */
extern int	te_copies_keep(TeJob **jobs, int count);

/* Run the UPDATE of te_row_update_sql(), of any table, as the owner or the current user.  Inside SPI. */
extern uint64 te_copies_update(const TeAttachment *attachment, bool as_caller, const char *sql, const TeArgs *args);

/* Does an ERROR of te_copies_update() tell of the cluster's trouble, rather than that a row was refused? */
extern bool te_copies_error(const TeAttachment *attachment, const ErrorData *error);

#endif							/* TE_PG_COPIES_H */
