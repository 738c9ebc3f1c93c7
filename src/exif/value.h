/*
 * value.h
 *		Writes a tag's value as JSON (private to src/exif).
 */
#ifndef TE_EXIF_VALUE_H
#define TE_EXIF_VALUE_H

#include "exif/list.h"
#include "exif/json.h"
#include "exif/tags.h"

#define EXIF_MAX_ARRAY	256		/* a longer array of numbers is written as its length in bytes */
#define EXIF_MAX_BYTES	64		/* so are more bytes than this, unless they are text */

/* Write the value of a tag of this kind. */
extern void exif_value(ExifOut *out, const ExifFound *found, TagKind kind);

#endif							/* TE_EXIF_VALUE_H */
