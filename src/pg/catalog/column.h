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
	/* mapped only by name, or with "facts"; the columns above also by their names alone */
	TE_COL_THUMBHASH,
	TE_COL_TAKEN_AT_LOCAL,
	TE_COL_TAKEN_AT_OFFSET,
	TE_COL_TAKEN_AT_OFFSET_SOURCE,
	TE_COL_ISO,
	TE_COL_F_NUMBER,
	TE_COL_EXPOSURE_TIME,
	TE_COL_FOCAL_LENGTH,
	TE_COL_FOCAL_LENGTH_35MM,
	TE_COL_LENS,
	TE_COL_ORIENTATION,
	TE_COL_ALTITUDE,
	TE_COL_DIRECTION,
	TE_COL_RATING,
	TE_COL_TITLE,
	TE_COL_DESCRIPTION,
	TE_COL_KEYWORDS,
	TE_COL_FORMAT,
	TE_COL_FILE_SIZE,
	TE_COL_FILE_HASH,
	TE_COL_PICTURE_HASH,
	/* mapped only by name */
	TE_COL_THUMBNAIL			/* the thumbnail itself, instead of a file */
} TeColumn;
#define TE_COLUMNS (TE_COL_THUMBNAIL + 1)
#define TE_COL_LAST_FACT TE_COL_PICTURE_HASH
#define TE_COL_IS_FACT(column) ((column) > TE_COL_EXIF_METADATA && (column) <= TE_COL_LAST_FACT)

typedef struct TeColumnDef
{
	const char *name;			/* standard name, also of the parameter of thumbexif_attach() */
	const char *sql_type;		/* its type in a table that thumbexif_attach() creates */
	const char *accepted;		/* the types it may have, for a hint */
	Oid			types[3];		/* the same; InvalidOid where there are fewer */
	bool		from_exif;		/* written when EXIF is examined */
	bool		holds_position; /* may contain a GPS position */
	bool		from_pixels;	/* written with the thumbnail, of which it is made */
	bool		on_request;		/* a table that thumbexif_attach() creates has it only if it is named */
	uint32		want;			/* TE_WANT_...: what else is asked of a decoder */
} TeColumnDef;

extern const TeColumnDef te_columns[TE_COLUMNS];

#define TE_PATH_ACCEPTED	"text or varchar"
#define TE_KEY_ACCEPTED		"smallint, integer, bigint, uuid, text or varchar"

/* May a column that thumbexif writes, or the path, be of this type? */
extern bool te_column_accepts(TeColumn column, Oid type);
extern bool te_path_accepts(Oid type);

/* The type as which a key column of that type is used, text for varchar; InvalidOid if it cannot be a key. */
extern Oid	te_key_type(Oid type);

/* Have keys of both types the same state table?  False for types that no key has. */
extern bool te_key_types_match(Oid one, Oid other);

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
