/*
 * call_text.h
 *		The text of the query of an SQL function, with its arguments, for tables whose rows are on several nodes.
 */
#ifndef TE_PG_CALL_TEXT_H
#define TE_PG_CALL_TEXT_H

#include "postgres.h"

#include "nodes/primnodes.h"

/*
 * The query of a function that returns a set, with its arguments, which are constants, and with the queries of those functions in FROM that
 * can be inlined, palloc'd: if it can be inlined itself, and if they read a table of Citus.  Otherwise NULL.  The caller needs the right to call them.
 */
extern char *te_call_text(FuncExpr *call);

#endif							/* TE_PG_CALL_TEXT_H */
