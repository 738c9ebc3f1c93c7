/*
 * extension.h
 *		Where the extension is installed in this database, and whose it is.
 */
#ifndef TE_PG_EXTENSION_H
#define TE_PG_EXTENSION_H

#include "postgres.h"

/* The schema of our tables, types and internal functions.  Only the extension's owner owns it. */
#define TE_SCHEMA "thumbexif_internal"

typedef struct TeExtension
{
	Oid			oid;
	Oid			owner;			/* also of our tables */
	Oid			schema;			/* TE_SCHEMA */
} TeExtension;

typedef enum TeExtensionState
{
	TE_EXTENSION_NONE,			/* not installed in this database */
	TE_EXTENSION_OTHER,			/* its SQL objects are of another version than this module */
	TE_EXTENSION_FOREIGN,		/* TE_SCHEMA is not the extension's, or belongs to another role */
	TE_EXTENSION_READY
} TeExtensionState;

/* Fills *extension if the answer is TE_EXTENSION_READY.  Needs a transaction; never throws for what it finds. */
extern TeExtensionState te_extension_look(TeExtension *extension);

/* Is it there and can be used? */
extern bool te_extension_find(TeExtension *extension);

/* The same; ERROR with a hint if not. */
extern void te_extension_get(TeExtension *extension);

/* An object of ours by its name, schema-qualified and quoted, for SQL.  Palloc'd; ERROR as te_extension_get. */
extern char *te_internal_name(const char *name);

#endif							/* TE_PG_EXTENSION_H */
