/*
 * jpeg.h
 *		Walks the segments of a JPEG and reads its frame header.
 */
#ifndef TE_CONTAINER_JPEG_H
#define TE_CONTAINER_JPEG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JPEG_SOI	0xD8
#define JPEG_EOI	0xD9
#define JPEG_SOS	0xDA
#define JPEG_APP1	0xE1
#define JPEG_APP13	0xED

typedef struct JpegSegment
{
	uint8_t		marker;
	const uint8_t *data;		/* behind marker and length */
	size_t		length;			/* 0 for a marker that has no length */
} JpegSegment;

typedef enum JpegOutcome
{
	JPEG_FOUND,
	JPEG_ENDS,					/* the data end first; a segment then has what there is of it */
	JPEG_BAD					/* a length below 2; image data or the end before the frame header */
} JpegOutcome;

/*
 * The next segment at *at, which moves on behind it if it is whole.  Bytes between segments
 * are skipped, as libjpeg does.
 */
extern JpegOutcome jpeg_next(const uint8_t **at, const uint8_t *end, JpegSegment *segment);

/* The frame header: which kind of JPEG it is, and its size. */
typedef struct JpegFrame
{
	uint8_t		marker;			/* SOF0, SOF1, ...: 0xC0, 0xC1, ... */
	uint8_t		precision;		/* bits of a sample */
	uint8_t		components;
	uint32_t	width,
				height;
} JpegFrame;

extern JpegOutcome jpeg_find_frame(const uint8_t *data, size_t length, JpegFrame *frame);

/*
 * Bytes up to the image data: nothing before depends on what follows them.  If "length" bytes do not
 * suffice to tell, more than that: so many should be looked at next.
 */
extern size_t jpeg_head_length(const uint8_t *data, size_t length);

#endif							/* TE_CONTAINER_JPEG_H */
