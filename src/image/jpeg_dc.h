/*
 * jpeg_dc.h
 *		A JPEG decoder that reads only the average of each block of 8 x 8 samples: the picture at
 *		1/8 of its size.  jpeg_dc.c explains it.
 */
#ifndef TE_IMAGE_JPEG_DC_H
#define TE_IMAGE_JPEG_DC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

#define DC_TABLES		4		/* Huffman tables of a kind */
#define DC_MCU_BLOCKS	10		/* blocks of a minimum coded unit (MCU), at most */

#define DC_IS_RESTART(marker)	((marker) >= 0xD0 && (marker) <= 0xD7)

/* More bytes than an MCU can have: 64 symbols a block of at most 16 bits each with 15 bits of value. */
#define DC_MCU_BYTES	(DC_MCU_BLOCKS * 64 * 31 / 8 + 80)

/* Samples that libjpeg makes of a block of 8 x 8 coefficients; JPEG_LEAST_HEIGHT: of that of the smallest component.  The names depend on its version. */
#if JPEG_LIB_VERSION >= 70
#define JPEG_BLOCK_WIDTH(info)	((info)->DCT_h_scaled_size)
#define JPEG_BLOCK_HEIGHT(info)	((info)->DCT_v_scaled_size)
#define JPEG_LEAST_HEIGHT(cinfo)	((cinfo)->min_DCT_v_scaled_size)
#else
#define JPEG_BLOCK_WIDTH(info)	((info)->DCT_scaled_size)
#define JPEG_BLOCK_HEIGHT(info)	((info)->DCT_scaled_size)
#define JPEG_LEAST_HEIGHT(cinfo)	((cinfo)->min_DCT_scaled_size)
#endif

/* The blocks' DC coefficients of one component. */
typedef struct DcPlane
{
	int16_t    *blocks;
	size_t		stride;			/* from row to row: there is room for whole MCUs */
	int			columns,		/* blocks that belong to the picture */
				rows;
} DcPlane;

/* jpeg_dc.c */

/*
 * Decode the file whose header libjpeg has just read.  False if it is of a kind that is not
 * for us, or in any way damaged: libjpeg, whose state is unchanged, is to decode it then.
 */
typedef struct DcPicture
{
	int			count;
	DcPlane		planes[MAX_COMPONENTS];
	int16_t    *memory;			/* of all planes; malloc'ed */
} DcPicture;
extern bool img_dc_decode(j_decompress_ptr cinfo, DcPicture *picture);

/* jpeg_dc_samples.c */

/* A row of a component's samples, as many as the plane has columns. */
extern void img_dc_samples(j_decompress_ptr cinfo, const DcPicture *picture, int number, int y, uint8_t *row);

/* jpeg_dc_huffman.c */

#define DC_SKIP_BITS	12
#define DC_FIRST_BITS	9

/*
 * An entry of "skip", by the next bits of the file: in its low byte the bits of all whole symbols
 * in them (with the values of the last one, which may lie beyond), in its high byte how far they
 * go, plus DC_BLOCK_ENDS if an end of block is among them; or DC_NO_ENTRY.
 */
#define DC_BLOCK_ENDS	128
#define DC_NO_ENTRY		(192 << 8)
#define DC_ENTRY_BITS	28		/* an entry's bits, at most: two are fewer than a refill guarantees */

typedef struct DcHuffman
{
	uint32_t	limit[17];		/* by length: the first code, as 16 bits, that is longer */
	int32_t		offset[17];		/* by length: from a code to the number of its symbol */
	uint8_t		values[256];
	union
	{
		uint16_t	first[1 << DC_FIRST_BITS];	/* DC: bits of code and value; from bit 8 on, those of the value; or 0 */
		uint16_t	skip[1 << DC_SKIP_BITS];	/* AC */
	};
} DcHuffman;

/* As a DHT segment has it. */
typedef struct DcTable
{
	bool		known;
	uint8_t		counts[17];		/* of codes, by length */
	uint8_t		values[256];
} DcTable;

/* False if there is no such table, or libjpeg would not take it. */
extern bool img_dc_huffman(const DcTable *table, bool ac, DcHuffman *huffman);

/* jpeg_dc_bytes.c */

/* The bytes of a segment of image data (up to a marker), without those stuffed in after each 0xFF. */
typedef struct DcBytes
{
	const uint8_t *at;			/* what comes next */
	const uint8_t *end;			/* of the file */
	const uint8_t *limit;		/* end of the bytes in the buffer */
	size_t		dropped;		/* bytes of the segment that were in the buffer before */
	bool		complete;		/* the segment's last byte is in the buffer */
	uint8_t		marker;			/* which ended it, and "at" is behind it; 0: the end of the file, or a marker not for here */
	uint8_t		buffer[32 * 1024];
} DcBytes;

/* Begin a segment. */
extern void img_dc_bytes_begin(DcBytes *bytes);

/* Drop the bytes before "next", and add what finds room.  Returns where "next" is now. */
extern const uint8_t *img_dc_bytes_more(DcBytes *bytes, const uint8_t *next);

/* Pass over a scan of so many restart intervals to the marker behind it; false if they are not there. */
extern bool img_dc_bytes_skip(DcBytes *bytes, size_t intervals);

/* jpeg_dc_scan.c */

/* What a scan has of the coefficients (zigzag order and bits), and of which components. */
typedef struct DcScan
{
	int			count;
	struct
	{
		int			number;		/* of the component in the frame */
		int			dc,
					ac;			/* number of the Huffman table */
	}			components[MAX_COMPS_IN_SCAN];
	int			first,
				last;
	int			high,
				low;
} DcScan;

typedef struct DcDecoder
{
	j_decompress_ptr cinfo;		/* read only */
	DcPicture  *picture;
	size_t		columns,		/* MCUs of a scan of several components */
				rows;
	DcTable		tables[2][DC_TABLES];	/* DC, AC */
	DcHuffman	huffman[2][DC_TABLES];
	bool		built[2][DC_TABLES];	/* "huffman" is that of "tables" */
	unsigned	restart_interval;
	int			accuracy[MAX_COMPONENTS][64];	/* of each coefficient: the lowest bit that is known; -1 = none */
	DcBytes		bytes,
				ahead;			/* for a second reader */
} DcDecoder;

/* Decode the DC of a scan; "whole" if all the file's image data are in it, and nothing else follows. */
extern bool img_dc_scan(DcDecoder *decoder, const DcScan *scan, bool whole);

/* How many MCUs a scan has. */
extern void img_dc_scan_size(const DcDecoder *decoder, const DcScan *scan, size_t *columns, size_t *rows);

/* jpeg_dc_header.c */

/* Can a scan be what comes next, by libjpeg's rules? */
extern bool img_dc_scan_fits(DcDecoder *decoder, const DcScan *scan);

/* Read the markers between two scans, the last of which is given.  False if something is not for us. */
typedef enum DcNext
{
	DC_SCAN, DC_END, DC_STRANGE
} DcNext;
extern DcNext img_dc_next(DcDecoder *decoder, DcScan *scan);

#endif							/* TE_IMAGE_JPEG_DC_H */
