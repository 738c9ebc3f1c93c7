/*
 * made.h
 *		Makes an Exif block of what a file says by other means, so that it is read as any other (private to src/exif).
 *
 *		if (made_begin(&made))
 *		{
 *			made_text(&made, EXIF_DIR_IFD0, 0x010F, "Canon", 5);
 *			made_end(&made, blocks);
 *		}
 */
#ifndef TE_EXIF_MADE_H
#define TE_EXIF_MADE_H

#include "exif/block.h"

#define MADE_MAX_TEXT	255		/* bytes of a text; the rest is cut off */

typedef struct ExifMade
{
	uint8_t    *block;			/* malloc'ed */
	size_t		length;
	int			count[2];		/* entries of IFD0 and of the Exif directory */
} ExifMade;

/* Begin a block.  False if out of memory. */
extern bool made_begin(ExifMade *made);

/* Add a value to IFD0 or the Exif directory; what does not fit is left out.  A text ends at its first NUL; an empty one is none. */
extern void made_text(ExifMade *made, ExifDir dir, uint16_t tag, const char *text, size_t length);
extern void made_short(ExifMade *made, ExifDir dir, uint16_t tag, uint16_t value);
extern void made_float(ExifMade *made, ExifDir dir, uint16_t tag, float value);

/* DateTimeOriginal, of seconds since 1970 by the camera's clock; 0 is none. */
extern void made_time(ExifMade *made, uint32_t seconds);

/* Orientation, of a clockwise rotation by degrees, unless that is no quarter turn. */
extern void made_rotation(ExifMade *made, int32_t degrees);

/* Add the block, unless it is empty. */
extern void made_end(ExifMade *made, ExifBlocks *blocks);

#endif							/* TE_EXIF_MADE_H */
