/*
 * value.h
 *		A tag's value as JSON (private to src/exif).
 */
#ifndef TE_EXIF_VALUE_H
#define TE_EXIF_VALUE_H

#include "exif/list.h"
#include "exif/json.h"
#include "exif/tags.h"

#define EXIF_MAX_ARRAY	256		/* longer arrays of numbers are given by their length in bytes */
#define EXIF_MAX_BYTES	64		/* so are more bytes than these that are no text */

/* Write the value of a tag of this kind. */
extern void exif_value(ExifOut *out, const ExifFound *found, TagKind kind);

#endif							/* TE_EXIF_VALUE_H */
