/*
 * portion.h
 *		A portion of a procedure's work that another node of a Citus cluster does, and what it tells the coordinator of it.
 *
 * The answer is a text of JSON: counts, and the failures that are to be reported, since nobody would see a WARNING of the node's.
 */
#ifndef TE_PG_PORTION_H
#define TE_PG_PORTION_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "cluster.h"
#include "progress.h"

typedef struct TePortion
{
	TeProgress	progress;		/* must be first: see procedure.h */
	StringInfoData failures;	/* the first ones, as members of a JSON array */
	int			failure_count;
} TePortion;

/* --- on the node */

/*
 * The shards of an attached table that this node has (List of TeAttachment *), in the order of their numbers.  Unless it is a dry run, those that came or
 * went are noticed first, which commits.
 */
extern List *te_portion_shards(const TeAttachment *attachment, bool dry_run);

/* Begin, in the memory context that lives as long as the call. */
extern void te_portion_begin(TePortion *portion);

/* TePipelineOptions.written, for a struct whose first member is a TePortion: counts. */
extern void te_portion_written(void *portion, const TeJob *job);

/* Count an asset that has no row. */
extern void te_portion_absent(TePortion *portion, const char *id);

/* Append the members of the answer, without braces. */
extern void te_portion_append(const TePortion *portion, StringInfo answer);

/* The result of a procedure whose only output is the answer.  Ends SPI. */
extern Datum te_portion_result(FunctionCallInfo fcinfo, const char *answer);

/* --- on the coordinator, inside SPI */

/* A node that does its part of some work in portions, and how far it has got. */
typedef struct TeShare
{
	TeNode	   *node;			/* with the next portion as its statement, and the answer */
	char	   *place;			/* what it has answered last, with which it goes on; NULL = it has not begun */
	bool		ended;
} TeShare;

/* The nodes that may have shards of a table (List of TeShare *), this one among them if it has some. */
extern List *te_shares(const TeAttachment *attachment);

/* Those that have not ended. */
extern List *te_shares_left(const List *shares);

/* Have all of them do their portions at once.  One that does not answer has ended.  Returns the nodes. */
extern List *te_shares_run(const List *shares);

/* Add what a node has answered, and report the failures, as a procedure does on one node. */
extern void te_portion_add(TeProgress *progress, const TeNode *node);

#endif							/* TE_PG_PORTION_H */
