/*
 * extension.h
 *		Where the extension is installed in this database, and who owns it.
 */
#ifndef TE_PG_EXTENSION_H
#define TE_PG_EXTENSION_H

#include "postgres.h"

/*
 * Schema of the extension's tables, types and internal functions.  Only the extension's owner
 * owns it.
 */
#define TE_SCHEMA "thumbexif_internal"

typedef struct TeExtension
{
	Oid			oid;
	Oid			owner;			/* owns the extension's tables, too */
	Oid			schema;			/* TE_SCHEMA */
	Oid			home;			/* schema of its functions and views, which CREATE EXTENSION chose */
} TeExtension;

typedef enum TeExtensionState
{
	TE_EXTENSION_NONE,			/* not installed in this database */
	TE_EXTENSION_OTHER,			/* its SQL objects have another version than this module */
	TE_EXTENSION_FOREIGN,		/* TE_SCHEMA is not a member of the extension, or has another owner */
	TE_EXTENSION_READY
} TeExtensionState;

/*
 * Look the extension up; fills *extension if the result is TE_EXTENSION_READY.  Needs a
 * transaction.  None of the states is an ERROR.
 */
extern TeExtensionState te_extension_lookup(TeExtension *extension);

/* Is the extension installed and usable? */
extern bool te_extension_find(TeExtension *extension);

/* The same, but raise an ERROR with a hint if not. */
extern void te_extension_get(TeExtension *extension);

/*
 * Qualified and quoted name of an object in TE_SCHEMA, for SQL.  Palloc'd; ERROR as with
 * te_extension_get.
 */
extern char *te_internal_name(const char *name);

/* The same for a function or view of users. */
extern char *te_user_name(const char *name);

/* The same of any relation; not an ERROR if the extension does not exist. */
extern char *te_relation_name(Oid relation);

#endif							/* TE_PG_EXTENSION_H */
