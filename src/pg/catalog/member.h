/*
 * member.h
 *		Members of attached tables: the tables that have the rows of one that has none itself.
 *
 * What kind of members an attached table has, its own kind tells: those of a partitioned table are its leaves.
 */
#ifndef TE_PG_MEMBER_H
#define TE_PG_MEMBER_H

#include "postgres.h"

#include "attachment.h"

/* The relations (List of OIDs) that ought to be members of an attached table now.  Needs no lock; some may be dropped meanwhile. */
extern List *te_member_relations(const TeAttachment *parent);

/* The members of a table, or if it has none, itself alone. */
extern List *te_member_tables(TeAttachment *attachment);

/* The tables that have the thumbnail folder of this one, itself among them: of a partition, all partitions.  A shard has its own. */
extern List *te_member_tables_of_folder(const TeAttachment *attachment);

/* The same attachment for statements of users, which are about the table that was named. */
extern TeAttachment *te_member_for_user(const TeAttachment *attachment);

/* ERROR if it is a member: some things are done to all of them at once. */
extern void te_member_refuse(const TeAttachment *attachment);

/* The numbers of an attachment and its members, as the text of an array. */
extern char *te_member_numbers(const TeAttachment *attachment);

/* For SQL: the numbers of an attachment and its members. */
extern char *te_member_numbers_sql(int number);

#endif							/* TE_PG_MEMBER_H */
