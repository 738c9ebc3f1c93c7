/*
 * code_rights.h
 *		Checks of the functions that run while a user's table is accessed.
 *
 * A statement on a user's table runs code that is attached to the table: triggers, rules,
 * constraints, defaults, index expressions, operators.  The author of that code must have all
 * rights of the role with whose rights it runs; otherwise the statement fails.  Functions
 * called by a function that passed the check are not checked, unless that one is in C, or
 * the table's code runs with a search_path of ours, by which a name may mean another role's function,
 * or the table's owner, who may know what that function does, lacks the rights.
 */
#ifndef TE_PG_CODE_RIGHTS_H
#define TE_PG_CODE_RIGHTS_H

#include "postgres.h"

#include "nodes/nodes.h"

/* Install the hooks.  Called once, when the library is loaded. */
extern void te_code_rights_install(void);

/*
 * Begin a guard: until te_code_rights_end(), or the rollback of the current transaction or
 * subtransaction, a function of a role that lacks the current user's rights raises an ERROR
 * instead of running.  With "foreign" the table's owner lacks these rights, too, and
 * expressions must not call volatile functions.  With "every_function" functions that a
 * checked function calls, and expressions in it while it runs as "role", are checked, too.
 */
extern void te_code_rights_begin(Oid role, bool foreign, bool every_function);
extern void te_code_rights_end(void);

/* ERROR unless the function's owner has all rights of "role", or the function is SECURITY DEFINER. */
extern void te_code_rights_check_function(Oid function, Oid role);

/* The same for the functions of a range type, or of a type that contains one, which the planner may call. */
extern void te_code_rights_check_range(Oid type, Oid role);

/* May an expression of any role call this function?  It must neither change anything nor run a statement. */
extern bool te_code_rights_is_harmless(Oid function);

/*
 * ERROR if a trigger or rule of the relation for the command, CMD_UPDATE or CMD_INSERT, or a type of its columns, would run
 * code of a role that lacks the rights of "role".  The caller holds a lock on the relation
 * that prevents the creation of triggers, so this covers deferred triggers as well.
 */
extern void te_code_rights_check_table(Oid relation, CmdType command, Oid role);

#endif							/* TE_PG_CODE_RIGHTS_H */
