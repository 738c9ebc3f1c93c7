/*
 * object_rights.h
 *		Granting and revoking rights on the extension's functions and views.
 */
#ifndef TE_PG_OBJECT_RIGHTS_H
#define TE_PG_OBJECT_RIGHTS_H

#include "postgres.h"

typedef struct TeRightsChange
{
	bool		revoke;
	bool		with_option;	/* grant with grant option */
	Oid			role;
	const char *role_name;
} TeRightsChange;

/*
 * Grant SELECT on a view, or EXECUTE on all functions and procedures of a name, as the current user, who needs the grant
 * option.  Or revoke what the current user has granted, and what the role has passed on; for a superuser, as in REVOKE,
 * what the object's owner has granted.  False if nothing was to be done.  Inside SPI.
 */
extern bool te_rights_on_view(const TeRightsChange *change, const char *name);
extern bool te_rights_on_functions(const TeRightsChange *change, const char *name);

#endif							/* TE_PG_OBJECT_RIGHTS_H */
