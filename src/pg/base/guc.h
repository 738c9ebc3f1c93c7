/*
 * guc.h
 *		Every setting.  See guc.c for ranges, units and who may set them.
 */
#ifndef TE_PG_GUC_H
#define TE_PG_GUC_H

#define TE_MAX_DECODERS 256			/* the most thumbexif.decoders can be */
#define TE_MAX_SERVER_DECODERS 1024	/* the most thumbexif.max_decoders can be */
#define TE_MAX_WORKERS	64			/* the most thumbexif.max_workers can be */

extern char *te_image_roots;		/* comma list of absolute folders, "" = none */
extern char *te_thumbnail_dir;		/* absolute folder, "" = not set */
extern int	te_thumbnail_size;		/* pixels */
extern int	te_thumbnail_format;	/* TeFormat */
extern int	te_thumbnail_quality;	/* 1..100 */
extern int	te_decoders;			/* 0 = the processors we may use; use te_guc_decoders() */
extern int	te_max_decoders;		/* 0 = by the number of processors; use te_guc_max_decoders() */
extern int	te_decode_timeout;		/* ms */
extern int	te_decoder_memory;		/* MB */
extern int	te_max_pixels;
extern int	te_max_file_size;		/* MB */
extern char *te_default_timezone;	/* a name pg_tzset accepts */
extern int	te_max_attempts;
extern char *te_databases;			/* comma list, "" = all that have the extension */
extern int	te_max_workers;
extern bool te_exif_gps;

extern void te_guc_define(void);	/* called first in _PG_init */

/* ERROR if a setting was tampered with before the library was loaded.  Called before any image is opened. */
extern void te_guc_check(void);

extern int	te_guc_decoders(void);	/* 1 or more */
extern int	te_guc_max_decoders(void);	/* the same */

/* Parse a format name as the setting and the SQL functions take it; ERROR with a hint if unknown. */
extern int	te_guc_format(const char *name);

#endif							/* TE_PG_GUC_H */
