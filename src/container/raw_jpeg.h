/*
 * raw_jpeg.h
 *		Finds the embedded JPEG of Fujifilm's RAF and Panasonic's RW2, and the size of a RAF.
 *
 * Both EXIF and the preview are in it.
 */
#ifndef TE_CONTAINER_RAW_JPEG_H
#define TE_CONTAINER_RAW_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "container/tiff.h"

#define RAF_HEADER 0x64			/* bytes of the header of a RAF that are read */

/* Is it a RAF with a whole header?  The two other functions need one. */
extern bool raf_is(const uint8_t *data, size_t length);

/* The part of it that lies in the file; false if it begins outside. */
extern bool raf_jpeg(const uint8_t *data, size_t length, const uint8_t **jpeg, size_t *jpeg_length);

/* The size of the picture, from the records of a RAF; false if they do not say. */
extern bool raf_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height);

/* The JPEG in the first directory of an RW2, which is open. */
extern bool rw2_jpeg(const Tiff *tiff, const TiffDir *dir, const uint8_t **jpeg, size_t *jpeg_length);

#endif							/* TE_CONTAINER_RAW_JPEG_H */
