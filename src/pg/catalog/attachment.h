/*
 * attachment.h
 *		The tables thumbexif works on: which columns, which key, which number.
 */
#ifndef TE_PG_ATTACHMENT_H
#define TE_PG_ATTACHMENT_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

typedef enum TeColumn			/* what we write, in this order everywhere */
{
	TE_COL_THUMBNAIL_PATH,
	TE_COL_WIDTH,
	TE_COL_HEIGHT,
	TE_COL_TAKEN_AT,
	TE_COL_CAMERA_MAKE,
	TE_COL_CAMERA_MODEL,
	TE_COL_GPS_LATITUDE,
	TE_COL_GPS_LONGITUDE,
	TE_COL_EXIF_METADATA
} TeColumn;
#define TE_COLUMNS (TE_COL_EXIF_METADATA + 1)

typedef struct TeAttachment
{
	int			number;			/* never reused; also the folder's name */
	Oid			relation;
	Oid			owner;			/* of the relation */
	char	   *name;			/* schema-qualified and quoted, for SQL */
	char	   *key;			/* column names, not quoted */
	char	   *path;
	char	   *column[TE_COLUMNS];	/* NULL = not mapped */
	Oid			type[TE_COLUMNS];	/* type of a mapped column */
	int32		typmod[TE_COLUMNS];
	Oid			key_type;		/* INT2OID, INT4OID, INT8OID or UUIDOID */
	const char *state;			/* the qualified, quoted state table for this kind of key */
	bool		paused;
	bool		paused_by_us;	/* by the worker, for a reason that may pass */
} TeAttachment;

/*
 * The attachment of a relation, or, with InvalidOid, of the only attached one.
 * Palloc'd.  ERRORs with a hint: not attached; none or several attached; a mapped
 * column has gone or changed its type; the table has become part of a hierarchy.  Takes no lock that outlasts the call.
 */
extern TeAttachment *te_attachment_get(Oid relation);

/* The same, but a hierarchy and columns that have gone are no ERROR (their type is InvalidOid).  For detach. */
extern TeAttachment *te_attachment_pick(Oid relation);

/* As te_attachment_pick(), and NULL if the relation is not attached. */
extern TeAttachment *te_attachment_find(Oid relation);

/*
 * ERROR if the table, its mapping or its owner is not any more what it was when this one was read: what
 * has been prepared for it must not be written.  Lock the table first.
 */
extern void te_attachment_check_same(const TeAttachment *attachment);

/* Does it keep a thumbnail / anything read from EXIF? */
extern bool te_attachment_has_thumbnail(const TeAttachment *attachment);
extern bool te_attachment_has_exif(const TeAttachment *attachment);

/* ERROR unless the current user owns the relation (or may act as its owner). */
extern void te_attachment_check_owner(const TeAttachment *attachment);

/*
 * All attachments (List of TeAttachment *) in the order of their numbers, for the worker and clean;
 * columns as with te_attachment_find().
 */
extern List *te_attachment_all(void);

/* Columns and their types, for attach. */
typedef struct TeColumnInfo
{
	AttrNumber	number;
	Oid			type;
	int32		typmod;
	bool		not_null;
	bool		generated;
} TeColumnInfo;

/* False if there is no such column (system columns do not count). */
extern bool te_column_find(Oid relation, const char *name, TeColumnInfo *info);

extern const char *te_column_name(TeColumn column); /* the standard name */
extern bool te_column_takes(TeColumn column, Oid type); /* may it be of this type? */
extern bool te_path_takes(Oid type);
extern const char *te_key_state(Oid type);	/* the state table (not qualified) for keys of a type; NULL = no key */

#endif							/* TE_PG_ATTACHMENT_H */
