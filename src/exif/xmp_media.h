/*
 * xmp_media.h
 *		Reads Container:Directory: which pictures and videos a file consists of (private to src/exif).
 *
 * The parts follow each other up to the end of the file, so that the lengths from one on tell where it begins.
 */
#ifndef TE_EXIF_XMP_MEDIA_H
#define TE_EXIF_XMP_MEDIA_H

#include "exif/xmp.h"

#define XMP_MEDIA_DIRECTORY	XMP_NAME("http://ns.google.com/photos/1.0/container/", "Directory")

typedef struct XmpMedia
{
	char		text[32];		/* of the current element */
	int			text_length;	/* what does not fit is cut off: it is no value we know */

	/* the current part */
	bool		is_video;
	double		length,
				padding;

	bool		has_video;		/* of the parts so far, one is the video of a motion photo */
	bool		is_invalid;		/* a length is no number */
	double		offset;			/* bytes from the beginning of the video */
} XmpMedia;

extern void xmp_media_begin(XmpMedia *media);

/* An element in the directory, its text, its end. */
extern void xmp_media_start(XmpMedia *media, const char *name, const char **attributes);
extern void xmp_media_text(XmpMedia *media, const char *bytes, int length);
extern void xmp_media_end(XmpMedia *media, const char *name);

/* The directory has ended: set the place of the video, if there is one. */
extern void xmp_media_commit(const XmpMedia *media, ExifFields *fields);

#endif							/* TE_EXIF_XMP_MEDIA_H */
