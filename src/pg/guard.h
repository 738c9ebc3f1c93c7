/*
 * guard.h
 *		Whose code may run while we touch a user's table.
 *
 * A statement of ours on a user's table fires what is attached to the table: triggers, rules,
 * constraints, defaults, index expressions, operators.  Whoever wrote that code must already have all
 * rights of the role it would run with; otherwise the statement fails.  A function that has been
 * entered answers for what it calls.
 */
#ifndef TE_PG_GUARD_H
#define TE_PG_GUARD_H

#include "postgres.h"

/* Install the hooks.  Called once, when the library is loaded. */
extern void te_guard_install(void);

/*
 * From here to te_guard_end(), or to the rollback of the subtransaction or transaction that called
 * this, a function of a role that lacks the current user's rights raises an ERROR instead of running.
 * With foreign, the table's owner lacks them too: its expressions may then call no volatile function at all.
 */
extern void te_guard_begin(bool foreign);
extern void te_guard_end(void);

/*
 * ERROR if a trigger or rule of the relation, or a domain of its generated columns, would run code of a role
 * that lacks the rights of "role".  The caller holds a lock on the relation that keeps others from
 * adding triggers, so this covers deferred triggers too.
 */
extern void te_guard_check_table(Oid relation, Oid role);

#endif							/* TE_PG_GUARD_H */
