/*
 * exif_wrap.h
 *		Puts an EXIF block into each kind of container.  The files have no pixels.
 */
#ifndef TEST_EXIF_WRAP_H
#define TEST_EXIF_WRAP_H

#include "containers.h"

typedef enum ExifWrap
{
	WRAP_JPEG,
	WRAP_JPEG_SPLIT,			/* over three APP1 segments */
	WRAP_JPEG_BEHIND,			/* behind APP0, a comment, XMP and an empty APP1 */
	WRAP_JPEG_GARBAGE,			/* four bytes too many before "Exif", markers padded with 0xFF */
	WRAP_JPEG_UPPER,			/* "EXIF" NUL and something else */
	WRAP_PNG,
	WRAP_PNG_AFTER_IDAT,
	WRAP_PNG_HEADER,			/* with a superfluous "Exif\0\0" */
	WRAP_PNG_TEXT,				/* in hexadecimal in a tEXt chunk */
	WRAP_PNG_ZTEXT,				/* the same, compressed */
	WRAP_PNG_ITEXT,
	WRAP_WEBP,
	WRAP_WEBP_UNFLAGGED,
	WRAP_WEBP_HEADER,
	WRAP_HEIC,					/* one extent of the file */
	WRAP_HEIC_EXTENTS,			/* three, in the wrong order in the file */
	WRAP_HEIC_IDAT,				/* in the meta box itself */
	WRAP_HEIC_ITEM,				/* in another item */
	WRAP_HEIC_LARGE,			/* 64-bit offsets, 32-bit numbers of items, 64-bit boxes */
	WRAP_HEIC_HEADER,			/* "Exif\0\0" before the block, as most phones write it */
	WRAP_HEIC_OTHER,			/* another EXIF item, of another image, stands before it */
	WRAP_AVIF,
	WRAP_JXL,
	WRAP_JXL_BROTLI,
	WRAP_RAF,
	WRAP_MRW,
	WRAP_X3F,					/* in the second of its previews */
	WRAP_JP2,
	WRAP_JP2_HEADER				/* with a superfluous "Exif\0\0" */
} ExifWrap;
#define WRAP_LAST WRAP_JP2_HEADER

/* "jpeg-split.jpg": what it is and the usual suffix. */
extern const char *exif_wrap_name(ExifWrap how);

/* The file.  The caller frees it with bytes_free. */
extern Bytes exif_wrap(ExifWrap how, const uint8_t *exif, size_t length);

/* Canon's CR3 has a block for each directory; any may be empty. */
extern Bytes exif_wrap_cr3(const Bytes *ifd0, const Bytes *exif, const Bytes *gps);

/* A block as APP1 segment, to the end of a JPEG; "header" is what stands before the block. */
extern void jpeg_segment(Bytes *jpeg, int marker, const void *header, size_t header_length,
						 const void *data, size_t length);

/* A chunk to the end of a RIFF file, and a RAF around a JPEG. */
extern void riff_chunk(Bytes *riff, const char *type, const void *data, size_t length);
extern Bytes raf_around(const Bytes *jpeg);

/* What begins and ends a JPEG. */
extern void jpeg_begin(Bytes *jpeg);
extern void jpeg_end(Bytes *jpeg);

#endif							/* TEST_EXIF_WRAP_H */
