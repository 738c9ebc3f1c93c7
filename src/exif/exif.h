/*
 * exif.h
 *		Reads the EXIF of an image file, and of XMP and IPTC the descriptions.  The public face of src/exif.
 *
 * Works on memory that the caller holds; no pixel is decoded.
 */
#ifndef TE_EXIF_H
#define TE_EXIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/message.h"

/* Texts of facts: UTF-8, "" = none. */
typedef struct ExifTexts
{
	char		lens[TE_MAX_TEXT],
				title[TE_MAX_TEXT],
				description[TE_MAX_DESCRIPTION],	/* may have tabs and line ends */
				keywords[TE_MAX_KEYWORD_TEXT];	/* with line ends between them */
} ExifTexts;

/* The EXIF of one image; exif_result_free releases what is inside. */
typedef struct ExifResult
{
	TeExifStatus status;
	char		error[TE_MAX_TEXT]; /* why EXIF cannot be read, or ""; XMP and IPTC may have been found all the same */
	bool		has_taken_at;
	TeTime		taken_at;
	bool		has_gps;
	double		latitude,
				longitude;
	char		make[TE_MAX_TEXT],
				model[TE_MAX_TEXT]; /* UTF-8, trimmed, "" = none */
	char	   *json;			/* one JSON object, NUL-terminated UTF-8 of at most TE_MAX_JSON bytes, or NULL */
	ExifTexts  *texts;			/* NULL unless facts were asked for */
} ExifResult;

/*
 * Find and read the EXIF of an image of a known format, with or without the GPS
 * directory.  Fills the whole result; a failure is a status in it.
 */
extern void exif_read(TeFormat format, const uint8_t *data, size_t length,
					  bool with_gps, ExifResult *result);

/* The file with XMP beside an image; without data, it cannot be read. */
typedef struct ExifSidecar
{
	const uint8_t *data;
	size_t		length;
} ExifSidecar;

/*
 * The same, also with the XMP of the file beside it (NULL: there is none), each of whose values comes before that in
 * the image's own XMP.  Of one that is not well-formed, or has a document type, nothing is taken.  Unless "facts" is NULL,
 * the facts that EXIF, XMP and IPTC tell are filled in, with their texts; other facts are left as they are.
 */
extern void exif_read_beside(TeFormat format, const uint8_t *data, size_t length,
							 bool with_gps, const ExifSidecar *sidecar, ExifResult *result, TeFacts *facts);
extern void exif_result_free(ExifResult *result);

/*
 * The EXIF orientation, 1..8, or 1 if there is none or it is not valid.  It must not be called
 * for containers with their own rotation (HEIC, AVIF, JXL).
 */
extern int	exif_orientation(TeFormat format, const uint8_t *data, size_t length);

#endif							/* TE_EXIF_H */
