/*
 * field.c
 *		Collects values of XMP packets and IPTC records, and writes them as JSON.
 */
#include "exif/field.h"

#include <stdlib.h>
#include <string.h>

#include "exif/text.h"

#define NUMBER_DIGITS 15		/* that a double holds exactly */

/* How a field is written. */
typedef enum FieldKind
{
	KIND_TEXT,
	KIND_LIST,					/* an array, also of one text */
	KIND_TEXTS,					/* one text, or an array of several */
	KIND_NUMBER,
	KIND_HIDDEN
} FieldKind;

/* Names are those under which ExifTool lists the values. */
static const struct
{
	const char *name;
	FieldKind	kind;
}			layout[FIELDS] = {
	[FIELD_XMP_TITLE] = {"XMP:Title", KIND_TEXT},
	[FIELD_XMP_DESCRIPTION] = {"XMP:Description", KIND_TEXT},
	[FIELD_XMP_SUBJECT] = {"XMP:Subject", KIND_LIST},
	[FIELD_XMP_HIERARCHICAL_SUBJECT] = {"XMP:HierarchicalSubject", KIND_LIST},
	[FIELD_XMP_RATING] = {"XMP:Rating", KIND_NUMBER},
	[FIELD_XMP_CREATE_DATE] = {"XMP:CreateDate", KIND_TEXT},
	[FIELD_XMP_MOTION_PHOTO] = {"XMP:MotionPhoto", KIND_NUMBER},
	[FIELD_XMP_MOTION_PHOTO_TIME] = {"XMP:MotionPhotoPresentationTimestampUs", KIND_NUMBER},
	[FIELD_XMP_MOTION_PHOTO_OFFSET] = {"XMP:MotionPhotoOffset", KIND_NUMBER},
	[FIELD_XMP_MICRO_VIDEO] = {"XMP:MicroVideo", KIND_NUMBER},
	[FIELD_XMP_MICRO_VIDEO_TIME] = {"XMP:MicroVideoPresentationTimestampUs", KIND_NUMBER},
	[FIELD_XMP_MICRO_VIDEO_OFFSET] = {"XMP:MicroVideoOffset", KIND_NUMBER},
	[FIELD_XMP_EXTENDED] = {NULL, KIND_HIDDEN},
	[FIELD_IPTC_OBJECT_NAME] = {"IPTC:ObjectName", KIND_TEXT},
	[FIELD_IPTC_KEYWORDS] = {"IPTC:Keywords", KIND_LIST},
	[FIELD_IPTC_BY_LINE] = {"IPTC:By-line", KIND_TEXTS},
	[FIELD_IPTC_CAPTION] = {"IPTC:Caption-Abstract", KIND_TEXT},
	[FIELD_IPTC_COPYRIGHT] = {"IPTC:CopyrightNotice", KIND_TEXT},
	[FIELD_CONTENT_IDENTIFIER] = {"ContentIdentifier", KIND_TEXT}
};

void
field_begin(ExifFields *fields)
{
	fields->first = fields->items;
	fields->start = fields->length;
	fields->failed = false;
}

void
field_add(ExifFields *fields, const void *bytes, size_t length)
{
	if (fields->failed || length == 0)
		return;
	if (length > FIELD_MAX_TEXT - fields->length)
	{
		fields->failed = true;
		return;
	}
	if (length > fields->capacity - fields->length)
	{
		size_t		capacity = (fields->length + length) * 2 + 1024;
		uint8_t    *text = realloc(fields->text, capacity);

		if (text == NULL)
		{
			fields->failed = true;
			return;
		}
		fields->text = text;
		fields->capacity = capacity;
	}
	memcpy(fields->text + fields->length, bytes, length);
	fields->length += length;
}

bool
field_end_item(ExifFields *fields)
{
	size_t		length = fields->length - fields->start;

	if (length == 0 || text_is_blank(fields->text + fields->start, length))
	{
		field_drop_item(fields);
		return false;
	}
	if (fields->items - fields->first >= FIELD_MAX_ITEMS)
	{
		fields->truncated = true;
		field_drop_item(fields);
		return true;
	}
	if (fields->items == fields->item_capacity)
	{
		int			capacity = fields->item_capacity * 2 + 32;
		FieldItem  *item = realloc(fields->item, (size_t) capacity * sizeof(FieldItem));

		if (item == NULL)
		{
			fields->failed = true;
			return true;
		}
		fields->item = item;
		fields->item_capacity = capacity;
	}
	fields->item[fields->items++] = (FieldItem) {.start = fields->start, .length = length};
	fields->start = fields->length;
	return true;
}

void
field_drop_item(ExifFields *fields)
{
	fields->length = fields->start;
}

void
field_keep_last(ExifFields *fields)
{
	if (fields->items > fields->first + 1)
	{
		fields->item[fields->first] = fields->item[fields->items - 1];
		fields->items = fields->first + 1;
	}
}

void
field_commit(ExifFields *fields, ExifField field)
{
	field_drop_item(fields);
	if (fields->failed)
		fields->truncated = true;
	else if (fields->items > fields->first)
	{
		fields->value[field].first = fields->first;
		fields->value[field].count = fields->items - fields->first;
	}
}

void
field_set(ExifFields *fields, ExifField field, const void *bytes, size_t length)
{
	field_begin(fields);
	field_add(fields, bytes, length);
	field_end_item(fields);
	field_commit(fields, field);
}

bool
field_text(const ExifFields *fields, ExifField field, const uint8_t **text, size_t *length)
{
	const FieldItem *item;

	if (fields->value[field].count == 0)
		return false;
	item = &fields->item[fields->value[field].first];
	*text = fields->text + item->start;
	*length = item->length;
	return true;
}

bool
field_parse_number(const uint8_t *text, size_t length, double *number)
{
	const uint8_t *end = text + length;
	int64_t		whole = 0;
	double		scale = 1;
	bool		negative = false,
				fraction = false;
	int			digits = 0;

	while (text < end && text_is_blank(text, 1))
		text++;
	while (text < end && text_is_blank(end - 1, 1))
		end--;
	if (text < end && (*text == '-' || *text == '+'))
		negative = *text++ == '-';
	for (; text < end; text++)
	{
		if (*text == '.' && !fraction)
			fraction = true;
		else if (*text < '0' || *text > '9' || ++digits > NUMBER_DIGITS)
			return false;
		else
		{
			whole = whole * 10 + (*text - '0');
			scale *= fraction ? 10 : 1;
		}
	}
	*number = whole == 0 ? 0 : (double) (negative ? -whole : whole) / scale;
	return digits > 0;
}

/* One item as JSON.  False, and nothing is written, if nothing is left of it. */
static bool
write_item(ExifOut *out, const uint8_t *text, size_t length)
{
	size_t		start = out->length;

	out_bytes(out, "\"", 1);
	if (!text_stripped(out, text, length))
	{
		out->length = start;
		return false;
	}
	out_bytes(out, "\"", 1);
	return true;
}

/* The items of a field as an array, or the last as a text.  False if nothing is left of them. */
static bool
write_items(const ExifFields *fields, int field, ExifOut *out)
{
	const FieldItem *item = &fields->item[fields->value[field].first];
	bool		is_array = layout[field].kind == KIND_LIST ||
	(layout[field].kind == KIND_TEXTS && fields->value[field].count > 1);
	int			written = 0;

	if (is_array)
		out_bytes(out, "[", 1);
	for (int i = is_array ? 0 : fields->value[field].count - 1; i < fields->value[field].count && !out->full; i++)
	{
		size_t		start = out->length;

		if (written > 0)
			out_bytes(out, ",", 1);
		if (write_item(out, fields->text + item[i].start, item[i].length))
			written++;
		else if (!out->full)
			out->length = start;
	}
	if (is_array)
		out_bytes(out, "]", 1);
	return written > 0;
}

void
fields_write(const ExifFields *fields, ExifJson *json)
{
	json->truncated |= fields->truncated;
	for (int i = 0; i < FIELDS; i++)
	{
		const uint8_t *text;
		size_t		length;
		double		number;

		if (layout[i].kind == KIND_HIDDEN || !field_text(fields, (ExifField) i, &text, &length) ||
			(layout[i].kind == KIND_NUMBER && !field_parse_number(text, length, &number)))
			continue;
		json_member(json, layout[i].name);
		if (layout[i].kind == KIND_NUMBER)
			out_number(&json->out, number, NUMBER_DIGITS);
		else if (!write_items(fields, i, &json->out) && !json->out.full)
			json_member_drop(json);
		json_member_end(json);
	}
}

void
fields_free(ExifFields *fields)
{
	free(fields->text);
	free(fields->item);
}
