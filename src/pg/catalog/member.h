/*
 * member.h
 *		Members of attached tables: the tables that have the rows of one that has none itself.
 *
 * What kind of members an attached table has, its own kind tells: those of a partitioned table are its leaves, those of a distributed
 * table its shards on this node, or the shards of its leaves.
 */
#ifndef TE_PG_MEMBER_H
#define TE_PG_MEMBER_H

#include "postgres.h"

#include "attachment.h"
#include "table_trigger.h"

/* The relations (List of OIDs) that ought to be members of an attached table now.  Needs no lock; some may be dropped meanwhile. */
extern List *te_member_relations(const TeAttachment *parent);

/* The relations (List of OIDs) that are recorded as members; some may be dropped.  Inside SPI. */
extern List *te_member_recorded(const TeAttachment *parent);

/* The members of a table, or if it has none, itself alone. */
extern List *te_member_tables(TeAttachment *attachment);

/*
 * The tables that have the thumbnail folder of this one, itself among them: of a partition, all partitions.  A shard has its own, with partitions those of the same
 * shard of the partitioned table.
 */
extern List *te_member_tables_of_folder(const TeAttachment *attachment);

/*
 * The triggers that are made on a member.  A partition has those for rows of the table above it.  The shard of a partition has its own: on the shard
 * above it they could not be made if one of its partitions takes none, as a columnar one.
 */
extern TeTriggerSet te_member_triggers(const TeAttachment *parent);

/* The same attachment for statements of users, which are about the table that was named. */
extern TeAttachment *te_member_for_user(const TeAttachment *attachment);

/*
 * A table that may have been a member, and have rows that name thumbnails: the attachment of a member as that of this table (List of TeAttachment *), once
 * for each column that may have their paths.  That is the column of the member.  If there is none of that name, it may have been renamed: then each that has texts,
 * if the table has columns of the types of the key as well.  For te_rows_naming() only, since no other column need be there.
 */
extern List *te_member_once(const TeAttachment *member, Oid relation);

/* ERROR if it is a member: some things are done to all of them at once. */
extern void te_member_refuse(const TeAttachment *attachment);

/* The numbers of an attachment and its members, as the text of an array. */
extern char *te_member_numbers(const TeAttachment *attachment);

/* For SQL: the numbers of an attachment and its members. */
extern char *te_member_numbers_sql(int number);

#endif							/* TE_PG_MEMBER_H */
