/*
 * jpeg_dc_bytes.c
 *		Copies image data out of a JPEG piece by piece, without the stuffed bytes, and finds the markers.
 */
#include "image/jpeg_dc.h"

#include <string.h>

#include "container/bytes.h"

#define WORD	8				/* bytes looked at at once */
#define ONES	UINT64_C(0x0101010101010101)

/* How many bytes of a word, in the order of the file, come before the first 0xFF; WORD = there is none. */
static inline size_t
before_ff(const uint8_t *at)
{
	uint64_t	word = (uint64_t) le32(at + 4) << 32 | le32(at);
	uint64_t	found = (~word - ONES) & word & ONES << 7;

	return found ? (size_t) __builtin_ctzll(found) >> 3 : WORD;
}

/* Copy up to the next 0xFF, or until "out" is full or the file ends; room for a word more is needed. */
static inline uint8_t *
copy_plain(DcBytes *bytes, uint8_t *out, const uint8_t *full)
{
	const uint8_t *at = bytes->at;
	const uint8_t *last = bytes->end - WORD;
	size_t		length = WORD;

	while (out < full && at <= last && length == WORD)
	{
		length = before_ff(at);
		memcpy(out, at, WORD);
		at += length;
		out += length;
	}
	if (at > last)
		while (out < full && at < bytes->end && *at != 0xFF)
			*out++ = *at++;
	bytes->at = at;
	return out;
}

/* At 0xFF: a byte of data, a marker, or the end.  True if it is data. */
static bool
is_data(DcBytes *bytes)
{
	const uint8_t *next = bytes->at + 1;

	if (next < bytes->end && *next == 0)
	{
		bytes->at += 2;
		return true;
	}
	while (next < bytes->end && *next == 0xFF)
		next++;
	bytes->complete = true;
	/* FF FF 00 is one byte of data to libjpeg, to which such a file is left: 0 is for the end */
	bytes->marker = next == bytes->end ? 0 : *next == 0 ? 0xFF : *next;
	bytes->at = next < bytes->end ? next + 1 : next;
	return false;
}

void
img_dc_bytes_begin(DcBytes *bytes)
{
	bytes->limit = bytes->buffer;
	bytes->dropped = 0;
	bytes->complete = false;
	bytes->marker = 0;
}

const uint8_t *
img_dc_bytes_more(DcBytes *bytes, const uint8_t *next)
{
	const uint8_t *full = bytes->buffer + sizeof(bytes->buffer) - DC_MCU_BYTES;
	uint8_t    *out = bytes->buffer;

	if (bytes->complete)
		return next;
	bytes->dropped += (size_t) (next - bytes->buffer);
	memmove(out, next, (size_t) (bytes->limit - next));
	out += bytes->limit - next;
	while (!bytes->complete && out < full)
	{
		out = copy_plain(bytes, out, full);
		if (bytes->at == bytes->end)
			bytes->complete = true;
		else if (*bytes->at == 0xFF && is_data(bytes))
			*out++ = 0xFF;
	}
	bytes->limit = out;
	return bytes->buffer;
}

bool
img_dc_bytes_skip(DcBytes *bytes, size_t intervals)
{
	const uint8_t *begin = bytes->at;

	for (size_t i = 0;;)
	{
		bytes->at = memchr(bytes->at, 0xFF, (size_t) (bytes->end - bytes->at));
		if (!bytes->at)
			return false;
		if (bytes->end - bytes->at >= 2 && bytes->at[1] == 0)
		{
			bytes->at += 2;
			continue;
		}
		if (bytes->at == begin || is_data(bytes) || bytes->marker == 0)
			return false;
		if (++i == intervals)
			return !DC_IS_RESTART(bytes->marker);
		if (bytes->marker != 0xD0 + ((i - 1) & 7))
			return false;
		begin = bytes->at;
	}
}
