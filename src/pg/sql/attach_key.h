/*
 * attach_key.h
 *		The key of a table that is attached: which columns it has, and whether they are one.  Private to attach*.c.
 */
#ifndef TE_PG_ATTACH_KEY_H
#define TE_PG_ATTACH_KEY_H

#include "postgres.h"

#include "attach_check.h"

/*
 * Find the columns of the key.  "given" is the name of one, or a list of several in braces, unless a column has that very name.
 * NULL is the column "id", or if that is no key, the columns of a primary key that has several.  ERROR if they are no key.
 */
extern void te_attach_map_key(Relation relation, const char *given, TeMapping *mapping);

/* Name the columns of the key that the table has already, if none are given and all of them still exist. */
extern void te_attach_keep_key(const TeAttachment *old, TeGivenColumns *given);

/* Does the new key replace columns that still exist, or have values of other types?  Then states do not fit it. */
extern bool te_attach_key_replaced(const TeAttachment *old, const TeMapping *mapping);

/* ERROR if a list of several columns is given for a table that is to be created. */
extern void te_attach_check_new_key(const char *given);

#endif							/* TE_PG_ATTACH_KEY_H */
