/*
 * exif_wrap_box.h
 *		Boxes for exif_wrap.c.
 */
#ifndef TEST_EXIF_WRAP_BOX_H
#define TEST_EXIF_WRAP_BOX_H

#include "exif_wrap.h"

/* One box, to the end of the bytes. */
extern void box_add(Bytes *bytes, const char *type, const void *data, size_t length);

/* HEIF and AVIF. */
extern Bytes wrap_heif(ExifWrap how, const uint8_t *exif, size_t length);

#endif							/* TEST_EXIF_WRAP_BOX_H */
