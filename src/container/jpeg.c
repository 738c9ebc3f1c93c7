/*
 * jpeg.c
 *		Walks the segments of a JPEG and reads its frame header.
 */
#include "container/jpeg.h"

#include <string.h>

#include "container/bytes.h"

#define FRAME_BYTES 6			/* precision, height, width, number of components */
#define MORE_BYTES	4096		/* to look at beyond a segment: the next ones are often short */

/* TEM, RSTn, SOI, EOI, and 0xFF00, which is a byte of image data */
static bool
has_no_length(uint8_t marker)
{
	return marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= JPEG_EOI);
}

/* SOF0 to SOF15, but DHT, JPG and DAC among them */
static bool
is_frame(uint8_t marker)
{
	return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

JpegOutcome
jpeg_next(const uint8_t **at, const uint8_t *end, JpegSegment *segment)
{
	const uint8_t *next = *at < end ? memchr(*at, 0xFF, (size_t) (end - *at)) : NULL;
	size_t		length;

	*segment = (JpegSegment) {.data = end};
	while (next != NULL && next < end && *next == 0xFF)
		next++;
	if (next == NULL || next == end)
		return JPEG_ENDS;
	segment->marker = *next++;
	if (has_no_length(segment->marker))
	{
		segment->data = *at = next;
		return JPEG_FOUND;
	}
	if (end - next < 2)
		return JPEG_ENDS;
	length = be16(next);
	if (length < 2)
		return JPEG_BAD;
	segment->data = next + 2;
	segment->length = length - 2;
	if ((size_t) (end - next) < length)
	{
		segment->length = (size_t) (end - segment->data);
		return JPEG_ENDS;
	}
	*at = next + length;
	return JPEG_FOUND;
}

JpegOutcome
jpeg_find_frame(const uint8_t *data, size_t length, JpegFrame *frame)
{
	const uint8_t *end = data + length;

	for (;;)
	{
		JpegSegment segment;
		JpegOutcome outcome = jpeg_next(&data, end, &segment);

		if (outcome == JPEG_BAD || segment.marker == JPEG_EOI || segment.marker == JPEG_SOS)
			return JPEG_BAD;

		/* Of a segment that is truncated these bytes are enough. */
		if (is_frame(segment.marker) && end - segment.data >= FRAME_BYTES)
		{
			frame->marker = segment.marker;
			frame->precision = segment.data[0];
			frame->height = be16(segment.data + 1);
			frame->width = be16(segment.data + 3);
			frame->components = segment.data[5];
			return JPEG_FOUND;
		}
		if (outcome == JPEG_ENDS || is_frame(segment.marker))
			return JPEG_ENDS;
	}
}

size_t
jpeg_head_length(const uint8_t *data, size_t length)
{
	const uint8_t *end = data + length;
	const uint8_t *at = data;

	for (;;)
	{
		JpegSegment segment;

		switch (jpeg_next(&at, end, &segment))
		{
			case JPEG_BAD:
				return length;	/* nobody gets beyond this */
			case JPEG_FOUND:
				if (segment.marker == JPEG_SOS || segment.marker == JPEG_EOI)
					return (size_t) (at - data);
				break;
			case JPEG_ENDS:
				if (segment.data == end)
					return length + MORE_BYTES;
				return (size_t) (segment.data - data) + be16(segment.data - 2) + MORE_BYTES;
		}
	}
}
