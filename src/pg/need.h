/*
 * need.h
 *		What an asset lacks.  The only place where that is decided.
 */
#ifndef TE_PG_NEED_H
#define TE_PG_NEED_H

#include "postgres.h"

#include "asset.h"
#include "source.h"

#define TE_PART_THUMBNAIL	0x01
#define TE_PART_EXIF		0x02	/* dates, camera, place, JSON; width and height too */
#define TE_PART_ALL			0x03
#define TE_NEED_LOOK		0x04	/* lacks nothing that we know of, but the file is to be looked at */

/* The settings that results are made with, as the state keeps them. */
typedef struct TeSettings
{
	char	   *thumbnail;		/* "256 jpeg 85", "256 png" */
	char	   *exif;			/* "UTC gps" */
	char	   *both;
} TeSettings;

/* The settings as they are now, palloc'd. */
extern void te_settings_now(TeSettings *settings);

/* What the attached table has columns for. */
extern int	te_parts_kept(const TeAttachment *attachment);

/* The parameter "parts": 'all', 'thumbnail' or 'exif'; ERROR with a hint. */
extern int	te_parts_parse(const char *name);

/*
 * Which of the parts the asset lacks, and whether it is to be looked at; 0 = nothing is
 * to be done.  file: what was found when it was opened, or NULL if it was not.
 * Somebody's being at work on it does not count.
 */
extern int	te_need(const TeAsset *asset, const TeSettings *settings, int parts, const TeSource *file);

/* May a look at the file, and at nothing else, free an asset that has failed? */
extern bool te_need_depends_on_file(const TeAsset *asset);

/* As te_need, as if nothing had failed before and it were not known where the asset stands: what is not there or stale. */
extern int	te_lacks(const TeAsset *asset, const TeSettings *settings, const TeSource *file);

/*
 * Does the row name the file that the state has, in whatever folder?  Also one that was made for another
 * database, of which this one is a copy.
 */
extern bool te_names_our_file(const TeAsset *asset);

/* Is it another path or file than the one the state tells of? */
extern bool te_changed(const TeAsset *asset, const TeSource *file);

/* The limit (its setting's value now) that an outcome is about; -1 if it is about none. */
extern int64 te_limit_of(int status);

#endif							/* TE_PG_NEED_H */
