/*
 * exif_heif.h
 *		Boxes, and the EXIF items of a HEIF "meta" box (private to src/image).
 */
#ifndef TE_EXIF_HEIF_H
#define TE_EXIF_HEIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/exif_find.h"

/* The content of a box, or what is left of it. */
typedef struct Box
{
	uint8_t		type[4];
	const uint8_t *data;
	size_t		length;
	bool		cut;			/* the box says it goes on beyond the one around it */
} Box;

/* Take the next box off the front of another's content.  False at the end. */
extern bool box_next(Box *inside, Box *box);

/* The first box of this type directly in another. */
extern bool box_find(Box inside, const char *type, Box *box);

/* A big-endian number of 0 to 8 bytes. */
extern uint64_t box_uint(const uint8_t *at, int bytes);

/*
 * Add the content of an Exif item or box: an offset of four bytes, then the
 * block.  Takes over "owned" as exif_add_piece does.
 */
extern void exif_add_payload(ExifPieces *pieces, const uint8_t *data, size_t length,
							 uint8_t *owned);

/* Find the EXIF items that describe the primary image of a HEIF or AVIF file, or else any. */
extern void exif_find_heif(const uint8_t *file, size_t file_length, Box meta,
						   ExifPieces *pieces);

#endif							/* TE_EXIF_HEIF_H */
