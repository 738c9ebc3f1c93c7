/*
 * field.h
 *		Values of XMP packets, IPTC records and one of a maker note, until they are written as JSON (private to src/exif).
 *
 * A value is begun, gets its items, and counts from its commit on.  One that is not committed, since the packet
 * ends within it or is broken there, changes nothing.  One that is replaces the value that was there before.
 */
#ifndef TE_EXIF_FIELD_H
#define TE_EXIF_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif/json.h"

#define FIELD_MAX_TEXT	(256 * 1024)	/* bytes of all values of a file */
#define FIELD_MAX_ITEMS	1000	/* of one value */

typedef enum ExifField
{
	FIELD_XMP_TITLE,
	FIELD_XMP_DESCRIPTION,
	FIELD_XMP_SUBJECT,
	FIELD_XMP_HIERARCHICAL_SUBJECT,
	FIELD_XMP_RATING,
	FIELD_XMP_CREATE_DATE,
	FIELD_XMP_MOTION_PHOTO,
	FIELD_XMP_MOTION_PHOTO_TIME,
	FIELD_XMP_MOTION_PHOTO_OFFSET,	/* worked out: see xmp.c */
	FIELD_XMP_MICRO_VIDEO,
	FIELD_XMP_MICRO_VIDEO_TIME,
	FIELD_XMP_MICRO_VIDEO_OFFSET,
	FIELD_XMP_EXTENDED,			/* the name of the extended XMP; not written */
	FIELD_IPTC_OBJECT_NAME,
	FIELD_IPTC_KEYWORDS,
	FIELD_IPTC_BY_LINE,
	FIELD_IPTC_CAPTION,
	FIELD_IPTC_COPYRIGHT,
	FIELD_CONTENT_IDENTIFIER	/* of Apple's maker note */
} ExifField;
#define FIELDS (FIELD_CONTENT_IDENTIFIER + 1)

/* Part of the text of all values. */
typedef struct FieldItem
{
	size_t		start;
	size_t		length;
} FieldItem;

/* All values of a file: zeroed by the caller, freed by fields_free. */
typedef struct ExifFields
{
	uint8_t    *text;			/* UTF-8, but an item that is not valid UTF-8 is Latin-1 */
	size_t		length,
				capacity;
	FieldItem  *item;
	int			items,
				item_capacity;
	struct
	{
		int			first;		/* of its items */
		int			count;		/* 0 = no value */
	}			value[FIELDS];

	/* What is being collected: a value from an item on, an item from a place in the text on. */
	int			first;
	size_t		start;
	bool		failed;			/* something of the value did not fit */

	bool		truncated;		/* a value, or a part of its items, did not fit */
} ExifFields;

/* Begin a value; what was collected and not committed is dropped. */
extern void field_begin(ExifFields *fields);

/* Add to the current item, end it, or drop it.  An item of blanks is none, and field_end_item then returns false. */
extern void field_add(ExifFields *fields, const void *bytes, size_t length);
extern bool field_end_item(ExifFields *fields);
extern void field_drop_item(ExifFields *fields);

/* Of the items of the current value that have ended, keep the last only. */
extern void field_keep_last(ExifFields *fields);

/* The current value becomes that of a field, unless it has no items. */
extern void field_commit(ExifFields *fields, ExifField field);

/* The same in one: a value of one item. */
extern void field_set(ExifFields *fields, ExifField field, const void *bytes, size_t length);

/* The first item of a field; false if it has no value. */
extern bool field_text(const ExifFields *fields, ExifField field, const uint8_t **text, size_t *length);

/* A decimal number of at most 15 digits, without an exponent.  False if the text is anything else. */
extern bool field_parse_number(const uint8_t *text, size_t length, double *number);

/* Add all values to the JSON. */
extern void fields_write(const ExifFields *fields, ExifJson *json);

extern void fields_free(ExifFields *fields);

#endif							/* TE_EXIF_FIELD_H */
