/*
 * gallery_query.h
 *		The statement that reads the photos of thumbexif_gallery() from a user's table.
 */
#ifndef TE_PG_GALLERY_QUERY_H
#define TE_PG_GALLERY_QUERY_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "pg/base/statement.h"
#include "pg/catalog/key.h"

/* What to show; NULL, or has_... false = all. */
typedef struct TeGalleryFilter
{
	const char *camera;			/* as the page shows it, the model or the make; case does not count */
	const char *lens;			/* case does not count */
	const char *keyword;
	bool		has_from;
	TimestampTz from;			/* taken then or later */
	bool		has_to;
	TimestampTz to;				/* taken before */
	bool		has_position_given;
	bool		has_position;
} TeGalleryFilter;

/* The columns of the result. */
enum
{
	TE_GALLERY_KEY = 1,			/* of the attachment's type */
	TE_GALLERY_THUMBNAIL_PATH,	/* text */
	TE_GALLERY_FACTS,			/* text: a JSON object, whose keys doc/functions.md lists */
	TE_GALLERY_EXIF,			/* jsonb, or NULL */
	TE_GALLERY_THUMBNAIL,		/* bytea: a thumbnail that is stored in the row; or NULL */
	TE_GALLERY_PART				/* text: what thumbexif_gallery_part() gives for it; only of te_gallery_rows_sql() */
};

/* ERROR if a filter is given for which the table has no column. */
extern void te_gallery_check_filter(const TeAttachment *attachment, const TeGalleryFilter *filter);

/* Is there a column for what the camera's clock showed?  Otherwise times are those of thumbexif.default_timezone. */
extern bool te_gallery_has_local_time(const TeAttachment *attachment);

/*
 * SQL, palloc'd, that reads at most "limit" photos, the newest first, and its parameters.  Photos with and without a date are
 * read by separate statements, so that both can use an index; without a column for the date, all by the latter.  The columns
 * of types that users choose are bound to functions and operators of pg_catalog.
 */
extern char *te_gallery_sql(const TeAttachment *attachment, const TeGalleryFilter *filter, bool dated, int limit, TeArgs *args);

/*
 * The same in two steps, for tables of Citus, whose rows are on many nodes, of which each gives as many as the limit allows: the first reads
 * the keys only, the second the rows with the keys in a parameter, in no order, and none of their thumbnails but in TE_GALLERY_PART.
 */
extern char *te_gallery_keys_sql(const TeAttachment *attachment, const TeGalleryFilter *filter, bool dated, int limit, TeArgs *args);
extern char *te_gallery_rows_sql(const TeAttachment *attachment, const TeKey *keys, int count, TeArgs *args);

#endif							/* TE_PG_GALLERY_QUERY_H */
