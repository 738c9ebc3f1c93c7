/*
 * containers.h
 *		Builds files byte by byte: EXIF blocks and unusual pixels in containers.  All that is
 *		returned is malloc'ed and the caller's to free.
 */
#ifndef TEST_CONTAINERS_H
#define TEST_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif_block.h"
#include "scene.h"

typedef struct Bytes
{
	uint8_t    *data;
	size_t		length;
} Bytes;

extern Bytes bytes_copy(const void *data, size_t length);
extern void bytes_add(Bytes *bytes, const void *data, size_t length);
extern void bytes_free(Bytes *bytes);

/* One PNG chunk with its checksum, to the end of the bytes. */
extern void png_chunk(Bytes *png, const char *type, const void *data, size_t length);

/* An eXIf chunk, behind the header or (at_end) behind the pixels. */
extern Bytes png_with_exif(const Bytes *png, const Bytes *exif, bool at_end);

/* An EXIF chunk; without "flag" the header does not say that there is one. */
extern Bytes webp_with_exif(const Bytes *webp, const Bytes *exif, int width, int height, bool flag);

/* The container around a bare JPEG XL codestream, with an Exif box. */
extern Bytes jxl_with_exif(const Bytes *codestream, const Bytes *exif);

/* An uncompressed TIFF of the canvas; the block's other directories and tags come along. */
extern Bytes tiff_with_exif(const Canvas *canvas, ExifBlock *block, int orientation);

/*
 * The HEIC or AVIF with a rotation by that many quarters, anticlockwise, and after it a mirroring
 * (0: top and bottom change places, 1: left and right, -1: none).  No bytes if the file is
 * built in another way than libheif does.
 */
extern Bytes heif_turned(const Bytes *heif, int quarters, int mirror);

/* How BMP pixels are packed. */
typedef enum BmpKind
{
	BMP_1, BMP_4, BMP_8, BMP_RLE4, BMP_RLE8, BMP_16_555, BMP_16_565, BMP_24, BMP_24_OS2,
	BMP_32, BMP_32_MASKS, BMP_32_ALPHA
} BmpKind;

/* The palettes of the kinds below 16 bits hold 2, 16 and 256 colours of the scene, roughly. */
extern Bytes bmp_write(const Canvas *canvas, BmpKind kind, bool top_down);

/* A PNM of kind 1 to 6, which "white" is the largest sample of. */
extern Bytes pnm_write(const Canvas *canvas, int kind, int white);

#endif							/* TEST_CONTAINERS_H */
