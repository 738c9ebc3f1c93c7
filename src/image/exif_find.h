/*
 * exif_find.h
 *		Where in a file its EXIF is (private to src/image).
 */
#ifndef TE_EXIF_FIND_H
#define TE_EXIF_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/message.h"

#define EXIF_MAX_PIECES		6		/* TIFF structures of one file that are read */
#define EXIF_MAX_JOINED		(16 * 1024 * 1024)	/* bytes put together from parts, or unpacked */

/* The directories whose tags are the image's. */
typedef enum ExifDir
{
	EXIF_DIR_IFD0,
	EXIF_DIR_EXIF,
	EXIF_DIR_GPS,
	EXIF_DIR_INTEROP			/* a part of the Exif directory, with numbers of its own */
} ExifDir;

/* One TIFF structure, from its byte order mark on. */
typedef struct ExifPiece
{
	const uint8_t *data;
	size_t		length;
	ExifDir		dir;			/* what its first directory is */
	uint8_t    *owned;			/* data, if it had to be put together, else NULL */
} ExifPiece;

typedef struct ExifPieces
{
	ExifPiece	piece[EXIF_MAX_PIECES];
	int			count;
	const char *trouble;		/* why EXIF that is there could not be had, or NULL */
} ExifPieces;

/*
 * Find the EXIF of a file.  Pieces point into data or own their bytes: call
 * exif_pieces_free in either case.
 */
extern void exif_find(TeFormat format, const uint8_t *data, size_t length, ExifPieces *pieces);
extern void exif_pieces_free(ExifPieces *pieces);

/*
 * For the readers of single containers.  exif_add_piece takes a block that may
 * begin with a superfluous "Exif\0\0", and takes over "owned" (freed at once if
 * there is no room or no TIFF structure in it).
 */
extern void exif_add_piece(ExifPieces *pieces, ExifDir dir,
						   const uint8_t *data, size_t length, uint8_t *owned);
extern void exif_find_jpeg(const uint8_t *data, size_t length, ExifPieces *pieces);
extern uint32_t exif_be32(const uint8_t *at);

/* exif_png.c */
extern void exif_find_png(const uint8_t *data, size_t length, ExifPieces *pieces);

/* exif_box.c: HEIF and AVIF items, JPEG XL boxes, CR3. */
extern void exif_find_boxes(const uint8_t *data, size_t length, ExifPieces *pieces);

#endif							/* TE_EXIF_FIND_H */
