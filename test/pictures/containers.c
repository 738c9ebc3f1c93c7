/*
 * containers.c
 *		Builds chunks, boxes and directories around encoded images.
 */
#include "containers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
bytes_add(Bytes *bytes, const void *data, size_t length)
{
	uint8_t    *grown = realloc(bytes->data, bytes->length + length + 1);

	if (!grown)
	{
		fprintf(stderr, "containers: out of memory\n");
		exit(1);
	}
	if (length)
		memcpy(grown + bytes->length, data, length);
	bytes->data = grown;
	bytes->length += length;
}

Bytes
bytes_copy(const void *data, size_t length)
{
	Bytes		bytes = {0};

	bytes_add(&bytes, data, length);
	return bytes;
}

void
bytes_free(Bytes *bytes)
{
	free(bytes->data);
	*bytes = (Bytes) {0};
}

static void
put_be32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t) (value >> (24 - 8 * i));
}

static void
put_le32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t) (value >> (8 * i));
}

static uint32_t
crc32_of(uint32_t crc, const uint8_t *data, size_t length)
{
	crc = ~crc;
	for (size_t i = 0; i < length; i++)
	{
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
	}
	return ~crc;
}

void
png_chunk(Bytes *png, const char *type, const void *data, size_t length)
{
	uint8_t		head[8],
				crc[4];

	put_be32(head, (uint32_t) length);
	memcpy(head + 4, type, 4);
	put_be32(crc, crc32_of(crc32_of(0, head + 4, 4), data, length));
	bytes_add(png, head, 8);
	bytes_add(png, data, length);
	bytes_add(png, crc, 4);
}

Bytes
png_with_exif(const Bytes *png, const Bytes *exif, bool at_end)
{
	/* IHDR ends at 33; IEND is the last 12 bytes */
	size_t		at = at_end ? png->length - 12 : 33;
	Bytes		out = bytes_copy(png->data, at);

	png_chunk(&out, "eXIf", exif->data, exif->length);
	bytes_add(&out, png->data + at, png->length - at);
	return out;
}

static void
riff_chunk(Bytes *riff, const char *type, const void *data, size_t length)
{
	uint8_t		head[8];

	memcpy(head, type, 4);
	put_le32(head + 4, (uint32_t) length);
	bytes_add(riff, head, 8);
	bytes_add(riff, data, length);
	if (length & 1)
		bytes_add(riff, "", 1);
}

Bytes
webp_with_exif(const Bytes *webp, const Bytes *exif, int width, int height, bool flag)
{
	Bytes		out = bytes_copy("RIFF\0\0\0\0WEBP", 12);
	uint8_t		extended[10] = {flag ? 0x08 : 0};
	size_t		size;

	extended[4] = (uint8_t) (width - 1);
	extended[5] = (uint8_t) ((width - 1) >> 8);
	extended[7] = (uint8_t) (height - 1);
	extended[8] = (uint8_t) ((height - 1) >> 8);
	riff_chunk(&out, "VP8X", extended, sizeof(extended));

	/* the pixels' chunk only: libvips adds EXIF of its own even if it is told not to */
	for (size_t at = 12; at + 8 <= webp->length; at += 8 + size + (size & 1))
	{
		const uint8_t *chunk = webp->data + at;

		size = chunk[4] | (size_t) chunk[5] << 8 | (size_t) chunk[6] << 16 | (size_t) chunk[7] << 24;
		if (memcmp(chunk, "VP8 ", 4) == 0 || memcmp(chunk, "VP8L", 4) == 0)
			riff_chunk(&out, (const char *) chunk, chunk + 8, size);
	}
	riff_chunk(&out, "EXIF", exif->data, exif->length);
	put_le32(out.data + 4, (uint32_t) out.length - 8);
	return out;
}

static void
box(Bytes *file, const char *type, const void *prefix, size_t prefix_length,
	const void *data, size_t length)
{
	uint8_t		head[8];

	put_be32(head, (uint32_t) (8 + prefix_length + length));
	memcpy(head + 4, type, 4);
	bytes_add(file, head, 8);
	bytes_add(file, prefix, prefix_length);
	bytes_add(file, data, length);
}

Bytes
jxl_with_exif(const Bytes *codestream, const Bytes *exif)
{
	Bytes		out = {0};

	box(&out, "JXL ", "\r\n\x87\n", 4, "", 0);
	box(&out, "ftyp", "jxl \0\0\0\0jxl ", 12, "", 0);
	box(&out, "Exif", "\0\0\0\0", 4, exif->data, exif->length);
	box(&out, "jxlc", "", 0, codestream->data, codestream->length);
	return out;
}

Bytes
tiff_with_exif(const Canvas *canvas, ExifBlock *block, int orientation)
{
	const uint16_t eight[3] = {8, 8, 8};
	size_t		size = (size_t) canvas->width * canvas->height * 3;
	Bytes		out;

	exif_block_long(block, EB_IFD0, 0x0100, canvas->width);
	exif_block_long(block, EB_IFD0, 0x0101, canvas->height);
	exif_block_add(block, EB_IFD0, 0x0102, EB_SHORT, 3, eight);
	exif_block_short(block, EB_IFD0, 0x0103, 1);	/* no compression */
	exif_block_short(block, EB_IFD0, 0x0106, 2);	/* RGB */
	exif_block_blob(block, EB_IFD0, 0x0111, canvas->rgb, size);
	exif_block_short(block, EB_IFD0, 0x0112, orientation);
	exif_block_short(block, EB_IFD0, 0x0115, 3);
	exif_block_long(block, EB_IFD0, 0x0116, canvas->height);
	exif_block_long(block, EB_IFD0, 0x0117, (uint32_t) size);
	out.data = exif_block_build(block, &out.length);
	return out;
}
