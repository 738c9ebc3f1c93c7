/*
 * key_columns.h
 *		The columns of a table's key, one or several.
 */
#ifndef TE_PG_KEY_COLUMNS_H
#define TE_PG_KEY_COLUMNS_H

#include "postgres.h"

#include "utils/relcache.h"

#define TE_KEY_MAX_COLUMNS	8

/* In order.  Of several, one text stands for all of their values (key.h). */
typedef struct TeKeyColumns
{
	int			count;
	const char *name[TE_KEY_MAX_COLUMNS];	/* not quoted */
	Oid			type[TE_KEY_MAX_COLUMNS];	/* as te_key_type() has it */
} TeKeyColumns;

/*
 * Read them as thumbexif_attachment has them: the first column, the type of the key, and if there are several columns, the texts of
 * the arrays of their names and types.  False for what no attach has written.
 */
extern bool te_key_columns_parse(const char *first, Oid key_type, const char *names, const char *types, TeKeyColumns *key);

/*
 * Replace the types by those that the columns have now, InvalidOid for one that was dropped.  Returns the index of the first one
 * that was dropped, or has a type of which states have no keys; -1 if there is none.
 */
extern int	te_key_columns_look_up(Oid relation, TeKeyColumns *key);

extern bool te_key_columns_equal(const TeKeyColumns *a, const TeKeyColumns *b);

/* Is a column of this name one of them? */
extern bool te_key_has_column(const TeKeyColumns *key, const char *name);

/*
 * Has a table an index that begins with these columns, in this order, and has all of its rows?  With unique, a unique one on them alone that
 * is not deferrable.
 */
extern bool te_key_has_index(Relation relation, const TeKeyColumns *key, bool unique);

#endif							/* TE_PG_KEY_COLUMNS_H */
