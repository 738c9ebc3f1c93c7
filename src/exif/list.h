/*
 * list.h
 *		Collects the tags of one image from its directories (private to src/exif).
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
	const Tiff *tiff;			/* the structure it is in, for its byte order */
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

/* The tag of this directory, or NULL. */
extern const ExifFound *exif_lookup(const ExifList *list, ExifDir dir, uint16_t tag);

/*
 * The bytes of a tag of a text type or of type UNDEFINED, up to the first NUL.
 * False if it is absent or of another type.
 */
extern bool exif_lookup_text(const ExifList *list, ExifDir dir, uint16_t tag,
							 const uint8_t **text, size_t *length);

#endif							/* TE_EXIF_LIST_H */
