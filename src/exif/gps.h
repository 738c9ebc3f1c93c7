/*
 * gps.h
 *		Reads where a photo was taken (private to src/exif).
 */
#ifndef TE_EXIF_GPS_H
#define TE_EXIF_GPS_H

#include "exif/list.h"

/*
 * Decimal degrees, south and west negative.  False if either is missing,
 * unusable or out of range, or if both are exactly zero.
 */
extern bool exif_position(const ExifList *list, double *latitude, double *longitude);

#endif							/* TE_EXIF_GPS_H */
