/*
 * header.c
 *		The size of an image from its first bytes, for the formats where that is
 *		easy: no library is needed to refuse an image or to read only its EXIF.
 */
#include "image/internal.h"

#include <string.h>

#include "container/bytes.h"
#include "container/jp2.h"
#include "container/jpeg.h"

static bool
ends_early(ImgResult *result)
{
	return img_fail(result, TE_TRUNCATED, "the file ends within its header");
}

static bool
jpeg_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	JpegFrame	frame;

	switch (jpeg_find_frame(file->data, file->length, &frame))
	{
		case JPEG_FOUND:
			*width = frame.width;
			*height = frame.height;
			return true;
		case JPEG_ENDS:
			return ends_early(result);
		default:
			return img_fail(result, TE_CORRUPT, "no frame header before the image data");
	}
}

static bool
png_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	if (file->length < 33)
		return ends_early(result);
	if (memcmp(file->data + 12, "IHDR", 4) != 0)
		return img_fail(result, TE_CORRUPT, "the PNG does not begin with its header");
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
	return img_fail(result, TE_CORRUPT, "the WebP does not begin with image data");
}

static bool
jp2_header(const ImgFile *file, uint32_t *width, uint32_t *height, ImgResult *result)
{
	switch (jp2_size(file->data, file->length, width, height))
	{
		case JP2_GOOD:
			return true;
		case JP2_ENDS:
			return ends_early(result);
		default:
			return img_fail(result, TE_CORRUPT, "the JPEG 2000 has no codestream that begins with its size");
	}
}

bool
img_header_known(TeFormat format)
{
	return format == TE_FORMAT_JPEG || format == TE_FORMAT_PNG || format == TE_FORMAT_WEBP ||
		format == TE_FORMAT_BMP || format == TE_FORMAT_JP2 || format == TE_FORMAT_PNM;
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
	if (file->format == TE_FORMAT_JP2)
		return jp2_header(file, width, height, result);
	if (file->format == TE_FORMAT_PNM)
		return img_pnm_header(file, width, height, result);
	return webp_header(file, width, height, result);
}
