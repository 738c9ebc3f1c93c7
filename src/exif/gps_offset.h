/*
 * gps_offset.h
 *		Tells a camera's offset from UTC by the time of GPS (private to src/exif).
 */
#ifndef TE_EXIF_GPS_OFFSET_H
#define TE_EXIF_GPS_OFFSET_H

#include "exif/list.h"
#include "wire/message.h"

/*
 * The offset, in minutes east of UTC, of a clock that showed this time when GPS had the date and time of the file.  False if the
 * file has no such date and time, or if the difference is not credible as an offset.
 */
extern bool exif_gps_offset(const ExifList *list, const TeTime *wall_clock, int32_t *minutes);

#endif							/* TE_EXIF_GPS_OFFSET_H */
