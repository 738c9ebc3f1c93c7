/*
 * list.h
 *		The tags of one image, gathered from its directories (private to src/exif).
 */
#ifndef TE_EXIF_LIST_H
#define TE_EXIF_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "container/tiff.h"
#include "exif/block.h"

#define EXIF_MAX_TAGS 1024

/* One tag.  Its value points into the file. */
typedef struct ExifFound
{
	const Tiff *tiff;			/* where it is from: byte order */
	ExifDir		dir;
	TiffEntry	entry;
} ExifFound;

typedef struct ExifList
{
	Tiff		tiff[EXIF_MAX_BLOCKS];
	ExifFound	found[EXIF_MAX_TAGS];
	int			count;
	bool		overflow;		/* there were more tags than the list holds */
	bool		broken;			/* a directory could not be read */
} ExifList;

/*
 * Gather the tags of all blocks; with_gps false leaves the GPS directory unread.  Of
 * tags that occur twice in a directory the last one counts.
 */
extern void exif_gather(const ExifBlocks *blocks, bool with_gps, ExifList *list);

/* The tag in this directory, or NULL. */
extern const ExifFound *exif_lookup(const ExifList *list, ExifDir dir, uint16_t tag);

/*
 * The bytes of a tag that is text (by its type, or of no type), up to the first NUL.
 * False if it is not there or not text.
 */
extern bool exif_lookup_text(const ExifList *list, ExifDir dir, uint16_t tag,
							 const uint8_t **text, size_t *length);

#endif							/* TE_EXIF_LIST_H */
