/*
 * code_rights.h
 *		Whose code may run while we touch a user's table.
 *
 * A statement of ours on a user's table fires what is attached to the table: triggers, rules,
 * constraints, defaults, index expressions, operators.  Whoever wrote that code must already have all
 * rights of the role it would run with; otherwise the statement fails.  A function that has been
 * entered answers for what it calls, but for one in C.
 */
#ifndef TE_PG_CODE_RIGHTS_H
#define TE_PG_CODE_RIGHTS_H

#include "postgres.h"

/* Install the hooks.  Called once, when the library is loaded. */
extern void te_code_rights_install(void);

/*
 * From here to te_code_rights_end(), or to the rollback of the subtransaction or transaction that called
 * this, a function of a role that lacks the current user's rights raises an ERROR instead of running.
 * With foreign, the table's owner lacks them too: its expressions may then call no volatile function at all.
 */
extern void te_code_rights_begin(bool foreign);
extern void te_code_rights_end(void);

/* ERROR unless the function's owner may do all that "role" may. */
extern void te_code_rights_check_function(Oid function, Oid role);

/* The same for the function of a range type, or a type made of one, that PostgreSQL may call unasked. */
extern void te_code_rights_check_range(Oid type, Oid role);

/* May an expression of anybody's call this function?  Nothing that changes anything or runs a statement. */
extern bool te_code_rights_is_harmless(Oid function);

/*
 * ERROR if a trigger or rule of the relation, or a type of its columns, would run code of a role
 * that lacks the rights of "role".  The caller holds a lock on the relation that keeps others from
 * adding triggers, so this covers deferred triggers too.
 */
extern void te_code_rights_check_table(Oid relation, Oid role);

#endif							/* TE_PG_CODE_RIGHTS_H */
