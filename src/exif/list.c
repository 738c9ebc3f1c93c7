/*
 * list.c
 *		Collects the tags of one image from its directories.
 */
#include "exif/list.h"

#include <string.h>

#include "exif/tags.h"
#include "exif/text.h"

#define POINTER_GPS		0x8825
#define POINTER_INTEROP	0xA005
#define MAX_DEPTH		4		/* directories that point to directories */
#define MAX_BAD			10		/* broken entries of one directory that are skipped */

const ExifFound *
exif_lookup(const ExifList *list, ExifDir dir, uint16_t tag)
{
	for (int i = 0; i < list->count; i++)
		if (list->found[i].entry.tag == tag && list->found[i].dir == dir)
			return &list->found[i];
	return NULL;
}

bool
exif_lookup_text(const ExifList *list, ExifDir dir, uint16_t tag,
				 const uint8_t **text, size_t *length)
{
	const ExifFound *found = exif_lookup(list, dir, tag);

	if (found == NULL ||
		(found->entry.type != TIFF_ASCII && found->entry.type != TIFF_UTF8 &&
		 found->entry.type != TIFF_UNDEFINED))
		return false;
	*text = found->entry.value;
	*length = text_length(found->entry.value, found->entry.bytes);
	return true;
}

/* Some tags have other numbers in TIFF/EP, which RAW files use, than in Exif. */
static uint16_t
exif_number(uint16_t tag)
{
	if (tag >= 0x920B && tag <= 0x9217 && tag != 0x9214)
		return tag + 0x1000;
	return tag;
}

static void
add(ExifList *list, const Tiff *tiff, ExifDir dir, const TiffEntry *entry)
{
	ExifFound  *found = (ExifFound *) exif_lookup(list, dir, entry->tag);

	if (found == NULL)
	{
		if (list->count >= EXIF_MAX_TAGS)
		{
			list->overflow = true;
			return;
		}
		found = &list->found[list->count++];
	}
	else if (!exif_tag_is_own(dir, entry->tag, tiff->magic))
		return;
	found->tiff = tiff;
	found->dir = dir;
	found->entry = *entry;
}

/*
 * Read one directory and those it points to.  Broken entries are skipped.  But if the
 * first entry has no valid type, this is not a directory; a truncated directory ends at
 * the first broken entry; and after MAX_BAD broken entries the rest is not read.
 */
static void
gather_dir(ExifList *list, Tiff *tiff, uint64_t offset, ExifDir dir, bool with_gps, int depth)
{
	TiffDir		directory;
	TiffEntry	entry;
	uint64_t	pointer;
	int			bad = 0;

	if (depth > MAX_DEPTH || !tiff_dir(tiff, offset, &directory))
	{
		list->broken = true;
		return;
	}
	if (directory.truncated)
		list->broken = true;
	for (uint32_t i = 0; i < directory.count; i++)
	{
		TiffOutcome outcome = tiff_entry(tiff, &directory, i, &entry);

		/* Entries of zeros are padding, not damage. */
		bad += outcome != TIFF_GOOD && entry.type != 0;
		if (bad > MAX_BAD || (outcome == TIFF_BAD_TYPE && (i == 0 || directory.truncated)))
		{
			list->broken = true;
			return;
		}
		if (outcome != TIFF_GOOD)
			continue;
		if (dir != EXIF_DIR_GPS)
			entry.tag = exif_number(entry.tag);
		add(list, tiff, dir, &entry);
		if (dir == EXIF_DIR_GPS || dir == EXIF_DIR_INTEROP ||
			!tiff_uint(tiff, &entry, 0, &pointer))
			continue;
		if (entry.tag == TIFF_TAG_EXIF)
			gather_dir(list, tiff, pointer, EXIF_DIR_EXIF, with_gps, depth + 1);
		else if (entry.tag == POINTER_GPS && with_gps)
			gather_dir(list, tiff, pointer, EXIF_DIR_GPS, with_gps, depth + 1);
		else if (entry.tag == POINTER_INTEROP)
			gather_dir(list, tiff, pointer, EXIF_DIR_INTEROP, with_gps, depth + 1);
	}
}

void
exif_gather(const ExifBlocks *blocks, bool with_gps, ExifList *list)
{
	list->count = 0;
	list->overflow = false;
	list->broken = false;
	for (int i = 0; i < blocks->count; i++)
	{
		const ExifBlock *block = &blocks->block[i];
		Tiff	   *tiff = &list->tiff[i];

		if (block->dir == EXIF_DIR_GPS && !with_gps)
			continue;
		if (tiff_open(tiff, block->data, block->length))
			gather_dir(list, tiff, tiff->first, block->dir, with_gps, 0);
		else
			list->broken = true;
	}
}
