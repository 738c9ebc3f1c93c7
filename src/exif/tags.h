/*
 * tags.h
 *		What a tag is called and how its value is to be read (private to src/exif).
 */
#ifndef TE_EXIF_TAGS_H
#define TE_EXIF_TAGS_H

#include <stddef.h>
#include <stdint.h>

#include "exif/block.h"

/* How to read a value where type and count do not say it all. */
typedef enum TagKind
{
	TAG_PLAIN,				/* by its type */
	TAG_TEXT,				/* text, whatever the type */
	TAG_TRIMMED,			/* text without the blanks that cameras put behind it */
	TAG_COPYRIGHT,			/* photographer NUL editor: two lines */
	TAG_CODED,				/* text behind eight bytes that name its character code */
	TAG_UTF16,				/* text of Windows: UTF-16, little-endian */
	TAG_LABELLED,			/* text that names itself: "Lens: 24-70 mm", as Photoshop wrote it */
	TAG_SIGNED,				/* a signed rational, also where the type says unsigned */
	TAG_FIXED8,				/* a number times 256 */
	TAG_CFA,				/* colour filter array: two 16-bit sizes, then bytes */
	TAG_NUMBERS,			/* bytes that are numbers */
	TAG_HEX,				/* a digest or identifier, written in hexadecimal */
	TAG_BINARY,				/* given by its length */
	TAG_OPAQUE,				/* the same, unless it is text */
	TAG_POINTER				/* leads to a directory: not a value */
} TagKind;

#define EXIF_MAX_NAME 64		/* bytes of the longest name with its NUL */

/*
 * The kind of a tag and its name (static, or written to "buffer" of EXIF_MAX_NAME bytes if the
 * tag has none: "0xNNNN").  raw_magic is the number in the header of the TIFF structure.
 */
extern TagKind exif_tag_kind(ExifDir dir, uint16_t tag, uint16_t raw_magic,
							 const char **name, char *buffer);

/*
 * Is this one of the tags that belong into this directory?  Only in Panasonic's RAW
 * are there others, and they count less than those of the JPEG inside.
 */
extern bool exif_tag_is_own(ExifDir dir, uint16_t tag, uint16_t raw_magic);

#endif							/* TE_EXIF_TAGS_H */
