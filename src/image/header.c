/*
 * header.c
 *		The size of a picture from its first bytes, for the formats where that is
 *		easy: no library is started to refuse a picture or to read its EXIF only.
 */
#include "image/internal.h"

#include <string.h>

static uint32_t
be16(const uint8_t *p)
{
	return (uint32_t) p[0] << 8 | p[1];
}

static uint32_t
be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static uint32_t
le16(const uint8_t *p)
{
	return (uint32_t) p[1] << 8 | p[0];
}

static uint32_t
le24(const uint8_t *p)
{
	return (uint32_t) p[2] << 16 | le16(p);
}

static bool
ends_early(ImgResult *result)
{
	return img_fail(result, TE_TRUNCATED, "the file ends within its header");
}

/* Walk the markers up to the frame header; NULL after img_fail.  At [-1] is which marker it is. */
static const uint8_t *
find_frame(const ImgFile *file, ImgResult *result)
{
	const uint8_t *p = file->data + 2;
	const uint8_t *end = file->data + file->length;

	for (;;)
	{
		uint8_t		marker;
		uint32_t	size;

		p = memchr(p, 0xFF, end - p);	/* bytes between segments are skipped, as libjpeg does */
		while (p && p < end && *p == 0xFF)
			p++;
		if (!p || end - p < 3)
		{
			ends_early(result);
			return NULL;
		}
		marker = *p++;
		if (marker == 0 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8))
			continue;			/* no length follows */
		size = be16(p);
		if (marker == 0xD9 || marker == 0xDA || size < 2)
		{
			img_fail(result, TE_CORRUPT, "no frame header before the image data");
			return NULL;
		}
		if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC)
		{
			if (end - p >= 8)
				return p;
			ends_early(result);
			return NULL;
		}
		if ((size_t) (end - p) < size)
		{
			ends_early(result);
			return NULL;
		}
		p += size;
	}
}

static bool
jpeg_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	const uint8_t *frame = find_frame(file, result);

	if (!frame)
		return false;
	*height = be16(frame + 3);
	*width = be16(frame + 5);
	return true;
}

bool
img_jpeg_viewable(const ImgFile *file, uint32_t *width, uint32_t *height)
{
	ImgResult	ignored = {0};
	const uint8_t *frame = find_frame(file, &ignored);

	/* baseline, extended or progressive; 8 bits; grey or colour */
	if (!frame || frame[-1] > 0xC2 || frame[2] != 8 || (frame[7] != 1 && frame[7] != 3))
		return false;
	*height = be16(frame + 3);
	*width = be16(frame + 5);
	return *width > 0 && *height > 0;
}

static bool
png_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	if (file->length < 33)
		return ends_early(result);
	if (memcmp(file->data + 12, "IHDR", 4) != 0)
		return img_fail(result, TE_CORRUPT, "PNG does not begin with its header");
	*width = be32(file->data + 16);
	*height = be32(file->data + 20);
	return true;
}

static bool
webp_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	const uint8_t *data = file->data;

	if (file->length < 30)
		return ends_early(result);
	if (memcmp(data + 12, "VP8X", 4) == 0)
	{
		*width = le24(data + 24) + 1;
		*height = le24(data + 27) + 1;
		return true;
	}
	if (memcmp(data + 12, "VP8L", 4) == 0 && data[20] == 0x2F)
	{
		uint32_t	bits = le24(data + 21) | (uint32_t) data[24] << 24;

		*width = (bits & 0x3FFF) + 1;
		*height = (bits >> 14 & 0x3FFF) + 1;
		return true;
	}
	if (memcmp(data + 12, "VP8 ", 4) == 0 && memcmp(data + 23, "\x9D\x01\x2A", 3) == 0)
	{
		*width = le16(data + 26) & 0x3FFF;
		*height = le16(data + 28) & 0x3FFF;
		return true;
	}
	return img_fail(result, TE_CORRUPT, "WebP does not begin with a picture");
}

bool
img_header_known(TeFormat format)
{
	return format == TE_FORMAT_JPEG || format == TE_FORMAT_PNG || format == TE_FORMAT_WEBP ||
		format == TE_FORMAT_BMP;
}

bool
img_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	if (file->format == TE_FORMAT_JPEG)
		return jpeg_header(file, width, height, result);
	if (file->format == TE_FORMAT_PNG)
		return png_header(file, width, height, result);
	if (file->format == TE_FORMAT_BMP)
		return img_bmp_header(file, width, height, result);
	return webp_header(file, width, height, result);
}
