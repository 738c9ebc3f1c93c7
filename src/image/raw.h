/*
 * raw.h
 *		The size and the previews of a RAW file (private to src/image).
 */
#ifndef TE_IMAGE_RAW_H
#define TE_IMAGE_RAW_H

#include "image/internal.h"

#define RAW_MAX_PREVIEWS 12

/* A JPEG inside another file. */
typedef struct ImgPreview
{
	ImgFile		file;
	uint32_t	width,
				height;
} ImgPreview;

typedef struct ImgRaw
{
	uint32_t	width,
				height;			/* of the full picture before orientation; 0 if nothing says */
	bool		plain;			/* the first directory of the TIFF is a small picture without JPEG */
	bool		other_preview;	/* there is one that is no JPEG */
	bool		truncated;		/* the directory lies beyond the end of the file */
	uint8_t    *repaired;		/* malloc'ed copy of a preview, or NULL */
	int			count;
	ImgPreview	previews[RAW_MAX_PREVIEWS];
} ImgRaw;

/* raw.c */

/* Read size and previews, which point into the file or into raw->repaired. */
extern void img_raw_read(const ImgFile *file, ImgRaw *raw);
extern void img_raw_free(ImgRaw *raw);

/*
 * The smallest preview of the whole picture with a side of that many pixels, else the largest there
 * is; NULL if there is none.  May search the file for more of them.
 */
extern const ImgPreview *img_raw_choose(const ImgFile *file, ImgRaw *raw, uint32_t side);

/* raw_tiff.c */

/* Is this TIFF a RAW file: does it hold a sensor's data? */
extern bool img_is_raw(const ImgFile *file);
extern void img_raw_read_tiff(const ImgFile *file, ImgRaw *raw);

/* raw_maker.c */
extern void img_raw_read_raf(const ImgFile *file, ImgRaw *raw);
extern void img_raw_read_canon(const ImgFile *file, ImgRaw *raw);

/* raw_older.c: CRW, MRW, X3F */
extern void img_raw_read_crw(const ImgFile *file, ImgRaw *raw);
extern void img_raw_read_mrw(const ImgFile *file, ImgRaw *raw);
extern void img_raw_read_x3f(const ImgFile *file, ImgRaw *raw);

/* raw_preview.c */

/* Add a JPEG, unless it is one that cannot be shown or is there already. */
extern void img_raw_add_preview(ImgRaw *raw, const uint8_t *data, size_t length);

/* Add the JPEGs in the first part of the file, whether or not anything names them. */
extern void img_raw_search_previews(ImgRaw *raw, const ImgFile *file);

#endif							/* TE_IMAGE_RAW_H */
