/*
 * find_internal.h
 *		Readers of single containers, called by find.c and by each other only.
 */
#ifndef TE_EXIF_FIND_INTERNAL_H
#define TE_EXIF_FIND_INTERNAL_H

#include "container/box.h"
#include "exif/block.h"

extern void exif_find_jpeg(const uint8_t *data, size_t length, ExifBlocks *blocks);
extern void exif_find_png(const uint8_t *data, size_t length, ExifBlocks *blocks);

/* TIFF and all kinds of RAW. */
extern void exif_find_raw(const uint8_t *data, size_t length, ExifBlocks *blocks);

/* HEIF and AVIF items, JPEG XL and JPEG 2000 boxes, CR3. */
extern void exif_find_boxes(const uint8_t *data, size_t length, ExifBlocks *blocks);

/* The Exif and XMP items that describe the primary image of a HEIF or AVIF file, or else any. */
extern void exif_find_heif(const uint8_t *file, size_t file_length, Box meta, ExifBlocks *blocks);

#endif							/* TE_EXIF_FIND_INTERNAL_H */
