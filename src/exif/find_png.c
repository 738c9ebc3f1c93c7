/*
 * find_png.c
 *		Finds Exif of a PNG in eXIf chunks, or in hexadecimal in text chunks, as programs wrote
 *		it before PNG had eXIf; and XMP in text chunks.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "container/png.h"
#include "exif/find_internal.h"

/* Unpack a zlib stream.  NULL if it is corrupt or too large, if too much was unpacked before, or if out of memory. */
static uint8_t *
unpack(ExifBlocks *blocks, const uint8_t *data, size_t length, size_t *unpacked)
{
	z_stream	stream = {.next_in = (Bytef *) data, .avail_in = (uInt) length};
	uint8_t    *bytes = NULL;
	size_t		capacity = 0;
	int			outcome = Z_OK;

	if (blocks->unpacked >= EXIF_MAX_UNPACKED || inflateInit(&stream) != Z_OK)
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
	blocks->unpacked += stream.total_out;
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

/*
 * The text of a chunk with this keyword; false if it has another one.  tEXt: keyword, text.  zTXt: keyword,
 * method, packed text.  iTXt: keyword, flag, method, two names, text.
 */
static bool
find_text(const PngChunk *chunk, const char *keyword, const uint8_t **text, size_t *length, bool *packed)
{
	const uint8_t *at = chunk->data + strlen(keyword) + 1;
	const uint8_t *end = chunk->data + chunk->length;

	if (chunk->length <= strlen(keyword) || memcmp(chunk->data, keyword, strlen(keyword) + 1) != 0)
		return false;
	*packed = chunk->type[0] == 'z';
	if (chunk->type[0] == 'i')
	{
		if (end - at < 2)
			return false;
		*packed = at[0] != 0;
		at += 2;
		for (int name = 0; name < 2; name++)
		{
			at = memchr(at, '\0', (size_t) (end - at));
			if (at == NULL)
				return false;
			at++;
		}
	}
	else if (*packed && at < end)
		at++;
	*text = at;
	*length = (size_t) (end - at);
	return true;
}

static void
read_profile(const PngChunk *chunk, ExifBlocks *blocks)
{
	const uint8_t *text;
	uint8_t    *bytes;
	size_t		length;
	bool		packed;

	if (!find_text(chunk, "Raw profile type exif", &text, &length, &packed) &&
		!find_text(chunk, "Raw profile type APP1", &text, &length, &packed))
		return;
	if (!packed)
	{
		add_profile(text, length, blocks);
		return;
	}
	bytes = unpack(blocks, text, length, &length);
	if (bytes == NULL)
		blocks->problem = "compressed EXIF text could not be unpacked";
	else
		add_profile(bytes, length, blocks);
	free(bytes);
}

static void
read_xmp(const PngChunk *chunk, ExifBlocks *blocks)
{
	const uint8_t *text;
	uint8_t    *bytes;
	size_t		length;
	bool		packed;

	if (!exif_packets_want_xmp(blocks->packets) || !find_text(chunk, "XML:com.adobe.xmp", &text, &length, &packed))
		return;
	if (!packed)
		exif_packets_xmp(blocks->packets, text, length, NULL);
	else if ((bytes = unpack(blocks, text, length, &length)) != NULL)
		exif_packets_xmp(blocks->packets, bytes, length, bytes);
}

/* Search up to IEND: both may precede or follow the image data. */
void
exif_find_png(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	size_t		at = PNG_FIRST_CHUNK;
	PngChunk	chunk = {0};

	while (png_next(data, length, &at, &chunk) == PNG_CHUNK)
	{
		if (png_is(&chunk, "eXIf"))
			exif_blocks_add(blocks, EXIF_DIR_IFD0, chunk.data, chunk.length, NULL);
		else if (png_is(&chunk, "iTXt"))
			read_xmp(&chunk, blocks);
	}
	if (blocks->count > 0)
		return;
	if (png_is(&chunk, "eXIf"))
		blocks->problem = "file ends within the eXIf chunk";
	for (at = PNG_FIRST_CHUNK; png_next(data, length, &at, &chunk) == PNG_CHUNK;)
		if (png_is(&chunk, "tEXt") || png_is(&chunk, "zTXt") || png_is(&chunk, "iTXt"))
			read_profile(&chunk, blocks);
}
