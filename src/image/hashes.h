/*
 * hashes.h
 *		Hashes of a file and of its thumbnail (private to src/image).
 */
#ifndef TE_IMAGE_HASHES_H
#define TE_IMAGE_HASHES_H

#include "image/internal.h"

/* The SHA-256 of the whole file. */
extern void img_hash_file(const uint8_t *data, size_t length, TeFacts *facts);

/*
 * Those hashes of the thumbnail that the request wants, of its pixels before they are turned by "orientation" and encoded.
 * None if out of memory.
 */
extern void img_hash_pixels(const ImgPixels *pixels, int orientation, const TeRequest *request, TeFacts *facts);

/* placeholder.c */

#define IMG_SMALL_SIDE 64		/* a ThumbHash may be made of 100, and shows waves of at least 9 pixels of these */

/* An upright picture with red, green, blue and alpha; colours are not multiplied by alpha. */
typedef struct ImgSmall
{
	int			width,
				height;			/* 1 .. IMG_SMALL_SIDE */
	uint8_t		rgba[IMG_SMALL_SIDE * IMG_SMALL_SIDE * 4];
} ImgSmall;

/*
 * Shrink the pixels of a thumbnail by averages so that they fit into IMG_SMALL_SIDE, and turn them upright.  "opaque": on white,
 * as formats without transparency have them.  False if out of memory.
 */
extern bool img_small_make(const ImgPixels *pixels, int orientation, bool opaque, ImgSmall *small);

/*
 * The averages of pixels in the cells of a grid of at most IMG_SMALL_SIDE columns and rows, band by band, cell after cell, a cell each
 * "stride" numbers.  Of pixels with transparency, colours are averages of their products with it.  False if out of memory.
 */
extern bool img_average(const ImgPixels *pixels, int columns, int rows, double *cells, int stride);

/* thumbhash.c: the ThumbHash, in TE_THUMBHASH_MAX bytes; returns its length, 0 if out of memory */
extern size_t img_thumbhash(const ImgSmall *small, uint8_t *hash);

/* picture_hash.c: false if the picture has no structure that a hash could tell, or out of memory */
extern bool img_picture_hash(const ImgSmall *small, uint64_t *hash);

#endif							/* TE_IMAGE_HASHES_H */
