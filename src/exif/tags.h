/*
 * tags.h
 *		Looks up name and kind of a tag (private to src/exif).
 */
#ifndef TE_EXIF_TAGS_H
#define TE_EXIF_TAGS_H

#include <stddef.h>
#include <stdint.h>

#include "exif/block.h"

/* How to read the value of a tag, in addition to its type and count. */
typedef enum TagKind
{
	TAG_PLAIN,					/* by its type */
	TAG_TEXT,					/* text, whatever the type */
	TAG_CLEAN,					/* text if its bytes are, even a single one */
	TAG_COPYRIGHT,				/* photographer NUL editor: two lines */
	TAG_CODED,					/* text after eight bytes that name its character code */
	TAG_UTF16,					/* UTF-16, little-endian, as Windows writes it */
	TAG_LABELLED,				/* text with a label: "Lens: 24-70 mm", as Photoshop wrote it */
	TAG_SIGNED,					/* a signed rational, also where the type says unsigned */
	TAG_FIXED8,					/* a number times 256 */
	TAG_CFA,					/* colour filter array: two 16-bit sizes, then bytes */
	TAG_NUMBERS,				/* bytes that are numbers */
	TAG_HEX,					/* a digest or identifier, as hexadecimal text */
	TAG_BINARY,					/* given by its length */
	TAG_OPAQUE,					/* the same, unless it is text */
	TAG_POINTER					/* offset of a directory: not a value */
} TagKind;

#define EXIF_MAX_NAME 64		/* bytes of the longest name with its NUL */

/*
 * The kind of a tag and its name (static, or written to "buffer" of EXIF_MAX_NAME bytes if the
 * tag has none: "0xNNNN").  raw_magic is the number in the header of the TIFF structure.
 */
extern TagKind exif_tag_kind(ExifDir dir, uint16_t tag, uint16_t raw_magic,
							 const char **name, char *buffer);

/*
 * Does this tag belong into this directory?  Only Panasonic's RAW has others, and they
 * do not override those of the embedded JPEG.
 */
extern bool exif_tag_is_own(ExifDir dir, uint16_t tag, uint16_t raw_magic);

#endif							/* TE_EXIF_TAGS_H */
