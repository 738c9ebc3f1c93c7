/*
 * member_change.h
 *		Attaches members that came and releases those that left.
 */
#ifndef TE_PG_MEMBER_CHANGE_H
#define TE_PG_MEMBER_CHANGE_H

#include "postgres.h"

#include "attachment.h"

typedef enum TeMemberMode
{
	TE_MEMBERS_STRICT,			/* thumbexif_attach(): waits for locks; ERROR for a table that cannot be a member */
	TE_MEMBERS_OF_COMMAND,		/* at the end of a command: what is locked or has many states is left to others */
	TE_MEMBERS_LATER			/* what is locked is left for the next time */
} TeMemberMode;

typedef struct TeMemberChange
{
	int			attached;
	int			released;
	bool		left;			/* something is left to do */
	bool		fresh;			/* given: the table is being attached for the first time, so no shard has come from another node */
} TeMemberChange;

/*
 * Compare the members of an attached table that are recorded with those that there ought to be, and attach or release the others.
 * Says so, to the client or in the worker's log, and once in this process what cannot be a member and why.  The state of a member that has left goes;
 * its files stay, since rows name them.  Inside SPI.
 */
extern void te_members_update(const TeAttachment *parent, TeMemberMode mode, TeMemberChange *change);

/*
 * The same for all attached tables that have members, or of these for some relations (OIDs), each in a subtransaction: an ERROR is
 * reported as a WARNING.
 */
extern void te_members_update_all(TeMemberMode mode, TeMemberChange *change);
extern void te_members_update_some(List *relations, TeMemberMode mode, TeMemberChange *change);

/* Release a member that is locked or dropped, with the extension's rights: its states go, its files stay.  Inside SPI. */
extern void te_member_release(const TeAttachment *member);

#endif							/* TE_PG_MEMBER_CHANGE_H */
