/*
 * exif_block.h
 *		Builds EXIF blocks (and TIFF files) byte by byte, for test pictures.
 *
 * A block is a set of directories.  Each entry is given as (directory, tag, type,
 * count, data) and is written in the order in which it was added, so that odd and
 * broken blocks can be made as easily as good ones (the standard wants ascending
 * tags).  Nothing is checked.  Running out of memory or room ends the program.
 *
 *		ExifBlock  *block = exif_block_new(EB_BIG_ENDIAN);
 *
 *		exif_block_ascii(block, EB_IFD0, 0x010F, "NIKON");
 *		exif_block_link(block, EB_IFD0, 0x8769, EB_EXIF);
 *		exif_block_ascii(block, EB_EXIF, 0x9003, "2024:05:06 07:08:09");
 *		bytes = exif_block_build(block, &length);		-- from "MM", without "Exif\0\0"
 */
#ifndef TEST_EXIF_BLOCK_H
#define TEST_EXIF_BLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Flags of exif_block_new; 0 is a little-endian classic TIFF. */
#define EB_BIG_ENDIAN	0x01
#define EB_BIGTIFF		0x02

/* Directories: these have usual places, any other number below EB_MAX_IFDS is free to use. */
#define EB_IFD0		0
#define EB_EXIF		1
#define EB_GPS		2
#define EB_INTEROP	3
#define EB_IFD1		4
#define EB_MAX_IFDS	12

/* Types of values, as TIFF numbers them. */
#define EB_BYTE			1
#define EB_ASCII		2
#define EB_SHORT		3
#define EB_LONG			4
#define EB_RATIONAL		5
#define EB_SBYTE		6
#define EB_UNDEFINED	7
#define EB_SSHORT		8
#define EB_SLONG		9
#define EB_SRATIONAL	10
#define EB_FLOAT		11
#define EB_DOUBLE		12
#define EB_IFD			13
#define EB_LONG8		16

typedef struct ExifBlock ExifBlock;

extern ExifBlock *exif_block_new(int flags);
extern void exif_block_free(ExifBlock *block);

/* Leave that many zero bytes between the header and the first directory. */
extern void exif_block_pad(ExifBlock *block, size_t bytes);

/*
 * An entry with "count" values of a type in data, in this machine's byte order (a
 * rational is two 32-bit numbers); they are turned into the block's.
 */
extern void exif_block_add(ExifBlock *block, int ifd, int tag, int type,
						   uint64_t count, const void *data);

/* Shorthands.  The text includes its closing NUL, as the standard wants. */
extern void exif_block_ascii(ExifBlock *block, int ifd, int tag, const char *text);
extern void exif_block_short(ExifBlock *block, int ifd, int tag, int value);
extern void exif_block_long(ExifBlock *block, int ifd, int tag, uint32_t value);
extern void exif_block_rational(ExifBlock *block, int ifd, int tag,
								uint32_t numerator, uint32_t denominator);

/*
 * An entry whose last field (value or offset) is "field" literally, whatever type
 * and count say: for offsets that lead nowhere and counts that lie.
 */
extern void exif_block_literal(ExifBlock *block, int ifd, int tag, int type,
							   uint64_t count, uint64_t field);

/* An entry that points to another directory; repeated tags make SubIFDs an array of offsets. */
extern void exif_block_link(ExifBlock *block, int ifd, int tag, int to_ifd);

/* The directory that follows another in the chain (IFD0 to IFD1); a loop is allowed. */
extern void exif_block_chain(ExifBlock *block, int ifd, int next_ifd);

/* A LONG entry with the offset of these bytes (a preview, a strip), stored behind the directories. */
extern void exif_block_blob(ExifBlock *block, int ifd, int tag, const void *data, size_t length);

/* The finished block, from its byte order mark on.  The caller frees it. */
extern uint8_t *exif_block_build(const ExifBlock *block, size_t *length);

/* A copy of a JPEG with the block in an APP1 segment behind SOI.  The caller frees it. */
extern uint8_t *exif_block_into_jpeg(const uint8_t *jpeg, size_t jpeg_length,
									 const uint8_t *exif, size_t exif_length, size_t *length);

#endif							/* TEST_EXIF_BLOCK_H */
