/*
 * result_settings.h
 *		The settings that determine results, as states store them.
 */
#ifndef TE_PG_RESULT_SETTINGS_H
#define TE_PG_RESULT_SETTINGS_H

#include "postgres.h"

#include "attachment.h"

/* 1.0 read neither XMP nor IPTC, took no offset from GPS, and its settings of EXIF end before this. */
#define TE_SETTINGS_WITH_XMP	" xmp"

/* The settings of a thumbnail end with this if it shows what is left of a damaged image. */
#define TE_SETTINGS_OF_DAMAGED	" damaged"

/* Before the sizes, if thumbnails are stored in rows instead of files. */
#define TE_SETTINGS_IN_ROW		"row "

typedef struct TeSettings
{
	char	   *thumbnail;		/* "256 jpeg 85", "256,1024 png", "row 256 jpeg 85" */
	char	   *exif;			/* "UTC gps xmp" */
	char	   *both;
	char	   *damaged;		/* of a thumbnail that shows what is left of a damaged image; NULL: there must be none */
	TeSizes		sizes;			/* of thumbnails, at least one */
} TeSettings;

/* The current settings for a table, palloc'd. */
extern void te_settings_now(const TeAttachment *attachment, TeSettings *settings);

#endif							/* TE_PG_RESULT_SETTINGS_H */
