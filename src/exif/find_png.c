/*
 * find_png.c
 *		Finds the Exif blocks of a PNG: in eXIf chunks, or in hexadecimal in text chunks, as
 *		programs wrote them before PNG had eXIf.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "container/png.h"
#include "exif/find_internal.h"

#define MAX_KEYWORD 80			/* with its NUL */

/* Unpack a zlib stream.  NULL if it is corrupt or too large, or if out of memory. */
static uint8_t *
unpack(const uint8_t *data, size_t length, size_t *unpacked)
{
	z_stream	stream = {.next_in = (Bytef *) data, .avail_in = (uInt) length};
	uint8_t    *bytes = NULL;
	size_t		capacity = 0;
	int			outcome = Z_OK;

	if (inflateInit(&stream) != Z_OK)
		return NULL;
	while (outcome == Z_OK && capacity < EXIF_MAX_JOINED)
	{
		size_t		bigger = capacity == 0 ? 64 * 1024 : capacity * 4;
		uint8_t    *more = realloc(bytes, bigger);

		if (more == NULL)
			break;
		bytes = more;
		capacity = bigger;
		stream.next_out = bytes + stream.total_out;
		stream.avail_out = (uInt) (capacity - stream.total_out);
		outcome = inflate(&stream, Z_NO_FLUSH);
	}
	*unpacked = stream.total_out;
	inflateEnd(&stream);
	if (outcome != Z_STREAM_END)
	{
		free(bytes);
		return NULL;
	}
	return bytes;
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A line that names the profile, a line with its length, then hexadecimal in lines. */
static void
add_profile(const uint8_t *text, size_t length, ExifBlocks *blocks)
{
	uint8_t    *bytes = malloc(length / 2 + 1);
	size_t		count = 0;
	int			lines = 0;
	int			half = -1;

	if (bytes == NULL)
		return;
	if (length > 0 && text[0] == '\n')
	{
		text++;
		length--;
	}
	for (size_t i = 0; i < length; i++)
	{
		int			digit = hex_digit(text[i]);

		if (text[i] == '\n')
			lines++;
		else if (lines >= 2 && text[i] > ' ')
		{
			/* An invalid character affects its own byte only. */
			if (digit < 0)
				digit = 0;
			if (half >= 0)
				bytes[count++] = (uint8_t) (half << 4 | digit);
			half = half >= 0 ? -1 : digit;
		}
	}
	exif_blocks_add(blocks, EXIF_DIR_IFD0, bytes, count, bytes);
}

/* tEXt: keyword, text.  zTXt: keyword, method, packed text.  iTXt: keyword, flag, method, two names, text. */
static void
text_chunk(const PngChunk *chunk, ExifBlocks *blocks)
{
	const uint8_t *end = chunk->data + chunk->length;
	size_t		limit = chunk->length < MAX_KEYWORD ? chunk->length : MAX_KEYWORD;
	const uint8_t *text = limit > 0 ? memchr(chunk->data, '\0', limit) : NULL;
	bool		packed = chunk->type[0] == 'z';
	uint8_t    *bytes;
	size_t		length;

	if (text == NULL || (strcmp((const char *) chunk->data, "Raw profile type exif") != 0 &&
						 strcmp((const char *) chunk->data, "Raw profile type APP1") != 0))
		return;
	text++;
	if (chunk->type[0] == 'i')
	{
		if (end - text < 2)
			return;
		packed = text[0] != 0;
		text += 2;
		for (int name = 0; name < 2; name++)
		{
			text = memchr(text, '\0', (size_t) (end - text));
			if (text == NULL)
				return;
			text++;
		}
	}
	else if (packed && text < end)
		text++;
	if (!packed)
	{
		add_profile(text, (size_t) (end - text), blocks);
		return;
	}
	bytes = unpack(text, (size_t) (end - text), &length);
	if (bytes == NULL)
		blocks->problem = "compressed EXIF text could not be unpacked";
	else
		add_profile(bytes, length, blocks);
	free(bytes);
}

/* Search up to IEND: eXIf may precede or follow the image data. */
void
exif_find_png(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	size_t		at = PNG_FIRST_CHUNK;
	PngChunk	chunk = {0};

	while (png_next(data, length, &at, &chunk) == PNG_CHUNK)
		if (png_is(&chunk, "eXIf"))
			exif_blocks_add(blocks, EXIF_DIR_IFD0, chunk.data, chunk.length, NULL);
	if (blocks->count > 0)
		return;
	if (png_is(&chunk, "eXIf"))
		blocks->problem = "file ends within the eXIf chunk";
	for (at = PNG_FIRST_CHUNK; png_next(data, length, &at, &chunk) == PNG_CHUNK;)
		if (png_is(&chunk, "tEXt") || png_is(&chunk, "zTXt") || png_is(&chunk, "iTXt"))
			text_chunk(&chunk, blocks);
}
