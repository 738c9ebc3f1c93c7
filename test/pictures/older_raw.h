/*
 * older_raw.h
 *		Builds RAW files of their own structure: Canon's CRW, Minolta's MRW, Sigma's X3F; and JPEG 2000's boxes.
 */
#ifndef TEST_OLDER_RAW_H
#define TEST_OLDER_RAW_H

#include "containers.h"

typedef struct OlderRaw
{
	const char *make,
			   *model;			/* NULL: none */
	uint32_t	time;			/* seconds since 1970; 0: none */
	uint32_t	width,
				height;
	int			rotation;		/* degrees, clockwise */
	Bytes		large,
				small;			/* previews; no bytes: none */
} OlderRaw;

/* The size and the rotation are in a heap within a heap, with the exposure: 1/3 more, 1/256 s, f/5.66. */
extern Bytes crw_build(const OlderRaw *raw, bool big_endian);

/* The block is a TIFF structure.  How the maker note in it names a preview is the caller's matter. */
extern Bytes mrw_build(const OlderRaw *raw, const Bytes *tiff);
#define MRW_TIFF_AT	40			/* where the structure begins in the file */

/* With properties, those of "raw" and exposure: 1/250 s, f/8, 24.2 mm, ISO 100.  "version" is the header's: 2 or 4. */
extern Bytes x3f_build(const OlderRaw *raw, int version);

/* The same with a preview without compression only. */
extern Bytes x3f_uncompressed(const OlderRaw *raw);

/* A JP2 of sRGB around a codestream, bare or in a JP2, or around none; with an Exif box unless exif is NULL. */
extern Bytes jp2_build(const Bytes *stream, int width, int height, const Bytes *exif);

#endif							/* TEST_OLDER_RAW_H */
