/*
 * member_watch.h
 *		The background worker's watch over the members of attached tables: which came or left, and which have work.
 */
#ifndef TE_PG_MEMBER_WATCH_H
#define TE_PG_MEMBER_WATCH_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

/*
 * Attach members that came and release those that left, if an attachment (TeAttachment *) is a member or may have some, and if the
 * worker was woken, a relation was changed, or a minute has passed.  *due is when to do so again.  True if anything was changed, so
 * that the attachments must be read again.
 */
extern bool te_member_watch(bool any_parent, bool woken, TimestampTz *due);

/*
 * Of the members in a list of attachments that have been idle, tell those that have no work from the others by one statement a table,
 * since a turn for each takes long if there are hundreds.
 */
extern void te_member_find_work(List *attachments);

#endif							/* TE_PG_MEMBER_WATCH_H */
