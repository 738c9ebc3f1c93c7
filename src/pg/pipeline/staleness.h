/*
 * staleness.h
 *		Decides which parts of an asset are missing or stale.
 */
#ifndef TE_PG_STALENESS_H
#define TE_PG_STALENESS_H

#include "postgres.h"

#include "pg/catalog/asset.h"
#include "pg/catalog/result_settings.h"
#include "pg/files/source.h"

#define TE_PART_THUMBNAIL	0x01
#define TE_PART_EXIF		0x02	/* date, camera, position, JSON, width and height, facts */
#define TE_PART_ALL			0x03
#define TE_PART_CHECK_FILE		0x04	/* nothing is known to be stale, but the file has to be opened */

/*
 * Of an asset whose thumbnail is stale: does it lack only further sizes, or has too many, so that the others need not be made
 * again?  Then *missing are those to be made, which may be none.  "file" as for te_stale_parts().
 */
extern bool te_stale_sizes(const TeAsset *asset, const TeSettings *settings, const TeSource *file, TeSizes *missing);

/*
 * Settings of a thumbnail that stays until it is made again whatever the settings are end with this; the sizes, which come first,
 * are still those that there are.
 */
#define TE_SETTINGS_AGAIN " again"

/* With this mark; NULL if there is no thumbnail.  Palloc'd, or "stored". */
extern char *te_settings_again(char *stored);

/* The first size in the settings of a state; 0 if they are NULL. */
extern int	te_settings_first_size(const char *stored);

/*
 * What the settings in a state become if sizes that are no longer wanted are dropped, and in *kept those that stay.  NULL if
 * there are none of these, or if the thumbnails are stale as a whole.
 */
extern char *te_settings_without_surplus(const char *stored, const TeSettings *settings, TeSizes *kept);

/*
 * The length of the beginning of the settings of EXIF with which an asset is not stale, either: what 1.0 read is complete if
 * the table has no column for XMP and IPTC, or for the time.
 */
extern size_t te_exif_settings_needed(const TeAttachment *attachment, const char *exif);

/* The parts that the attached table has columns for. */
extern int	te_parts_kept(const TeAttachment *attachment);

/* Parse the parameter "parts": 'all', 'thumbnail' or 'exif'.  ERROR for other values. */
extern int	te_parts_parse(const char *name);

/*
 * The parts (TE_PART_...) that have to be processed; 0 = none.  file: result of opening the file, or NULL if it was not
 * opened.  A claim on the asset is ignored.
 */
extern int	te_stale_parts(const TeAsset *asset, const TeSettings *settings, int parts, const TeSource *file);

/* Has the asset failed, so that only its file can tell whether another try may succeed? */
extern bool te_stale_depends_on_file(const TeAsset *asset);

/* Absent or stale parts, ignoring status and earlier failures. */
extern int	te_missing_parts(const TeAsset *asset, const TeSettings *settings, const TeSource *file);

/*
 * Does the row name the file in the state, in any folder?  The file may have been made by a database that this one is a
 * copy of.
 */
extern bool te_names_our_file(const TeAsset *asset);

/* Does a path of a row (may be NULL) name a file as states have it (may be NULL), in any folder? */
extern bool te_path_names_file(const char *path, const char *file);

/* Has the path or the file changed since the state was written? */
extern bool te_source_changed(const TeAsset *asset, const TeSource *file);

/* Has its sidecar come, changed or gone since then?  Not if the table has no column for what it says. */
extern bool te_sidecar_changed(const TeAsset *asset, const TeSource *file);

/* The current value of the setting that limits a status (TE_TOO_MANY_PIXELS and the like); -1 if there is none. */
extern int64 te_status_limit(int status);

#endif							/* TE_PG_STALENESS_H */
