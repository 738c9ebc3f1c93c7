/*
 * gallery_page.h
 *		The page that thumbexif_gallery() returns: HTML around one JSON object.
 *
 * The page is in ASCII, so it is the same whatever the encodings of database and client are, and no text of a row ends the
 * element that the JSON is in.  It grows in a StringInfo, which te_gallery_page_begin() initializes in the current memory
 * context.
 */
#ifndef TE_PG_GALLERY_PAGE_H
#define TE_PG_GALLERY_PAGE_H

#include "postgres.h"

#include "lib/stringinfo.h"

/* ERROR if a page with so many bytes would be too large. */
extern void te_gallery_page_check(Size size);

/* Begin a page: what stands before the JSON. */
extern void te_gallery_page_begin(StringInfo page);

/*
 * Append JSON in the encoding of the database, whose characters outside of ASCII, and those that mean something to HTML, are
 * escaped; they can only be part of strings.  ERROR if the page becomes too large.
 */
extern void te_gallery_page_json(StringInfo page, const char *json);

/* Append a part of a page that another node of a Citus cluster has made. */
extern void te_gallery_page_part(StringInfo page, const char *part);

/* Append a picture as a JSON string, a data URI; false, and nothing is appended, if it is of no format that thumbnails have. */
extern bool te_gallery_page_picture(StringInfo page, const void *bytes, Size size);

/* Append what stands behind the JSON.  The page as a value of type text; the StringInfo is not to be used any more. */
extern text *te_gallery_page_end(StringInfo page);

#endif							/* TE_PG_GALLERY_PAGE_H */
