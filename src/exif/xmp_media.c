/*
 * xmp_media.c
 *		Reads Container:Directory: where the video of a motion photo begins.
 */
#include "exif/xmp_media.h"

#include <stdio.h>
#include <string.h>

#define PART		XMP_NAME("http://ns.google.com/photos/1.0/container/", "Item")
#define ABOUT(local)	XMP_NAME("http://ns.google.com/photos/1.0/container/item/", local)

void
xmp_media_begin(XmpMedia *media)
{
	memset(media, 0, sizeof(*media));
}

/* A fact about the current part; others than these are skipped. */
static void
set_fact(XmpMedia *media, const char *name, const char *text, size_t length)
{
	double	   *number = strcmp(name, ABOUT("Length")) == 0 ? &media->length :
	strcmp(name, ABOUT("Padding")) == 0 ? &media->padding : NULL;

	if (number != NULL)
		media->is_invalid |= !field_parse_number((const uint8_t *) text, length, number) || *number < 0;
	else if (strcmp(name, ABOUT("Semantic")) == 0)
		media->is_video = length == strlen("MotionPhoto") && memcmp(text, "MotionPhoto", length) == 0;
}

void
xmp_media_start(XmpMedia *media, const char *name, const char **attributes)
{
	media->text_length = 0;
	if (strcmp(name, PART) != 0)
		return;
	media->is_video = false;
	media->length = media->padding = 0;
	for (; attributes[0] != NULL; attributes += 2)
		set_fact(media, attributes[0], attributes[1], strlen(attributes[1]));
}

void
xmp_media_text(XmpMedia *media, const char *bytes, int length)
{
	if (length > (int) sizeof(media->text) - media->text_length)
		length = (int) sizeof(media->text) - media->text_length;
	memcpy(media->text + media->text_length, bytes, (size_t) length);
	media->text_length += length;
}

void
xmp_media_end(XmpMedia *media, const char *name)
{
	if (strcmp(name, PART) != 0)
	{
		set_fact(media, name, media->text, (size_t) media->text_length);
		media->text_length = 0;
		return;
	}
	media->has_video |= media->is_video;
	if (media->has_video)
		media->offset += media->length + media->padding;
}

void
xmp_media_commit(const XmpMedia *media, ExifFields *fields)
{
	char		offset[32];

	if (!media->has_video || media->is_invalid || media->offset <= 0)
		return;
	snprintf(offset, sizeof(offset), "%.0f", media->offset);
	field_set(fields, FIELD_XMP_MOTION_PHOTO_OFFSET, offset, strlen(offset));
}
