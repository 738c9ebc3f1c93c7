/*
 * exif.h
 *		EXIF from the bytes of a file of a known format (private to src/image).
 */
#ifndef TE_EXIF_H
#define TE_EXIF_H

#include "image/image.h"

/*
 * Find and read the EXIF of an image.  Fills the exif_status, exif_error,
 * taken_at, GPS, make, model and json fields of the result and no others.
 * want: TE_WANT_GPS or not.  Never fails otherwise than by exif_status.
 */
extern void exif_read(TeFormat format, const uint8_t *data, size_t length,
					  uint32_t want, ImgResult *result);

/*
 * The EXIF orientation, 1..8, or 1 if there is none or it is not valid.  For
 * containers whose own rotation counts (HEIC, AVIF, JXL) the caller does not ask.
 */
extern int	exif_orientation(TeFormat format, const uint8_t *data, size_t length);

#endif							/* TE_EXIF_H */
