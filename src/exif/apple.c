/*
 * apple.c
 *		Reads ContentIdentifier from Apple's maker note.
 *
 * The note has a head with a byte order, and then a directory as in TIFF; offsets count from the head's begin.
 */
#include "exif/apple.h"

#include <string.h>

#include "exif/text.h"

#define TAG_MAKER_NOTE	0x927C
#define HEAD			"Apple iOS" /* with its NUL, then two bytes of version, then the byte order */
#define HEAD_ORDER		12
#define HEAD_LENGTH		14

#define CONTENT_IDENTIFIER	0x0011
#define MAX_IDENTIFIER	128		/* bytes; it is a UUID of 36 */

/* Read the head; "note" is then as a TIFF structure is to tiff_dir(). */
static bool
open_note(const TiffEntry *entry, Tiff *note)
{
	if (entry->bytes < HEAD_LENGTH || memcmp(entry->value, HEAD, sizeof(HEAD)) != 0)
		return false;
	memset(note, 0, sizeof(*note));
	note->data = entry->value;
	note->length = entry->bytes;
	if (memcmp(note->data + HEAD_ORDER, "MM", 2) == 0)
		note->order = EXIF_BYTE_ORDER_MOTOROLA;
	else if (memcmp(note->data + HEAD_ORDER, "II", 2) == 0)
		note->order = EXIF_BYTE_ORDER_INTEL;
	else
		return false;
	return true;
}

void
apple_read(const ExifList *list, ExifFields *fields)
{
	const ExifFound *found = exif_lookup(list, EXIF_DIR_EXIF, TAG_MAKER_NOTE);
	Tiff		note;
	TiffDir		dir;
	TiffEntry	entry;
	size_t		length;

	if (found == NULL || !open_note(&found->entry, &note) || !tiff_dir(&note, HEAD_LENGTH, &dir) ||
		!tiff_find(&note, &dir, CONTENT_IDENTIFIER, &entry) || entry.type != TIFF_ASCII)
		return;
	length = text_trimmed(entry.value, entry.bytes);
	if (length <= MAX_IDENTIFIER && text_is_clean(entry.value, length))
		field_set(fields, FIELD_CONTENT_IDENTIFIER, entry.value, length);
}
