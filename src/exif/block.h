/*
 * block.h
 *		Collects the Exif blocks of one file (private to src/exif).
 *
 * A block is a TIFF structure that begins with its byte order mark.  A file may have several.
 */
#ifndef TE_EXIF_BLOCK_H
#define TE_EXIF_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif/packet.h"

#define EXIF_MAX_BLOCKS		6	/* blocks of one file that are read */
#define EXIF_MAX_JOINED		(16 * 1024 * 1024)	/* bytes put together from parts, or unpacked */
#define EXIF_MAX_UNPACKED	(2 * EXIF_MAX_JOINED)	/* unpacked bytes of one file, after which no more is unpacked */

/* The directories whose tags are the image's. */
typedef enum ExifDir
{
	EXIF_DIR_IFD0,
	EXIF_DIR_EXIF,
	EXIF_DIR_GPS,
	EXIF_DIR_INTEROP			/* a part of the Exif directory, with numbers of its own */
} ExifDir;

typedef struct ExifBlock
{
	const uint8_t *data;
	size_t		length;
	ExifDir		dir;			/* what its first directory is */
	uint8_t    *owned;			/* malloc'ed copy that data points into, or NULL */
} ExifBlock;

typedef struct ExifBlocks
{
	ExifBlock	block[EXIF_MAX_BLOCKS];
	int			count;
	const char *problem;		/* why an existing block could not be read, or NULL */
	size_t		unpacked;		/* bytes that were unpacked, whether there was something in them or not */
	ExifPackets *packets;		/* XMP and IPTC found on the way, or NULL: not wanted */
} ExifBlocks;

/* Does a TIFF structure start here?  Checks the byte order only. */
extern bool exif_has_byte_order(const uint8_t *data, size_t length);

/* The same, and the number is TIFF's 42: a match is unlikely to be accidental. */
extern bool exif_has_tiff_header(const uint8_t *data, size_t length);

/*
 * Add a block, which may begin with a superfluous "Exif\0\0".  Takes over
 * "owned": freed at once if there is no room or no TIFF structure in it.
 */
extern void exif_blocks_add(ExifBlocks *blocks, ExifDir dir,
							const uint8_t *data, size_t length, uint8_t *owned);

/* Append to the last block the rest of it, from another segment. */
extern void exif_blocks_append(ExifBlocks *blocks, const uint8_t *data, size_t length);

/* Add the content of an Exif item or box: an offset of four bytes, then the block. */
extern void exif_blocks_add_payload(ExifBlocks *blocks, const uint8_t *data, size_t length,
									uint8_t *owned);

extern void exif_blocks_free(ExifBlocks *blocks);

#endif							/* TE_EXIF_BLOCK_H */
