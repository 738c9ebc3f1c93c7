/*
 * table_code.h
 *		Does writing to a user's table run code that its users wrote?
 */
#ifndef TE_PG_TABLE_CODE_H
#define TE_PG_TABLE_CODE_H

#include "postgres.h"

#include "pg/catalog/attachment.h"

/*
 * Can the UPDATE of a row run a trigger, rule, policy, check or expression of the table's, or fire a foreign key?  The
 * caller holds a lock on the table that prevents such changes.
 */
extern bool te_table_runs_code(const TeAttachment *attachment);

#endif							/* TE_PG_TABLE_CODE_H */
