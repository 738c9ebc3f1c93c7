/*
 * date.h
 *		When the picture was taken (private to src/exif).
 */
#ifndef TE_EXIF_DATE_H
#define TE_EXIF_DATE_H

#include "exif/list.h"
#include "wire/message.h"

/*
 * DateTimeOriginal with its subseconds and offset, else DateTimeDigitized with
 * its own; from the Exif directory, else from IFD0.  False if neither is a
 * date and time of the calendar.
 */
extern bool exif_taken_at(const ExifList *list, TeTime *taken_at);

/*
 * One text of the form "2024:05:06 07:08:09", also with - or / or T, and with a fraction
 * or an offset behind it.
 */
extern bool exif_parse_date(const uint8_t *text, size_t length, TeTime *time);

/* "+05:30"; blank or nonsense is no offset. */
extern bool exif_parse_offset(const uint8_t *text, size_t length, int32_t *minutes);

#endif							/* TE_EXIF_DATE_H */
