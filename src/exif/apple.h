/*
 * apple.h
 *		Reads the one value of a maker note that we read: Apple's ContentIdentifier (private to src/exif).
 *
 * The picture and the video of a Live Photo are two files, which have the same identifier.
 */
#ifndef TE_EXIF_APPLE_H
#define TE_EXIF_APPLE_H

#include "exif/field.h"
#include "exif/list.h"

/* Set the field if the image has Apple's maker note with an identifier in it. */
extern void apple_read(const ExifList *list, ExifFields *fields);

#endif							/* TE_EXIF_APPLE_H */
