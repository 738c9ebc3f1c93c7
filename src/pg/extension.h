/*
 * extension.h
 *		Where the extension is installed in this database, and whose it is.
 */
#ifndef TE_PG_EXTENSION_H
#define TE_PG_EXTENSION_H

#include "postgres.h"

typedef struct TeExtension
{
	Oid			oid;
	Oid			owner;			/* also of our tables */
	Oid			schema;
} TeExtension;

/* False if this database has no thumbexif.  A catalog lookup: needs a transaction. */
extern bool te_extension_find(TeExtension *extension);

/* The same; ERROR with a hint if there is none. */
extern void te_extension_get(TeExtension *extension);

/* An object of ours by its name, schema-qualified and quoted, for SQL.  Palloc'd; ERROR as te_extension_get. */
extern char *te_our(const char *name);

#endif							/* TE_PG_EXTENSION_H */
