/*
 * guc.h
 *		All settings.  See guc.c for ranges, units and who may set them.
 */
#ifndef TE_PG_GUC_H
#define TE_PG_GUC_H

#define TE_MAX_DECODERS 256		/* maximum of thumbexif.decoders */
#define TE_MAX_SERVER_DECODERS 1024 /* maximum of thumbexif.max_decoders */
#define TE_MAX_WORKERS	64		/* maximum of thumbexif.max_workers */

/* Values of thumbexif.damaged_images.  A higher one frees assets that failed with a lower one, as that of a limit does. */
typedef enum TeDamagedImages
{
	TE_DAMAGED_FAIL,
	TE_DAMAGED_SHOW
} TeDamagedImages;

extern char *te_image_roots;	/* comma-separated absolute folders, "" = none */
extern char *te_thumbnail_dir;	/* absolute folder, "" = not set */
extern int	te_thumbnail_size;	/* pixels */
extern char *te_thumbnail_sizes;	/* comma-separated list, "" = te_thumbnail_size only; parse with te_sizes_parse() */
extern int	te_thumbnail_format;	/* TeFormat */
extern int	te_thumbnail_quality;	/* 1..100 */
extern int	te_decoders;		/* 0 = number of available processors; use te_guc_decoders() */
extern int	te_max_decoders;	/* 0 = by number of processors; use te_guc_max_decoders() */
extern int	te_decode_timeout;	/* ms */
extern int	te_decoder_memory;	/* MB */
extern int	te_max_pixels;
extern int	te_max_file_size;	/* MB */
extern char *te_default_timezone;	/* a name pg_tzset accepts */
extern int	te_max_attempts;
extern int	te_keep_replaced;	/* seconds */
extern int	te_sweep_interval;	/* seconds; 0 = the worker does not sweep */
extern char *te_databases;		/* comma-separated list, "" = all that have the extension */
extern int	te_max_workers;
extern bool te_exif_gps;
extern int	te_damaged_images;	/* TeDamagedImages */
extern bool te_sidecars;
extern char *te_upload_dir;		/* absolute folder beneath a root, "" = no uploads */

extern void te_guc_define(void);	/* called first in _PG_init */

/* ERROR if a setting was rejected when the library was loaded.  Called before images are opened. */
extern void te_guc_check(void);

extern int	te_guc_decoders(void);	/* 1 or more */
extern int	te_guc_max_decoders(void);	/* 1 or more */

/* Parse a format name of a setting or function argument; ERROR with a hint if it is unknown. */
extern int	te_guc_format(const char *name);

#endif							/* TE_PG_GUC_H */
