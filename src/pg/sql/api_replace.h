/*
 * api_replace.h
 *		What thumbexif_api() has made before, and CREATE OR REPLACE cannot replace.
 */
#ifndef TE_PG_API_REPLACE_H
#define TE_PG_API_REPLACE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "api_text.h"

/* ERROR if the schema has an object of a name that we need, and that somebody else has made.  Inside SPI. */
extern void te_api_check_names(const TeApi *api, Oid schema);

/* Is it the error of CREATE OR REPLACE, or of a COMMENT, if an object with other columns, parameters or results is in the way? */
extern bool te_api_is_in_the_way(const ErrorData *error);

/* Has the schema functions that thumbexif_api() has made once, and now has no template for?  Inside SPI. */
extern bool te_api_has_former(const TeApi *api, Oid schema);

/*
 * Drop the view and the functions that thumbexif_api() has made in the schema.  ERROR if other objects depend on them.  Returns
 * statements, to be tried one by one, that give objects of the same names their owners and rights again.  Inside SPI.
 */
extern List *te_api_drop(const TeApi *api, Oid schema);

/*
 * Statements that give a function the rights of _photos_matching(): whoever calls the functions for applications needs those whose names
 * begin with an underscore, also one that a later version adds.  Inside SPI.
 */
extern List *te_api_helper_rights(const char *name, Oid schema);

#endif							/* TE_PG_API_REPLACE_H */
