/*
 * attach_check.h
 *		What a table must be like to be attached.  Private to attach.
 */
#ifndef TE_PG_ATTACH_CHECK_H
#define TE_PG_ATTACH_CHECK_H

#include "postgres.h"

#include "attachment.h"
#include "utils/relcache.h"

/* The parameters of thumbexif_attach() that name columns, in its order: NULL = the standard name if there is such a column, "" = none. */
typedef struct TeGivenColumns
{
	const char *key;
	const char *path;
	const char *column[TE_COLUMNS];
} TeGivenColumns;

/* What they come to. */
typedef struct TeMapping
{
	const char *key;
	Oid			key_type;
	const char *path;
	const char *column[TE_COLUMNS]; /* NULL = not written */
} TeMapping;

#define TE_STANDARD_KEY		"id"
#define TE_STANDARD_PATH	"path"

/* ERROR with a hint unless it is an ordinary, permanent table that stands alone. */
extern void te_attach_check_relation(Relation relation);

/* Find the columns; ERROR with a hint for one that is not there or does not fit. */
extern void te_attach_map(Relation relation, const TeGivenColumns *given, TeMapping *mapping);

/* WARNING if the folder of thumbnails lies in a folder that images are read from. */
extern void te_attach_check_folders(void);

#endif							/* TE_PG_ATTACH_CHECK_H */
