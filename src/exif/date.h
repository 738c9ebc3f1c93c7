/*
 * date.h
 *		Reads when a photo was taken (private to src/exif).
 */
#ifndef TE_EXIF_DATE_H
#define TE_EXIF_DATE_H

#include "exif/list.h"
#include "wire/message.h"

/*
 * DateTimeOriginal with its subseconds and offset, else DateTimeDigitized with
 * its own; from the Exif directory, else from IFD0.  Without an offset, the one that
 * the time of GPS tells.  False if neither is a date and time of the calendar.
 */
extern bool exif_taken_at(const ExifList *list, TeTime *taken_at);

#endif							/* TE_EXIF_DATE_H */
