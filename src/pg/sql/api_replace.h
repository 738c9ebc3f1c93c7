/*
 * api_replace.h
 *		What thumbexif_api() has made before, and CREATE OR REPLACE cannot replace.
 */
#ifndef TE_PG_API_REPLACE_H
#define TE_PG_API_REPLACE_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "api_text.h"

/* Is it the error of CREATE OR REPLACE, or of a COMMENT, if an object with other columns, parameters or results is in the way? */
extern bool te_api_is_in_the_way(const ErrorData *error);

/* Has the schema functions that thumbexif_api() has made once, and now has no template for?  Inside SPI. */
extern bool te_api_has_former(const TeApi *api, Oid schema);

/*
 * Drop the view and the functions that thumbexif_api() has made in the schema.  ERROR if other objects depend on them.  Returns
 * statements, to be tried one by one, that give objects of the same names their owners and rights again.  Inside SPI.
 */
extern List *te_api_drop(const TeApi *api, Oid schema);

#endif							/* TE_PG_API_REPLACE_H */
