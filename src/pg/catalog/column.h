/*
 * column.h
 *		The columns of users' tables: which ones thumbexif writes, and the types it accepts.
 */
#ifndef TE_PG_COLUMN_H
#define TE_PG_COLUMN_H

#include "postgres.h"

#include "access/attnum.h"

/* The columns that thumbexif writes.  All arrays of columns are in this order. */
typedef enum TeColumn
{
	TE_COL_THUMBNAIL_PATH,
	TE_COL_WIDTH,
	TE_COL_HEIGHT,
	TE_COL_TAKEN_AT,
	TE_COL_CAMERA_MAKE,
	TE_COL_CAMERA_MODEL,
	TE_COL_GPS_LATITUDE,
	TE_COL_GPS_LONGITUDE,
	TE_COL_EXIF_METADATA,
	TE_COL_THUMBNAIL			/* the thumbnail itself, instead of a file */
} TeColumn;
#define TE_COLUMNS (TE_COL_THUMBNAIL + 1)

typedef struct TeColumnDef
{
	const char *name;			/* standard name, also of the parameter of thumbexif_attach() */
	const char *sql_type;		/* its type in a table that thumbexif_attach() creates */
	const char *accepted;		/* the types it may have, for a hint */
	Oid			types[2];		/* the same */
	bool		from_exif;
	bool		holds_position; /* may contain a GPS position */
	bool		on_request;		/* mapped and made only if it is named */
} TeColumnDef;

extern const TeColumnDef te_columns[TE_COLUMNS];

#define TE_PATH_ACCEPTED	"text or varchar"
#define TE_KEY_ACCEPTED		"smallint, integer, bigint, uuid, text or varchar"

/* May a column that thumbexif writes, or the path, be of this type? */
extern bool te_column_accepts(TeColumn column, Oid type);
extern bool te_path_accepts(Oid type);

/* The type as which a key column of that type is used, text for varchar; InvalidOid if it cannot be a key. */
extern Oid	te_key_type(Oid type);

/* The state table (not qualified) for keys of a type; NULL if a key cannot be of this type. */
extern const char *te_key_state_table(Oid type);

/* The table of thumbnails in several sizes that belongs to a state table; both are qualified names.  Palloc'd. */
extern char *te_thumbnail_table(const char *state);

typedef struct TeColumnInfo
{
	AttrNumber	number;
	Oid			type;			/* of a domain, its base type */
	int32		typmod;
	bool		not_null;
	bool		generated;
	char		storage;		/* TYPSTORAGE_... */
} TeColumnInfo;

/* Find a user column of a relation.  False if it does not exist. */
extern bool te_column_find(Oid relation, const char *name, TeColumnInfo *info);

#endif							/* TE_PG_COLUMN_H */
