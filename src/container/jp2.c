/*
 * jp2.c
 *		Reads the size of a JPEG 2000.
 */
#include "container/jp2.h"

#include <string.h>

#include "container/box.h"
#include "container/bytes.h"

/* The codestream begins with SOC and SIZ: marker, length, capabilities, then the grid and where the image begins on it. */
#define START			"\xFF\x4F\xFF\x51"
#define START_LENGTH	4
#define GRID_WIDTH		8
#define GRID_HEIGHT		12
#define IMAGE_LEFT		16
#define IMAGE_TOP		20
#define SIZ_END			24		/* of what is read */

#define END				"\xFF\xD9"	/* EOC */
#define END_LENGTH		2

bool
jp2_has_boxes(const uint8_t *data, size_t length)
{
	return length >= 12 && memcmp(data, "\0\0\0\x0CjP  \r\n\x87\n", 12) == 0;
}

bool
jp2_is_codestream(const uint8_t *data, size_t length)
{
	return length >= START_LENGTH && memcmp(data, START, START_LENGTH) == 0;
}

/* The first codestream.  False if there is none. */
static bool
find_codestream(const uint8_t *data, size_t length, Box *stream)
{
	*stream = (Box) {.data = data, .length = length};
	return !jp2_has_boxes(data, length) || box_find(*stream, "jp2c", stream);
}

/* Do the boxes end within one, or before they are one? */
static bool
boxes_end_early(const uint8_t *data, size_t length)
{
	Box			rest = {.data = data, .length = length};
	Box			box = {.truncated = false};

	while (!box.truncated && rest.length > 0)
		if (!box_next(&rest, &box))
			return rest.length < 8;
	return box.truncated;
}

Jp2Outcome
jp2_size(const uint8_t *data, size_t length, uint32_t *width, uint32_t *height)
{
	Box			stream;

	if (!find_codestream(data, length, &stream))
		return boxes_end_early(data, length) ? JP2_ENDS : JP2_BAD;
	if (stream.length < SIZ_END)
		return JP2_ENDS;
	if (!jp2_is_codestream(stream.data, stream.length) ||
		be32(stream.data + IMAGE_LEFT) > be32(stream.data + GRID_WIDTH) ||
		be32(stream.data + IMAGE_TOP) > be32(stream.data + GRID_HEIGHT))
		return JP2_BAD;
	*width = be32(stream.data + GRID_WIDTH) - be32(stream.data + IMAGE_LEFT);
	*height = be32(stream.data + GRID_HEIGHT) - be32(stream.data + IMAGE_TOP);
	return JP2_GOOD;
}

bool
jp2_is_truncated(const uint8_t *data, size_t length)
{
	Box			stream;

	if (!find_codestream(data, length, &stream))
		return boxes_end_early(data, length);
	return stream.truncated || stream.length < END_LENGTH ||
		memcmp(stream.data + stream.length - END_LENGTH, END, END_LENGTH) != 0;
}
