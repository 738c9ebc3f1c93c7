/*
 * jpeg_dc_walk.h
 *		One or two walks through the MCUs of a scan (private to jpeg_dc_scan.c, jpeg_dc_pair.c, jpeg_dc_mcu.c).
 */
#ifndef TE_IMAGE_JPEG_DC_WALK_H
#define TE_IMAGE_JPEG_DC_WALK_H

#include "image/jpeg_dc.h"

/* The next bits of the file, from the top of "bits"; "count" of them are valid, and "next" has more. */
typedef struct DcReader
{
	uint64_t	bits;
	unsigned	count;
	const uint8_t *next;
} DcReader;

/* A block of an MCU, in the order of the file. */
typedef struct DcBlock
{
	const DcHuffman *dc,
			   *ac;
	int		   *sum;			/* the component's last DC */
	int16_t    *at;				/* where the DC goes in the current MCU */
	int			step;			/* to the next MCU */
} DcBlock;

typedef struct DcWalk
{
	DcDecoder  *decoder;
	const DcScan *scan;
	DcBytes    *bytes;
	DcReader	reader;
	int16_t    *line;			/* where DCs go in the order of the file; NULL: into the planes */
	int			block_count;
	DcBlock		blocks[DC_MCU_BLOCKS];
	int			sums[MAX_COMPS_IN_SCAN];
	size_t		columns,		/* MCUs of a row, rows */
				rows;
	size_t		column,			/* the current MCU */
				row;
	size_t		left,			/* MCUs to the next restart marker, if the file has them */
				restarts;
	bool		spare;			/* stop where the bytes may be too few for an MCU */
	bool		stopped;
	const uint8_t *meets;		/* where another walk began, or NULL */
	bool		met;
} DcWalk;

/* jpeg_dc_mcu.c */

/*
 * Decode MCUs of one row and one restart interval.  False if they are damaged, and the walk is then
 * useless.  They are fewer if the walk stops; two walks stop together.
 */
extern bool img_dc_read(DcWalk *walk, size_t count);
extern bool img_dc_read_two(DcWalk *one, DcWalk *other, size_t count);

/* Bits of the segment that are not read yet; negative if more were read than it has. */
extern ptrdiff_t img_dc_bits_left(const DcWalk *walk);

/* Have the bytes of one MCU, or all there are.  False if the walk must not go on. */
extern bool img_dc_fill(DcWalk *walk);

/* Pass over one bit, to try again from there. */
extern void img_dc_skip_bit(DcWalk *walk);

/* jpeg_dc_scan.c */

extern void img_dc_begin_segment(DcWalk *walk);
extern void img_dc_begin_row(DcWalk *walk, size_t row);

/* How many MCUs can be read together; a restart marker before them is passed.  0: no more, whatever the reason. */
extern size_t img_dc_next_run(DcWalk *walk);

/* jpeg_dc_pair.c */

/*
 * Decode a sequential scan that is all there is of a file by two walks, if it is large enough.  False if it is
 * damaged.  Else it is *done, or the given walk has to go on from where it is.
 */
extern bool img_dc_read_pair(DcWalk *walk, bool *done);

#endif							/* TE_IMAGE_JPEG_DC_WALK_H */
