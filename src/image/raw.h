/*
 * raw.h
 *		What is in a RAW file for us (private to src/image).
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
	int			count;
	ImgPreview	previews[RAW_MAX_PREVIEWS];
} ImgRaw;

/* Is this TIFF a RAW file: does it hold a sensor's data? */
extern bool img_is_raw(const ImgFile *file);

/* Remember a JPEG, if it is one that can be shown: not a sensor's data in JPEG's lossless kind. */
extern void img_raw_add_preview(ImgRaw *raw, const uint8_t *data, size_t length);

/* raw_maker.c has the last two. */
extern void img_raw_read_tiff(const ImgFile *file, ImgRaw *raw);
extern void img_raw_read_raf(const ImgFile *file, ImgRaw *raw);
extern void img_raw_read_canon(const ImgFile *file, ImgRaw *raw);

/* Read size and previews.  Pieces point into the file. */
extern void img_raw_read(const ImgFile *file, ImgRaw *raw);

/*
 * The smallest preview of the whole picture with a side of that many pixels, else the largest there
 * is; NULL if there is none.  May search the file for more of them.
 */
extern const ImgPreview *img_raw_choose(const ImgFile *file, ImgRaw *raw, uint32_t side);

/* Do the first directory of a TIFF, its values or its pixels lie behind the end of the file? */
extern bool img_tiff_is_cut(const ImgFile *file);

#endif							/* TE_IMAGE_RAW_H */
