/*
 * hierarchy.h
 *		Where attached tables stand among partitions and tables that inherit.
 */
#ifndef TE_PG_HIERARCHY_H
#define TE_PG_HIERARCHY_H

#include "postgres.h"

#include "attachment.h"

/*
 * ERROR if the table cannot be processed now: a member that is none any more, or another table that has joined a hierarchy.
 * Reads pg_inherits because the cached flags may be stale: the command that changes the hierarchy wakes the worker before
 * its invalidations arrive.
 */
extern void te_hierarchy_check(const TeAttachment *attachment);

/* Is a relation a partition below another one?  Needs no lock. */
extern bool te_hierarchy_is_below(Oid relation, Oid ancestor);

/* The table at the top of the partitions to which a relation belongs; itself if it is none. */
extern Oid	te_hierarchy_top(Oid relation);

#endif							/* TE_PG_HIERARCHY_H */
