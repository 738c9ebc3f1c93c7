/*
 * dropped_table.h
 *		Attached tables that are dropped: by their user, or by Citus, which converts a table by copying its rows into another one.
 *
 * undistribute_table(), alter_distributed_table() and the like make another table, copy the rows, drop the table, and give its name to the
 * other one, in one transaction.  Then the attachment is that of the other table, with its mapping; rows that have a
 * thumbnail go on naming its file.  On the other nodes of a cluster, what the coordinator has them do looks like commands of a user.
 */
#ifndef TE_PG_DROPPED_TABLE_H
#define TE_PG_DROPPED_TABLE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * A command has dropped an attached relation, whose name is given (quoted, with its schema).  Forgets the attachment, and lists its
 * files for removal, or keeps it for the table that gets that name.  Inside SPI.
 */
extern void te_dropped_table(int attachment, Oid relation, const char *name);

/* Delete an attachment whose table was dropped, with its state rows, and list its files for removal.  Those of a shard stay.  Inside SPI. */
extern void te_dropped_attachment_forget(int attachment);

/*
 * A command has made or changed these relations (List of OIDs): has one of them got the name of a table that this transaction has
 * dropped?  Then it has its attachment, and the worker has work.  Inside SPI.
 */
extern bool te_dropped_table_replaced(List *relations);

/* Forget the attachments that were kept, and that no table has taken.  The files stay, since rows of another table may name them.  Inside SPI. */
extern void te_dropped_tables_forget(void);

/* The attachment that is kept for a table with this name; 0 = none.  Inside SPI. */
extern int	te_dropped_table_find(const char *name);

#endif							/* TE_PG_DROPPED_TABLE_H */
