/*
 * exif_wrap.c
 *		Puts EXIF blocks into JPEG segments, PNG and RIFF chunks, JPEG XL, JPEG 2000 and some RAW formats.
 */
#include "exif_wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <zlib.h>

#include "exif_wrap_box.h"
#include "older_raw.h"

#define EXIF_HEADER "Exif\0\0"

static const char *const names[] = {
	"jpeg.jpg", "jpeg-split.jpg", "jpeg-behind.jpg", "jpeg-garbage.jpg", "jpeg-upper.jpg",
	"png.png", "png-after-idat.png", "png-header.png", "png-text.png", "png-ztext.png",
	"png-itext.png", "webp.webp", "webp-unflagged.webp", "webp-header.webp",
	"heic.heic", "heic-extents.heic", "heic-idat.heic", "heic-item.heic", "heic-large.heic",
	"heic-header.heic", "heic-other.heic", "avif.avif", "jxl.jxl", "jxl-brotli.jxl", "raf.raf",
	"mrw.mrw", "x3f.x3f", "jp2.jp2", "jp2-header.jp2"
};

const char *
exif_wrap_name(ExifWrap how)
{
	return names[how];
}

void
jpeg_segment(Bytes *jpeg, int marker, const void *header, size_t header_length,
			 const void *data, size_t length)
{
	size_t		size = 2 + header_length + length;
	uint8_t		start[4] = {0xFF, (uint8_t) marker, (uint8_t) (size >> 8), (uint8_t) size};

	bytes_add(jpeg, start, 4);
	bytes_add(jpeg, header, header_length);
	bytes_add(jpeg, data, length);
}

void
jpeg_begin(Bytes *jpeg)
{
	*jpeg = bytes_copy("\xFF\xD8", 2);
}

void
jpeg_end(Bytes *jpeg)
{
	static const uint8_t frame[] = {8, 0, 1, 0, 1, 1, 1, 0x11, 0};
	static const uint8_t scan[] = {1, 1, 0, 0, 63, 0};

	jpeg_segment(jpeg, 0xC0, NULL, 0, frame, sizeof(frame));
	jpeg_segment(jpeg, 0xDA, NULL, 0, scan, sizeof(scan));
	bytes_add(jpeg, "\0\xFF\xD9", 3);
}

static Bytes
wrap_jpeg(ExifWrap how, const uint8_t *exif, size_t length)
{
	size_t		part = how == WRAP_JPEG_SPLIT ? length / 3 : length;
	Bytes		jpeg;

	jpeg_begin(&jpeg);
	if (how == WRAP_JPEG_BEHIND)
	{
		jpeg_segment(&jpeg, 0xE0, NULL, 0, "JFIF\0\1\1\0\0\1\0\1\0\0", 14);
		jpeg_segment(&jpeg, 0xFE, NULL, 0, "Exif\0\0II*\0 is not here", 22);
		jpeg_segment(&jpeg, 0xE1, NULL, 0, "http://ns.adobe.com/xap/1.0/\0<x/>", 33);
		jpeg_segment(&jpeg, 0xE1, NULL, 0, NULL, 0);
	}
	if (how == WRAP_JPEG_GARBAGE)
	{
		bytes_add(&jpeg, "\xFF\xFF\xFF", 3);
		jpeg_segment(&jpeg, 0xE1, "\1\2\3\4" EXIF_HEADER, 10, exif, length);
		bytes_add(&jpeg, "garbage", 7);
	}
	else if (how == WRAP_JPEG_UPPER)
		jpeg_segment(&jpeg, 0xE1, "EXIF\0x", 6, exif, length);
	else
	{
		jpeg_segment(&jpeg, 0xE1, EXIF_HEADER, 6, exif, part);
		if (part < length)
		{
			jpeg_segment(&jpeg, 0xE1, EXIF_HEADER, 6, exif + part, part);
			jpeg_segment(&jpeg, 0xE1, EXIF_HEADER, 6, exif + 2 * part, length - 2 * part);
		}
	}
	jpeg_end(&jpeg);
	return jpeg;
}

/* The lines of a "raw profile". */
static Bytes
profile_text(const uint8_t *exif, size_t length)
{
	Bytes		text = {0};
	char		line[32];

	snprintf(line, sizeof(line), "\nexif\n%8zu\n", length + 6);
	bytes_add(&text, line, strlen(line));
	for (size_t i = 0; i < length + 6; i++)
	{
		snprintf(line, sizeof(line), "%02x", i < 6 ? (uint8_t) EXIF_HEADER[i] : exif[i - 6]);
		bytes_add(&text, line, 2);
		if (i % 36 == 35)
			bytes_add(&text, "\n", 1);
	}
	bytes_add(&text, "\n", 1);
	return text;
}

static void
text_chunk(Bytes *png, ExifWrap how, const uint8_t *exif, size_t length)
{
	Bytes		text = profile_text(exif, length);
	Bytes		chunk = bytes_copy("Raw profile type exif", 22);

	if (how == WRAP_PNG_ZTEXT)
	{
		uLongf		packed_length = compressBound(text.length);
		uint8_t    *packed = malloc(packed_length);

		if (packed == NULL || compress(packed, &packed_length, text.data, text.length) != Z_OK)
			abort();
		bytes_add(&chunk, "\0", 1);
		bytes_add(&chunk, packed, packed_length);
		free(packed);
	}
	else
	{
		if (how == WRAP_PNG_ITEXT)
			bytes_add(&chunk, "\0\0en\0key\0", 9);
		bytes_add(&chunk, text.data, text.length);
	}
	png_chunk(png, how == WRAP_PNG_ZTEXT ? "zTXt" : how == WRAP_PNG_ITEXT ? "iTXt" : "tEXt",
			  chunk.data, chunk.length);
	bytes_free(&text);
	bytes_free(&chunk);
}

static Bytes
wrap_png(ExifWrap how, const uint8_t *exif, size_t length)
{
	static const uint8_t header[] = {0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0};
	static const uint8_t pixel[] = {0x78, 0x9C, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01};
	Bytes		png = bytes_copy("\x89PNG\r\n\x1A\n", 8);
	Bytes		chunk = {0};

	if (how == WRAP_PNG_HEADER)
		bytes_add(&chunk, EXIF_HEADER, 6);
	bytes_add(&chunk, exif, length);
	png_chunk(&png, "IHDR", header, sizeof(header));
	if (how == WRAP_PNG || how == WRAP_PNG_HEADER)
		png_chunk(&png, "eXIf", chunk.data, chunk.length);
	else if (how != WRAP_PNG_AFTER_IDAT)
		text_chunk(&png, how, exif, length);
	png_chunk(&png, "IDAT", pixel, sizeof(pixel));
	if (how == WRAP_PNG_AFTER_IDAT)
		png_chunk(&png, "eXIf", chunk.data, chunk.length);
	png_chunk(&png, "IEND", NULL, 0);
	bytes_free(&chunk);
	return png;
}

void
riff_chunk(Bytes *riff, const char *type, const void *data, size_t length)
{
	uint8_t		head[8] = {0, 0, 0, 0, (uint8_t) length, (uint8_t) (length >> 8), (uint8_t) (length >> 16)};

	memcpy(head, type, 4);
	bytes_add(riff, head, 8);
	bytes_add(riff, data, length);
	if (length % 2 != 0)
		bytes_add(riff, "", 1);
}

static Bytes
wrap_webp(ExifWrap how, const uint8_t *exif, size_t length)
{
	uint8_t		canvas[10] = {how == WRAP_WEBP_UNFLAGGED ? 0 : 0x08};
	static const uint8_t odd[] = {0x2F, 0, 0, 0, 0};
	Bytes		webp = bytes_copy("RIFF\0\0\0\0WEBP", 12);
	Bytes		chunk = {0};

	if (how == WRAP_WEBP_HEADER)
		bytes_add(&chunk, EXIF_HEADER, 6);
	bytes_add(&chunk, exif, length);
	riff_chunk(&webp, "VP8X", canvas, sizeof(canvas));
	riff_chunk(&webp, "VP8L", odd, sizeof(odd));
	riff_chunk(&webp, "EXIF", chunk.data, chunk.length);
	for (int i = 0; i < 4; i++)
		webp.data[4 + i] = (uint8_t) ((webp.length - 8) >> (8 * i));
	bytes_free(&chunk);
	return webp;
}

static Bytes
wrap_jxl(ExifWrap how, const uint8_t *exif, size_t length)
{
	Bytes		jxl = {0};
	Bytes		payload = bytes_copy("\0\0\0\0", 4);

	bytes_add(&payload, exif, length);
	box_add(&jxl, "JXL ", "\r\n\x87\n", 4);
	box_add(&jxl, "ftyp", "jxl \0\0\0\0jxl ", 12);
	if (how == WRAP_JXL_BROTLI)
	{
		size_t		packed_length = BrotliEncoderMaxCompressedSize(payload.length);
		uint8_t    *packed = malloc(packed_length + 4);

		if (packed == NULL ||
			!BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, payload.length, payload.data,
								   &packed_length, packed + 4))
			abort();
		memcpy(packed, "Exif", 4);
		box_add(&jxl, "brob", packed, packed_length + 4);
		free(packed);
	}
	else
		box_add(&jxl, "Exif", payload.data, payload.length);
	box_add(&jxl, "jxlc", "\xFF\x0A\0\0", 4);
	bytes_free(&payload);
	return jxl;
}

Bytes
raf_around(const Bytes *jpeg)
{
	Bytes		raf = bytes_copy("FUJIFILMCCD-RAW 0201FF383501FinePix S5Pro", 42);
	static const uint8_t zeros[160 - 42];

	bytes_add(&raf, zeros, sizeof(zeros));
	for (int i = 0; i < 4; i++)
	{
		raf.data[0x54 + i] = (uint8_t) (raf.length >> (24 - 8 * i));
		raf.data[0x58 + i] = (uint8_t) (jpeg->length >> (24 - 8 * i));
	}
	bytes_add(&raf, jpeg->data, jpeg->length);
	return raf;
}

static Bytes
wrap_raf(const uint8_t *exif, size_t length)
{
	Bytes		jpeg = wrap_jpeg(WRAP_JPEG, exif, length);
	Bytes		raf = raf_around(&jpeg);

	bytes_free(&jpeg);
	return raf;
}

static Bytes
wrap_x3f(const uint8_t *exif, size_t length)
{
	OlderRaw	raw = {"not this", "not this", 1, 400, 300, 180, wrap_jpeg(WRAP_JPEG, exif, length)};
	Bytes		file;

	jpeg_begin(&raw.small);
	jpeg_end(&raw.small);
	file = x3f_build(&raw, 4);
	bytes_free(&raw.large);
	bytes_free(&raw.small);
	return file;
}

static Bytes
wrap_mrw(const uint8_t *exif, size_t length)
{
	const OlderRaw raw = {.width = 400, .height = 300};
	const Bytes tiff = {(uint8_t *) exif, length};

	return mrw_build(&raw, &tiff);
}

static Bytes
wrap_jp2(ExifWrap how, const uint8_t *exif, size_t length)
{
	Bytes		content = {0};
	Bytes		file;

	if (how == WRAP_JP2_HEADER)
		bytes_add(&content, EXIF_HEADER, 6);
	bytes_add(&content, exif, length);
	file = jp2_build(NULL, 400, 300, &content);
	bytes_free(&content);
	return file;
}

Bytes
exif_wrap(ExifWrap how, const uint8_t *exif, size_t length)
{
	if (how <= WRAP_JPEG_UPPER)
		return wrap_jpeg(how, exif, length);
	if (how <= WRAP_PNG_ITEXT)
		return wrap_png(how, exif, length);
	if (how <= WRAP_WEBP_HEADER)
		return wrap_webp(how, exif, length);
	if (how <= WRAP_AVIF)
		return wrap_heif(how, exif, length);
	if (how == WRAP_RAF)
		return wrap_raf(exif, length);
	if (how == WRAP_MRW)
		return wrap_mrw(exif, length);
	if (how == WRAP_X3F)
		return wrap_x3f(exif, length);
	if (how >= WRAP_JP2)
		return wrap_jp2(how, exif, length);
	return wrap_jxl(how, exif, length);
}
