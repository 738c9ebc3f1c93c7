/*
 * encode.c
 *		Encodes a thumbnail: upright, flattened where needed, without metadata.
 */
#include "image/internal.h"

#include <string.h>

#include "container/riff.h"

#define WEBP_FLAGS		20		/* in the chunk VP8X, which is the first if there is one */
#define WEBP_HAS_EXIF	0x08

/*
 * libvips writes an EXIF chunk (size, resolution) into every WebP, even with "strip".
 * Remove that chunk.  Returns the new length.
 */
static size_t
webp_without_exif(uint8_t *bytes, size_t length)
{
	size_t		at = RIFF_FIRST_CHUNK;
	size_t		start = at;
	RiffChunk	chunk;

	while (riff_next(bytes, length, &at, &chunk) && !chunk.truncated && at <= length)
	{
		if (memcmp(chunk.type, "EXIF", 4) == 0)
		{
			memmove(bytes + start, bytes + at, length - at);
			length -= at - start;
			at = start;
			if (memcmp(bytes + RIFF_FIRST_CHUNK, "VP8X", 4) == 0)
				bytes[WEBP_FLAGS] &= ~WEBP_HAS_EXIF;
		}
		start = at;
	}
	for (int i = 0; i < 4; i++)
		bytes[4 + i] = (uint8_t) ((length - 8) >> (8 * i));
	return length;
}

static int
save(VipsImage *image, const TeRequest *request, void **bytes, size_t *length)
{
	int			quality = (int) request->quality;

	switch (request->format)
	{
		case TE_FORMAT_JPEG:
			return vips_jpegsave_buffer(image, bytes, length, "Q", quality, "strip", TRUE, NULL);
		case TE_FORMAT_PNG:
			return vips_pngsave_buffer(image, bytes, length, "strip", TRUE, NULL);
		case TE_FORMAT_WEBP:
			return vips_webpsave_buffer(image, bytes, length, "Q", quality, "strip", TRUE, NULL);
		case TE_FORMAT_AVIF:
			return vips_heifsave_buffer(image, bytes, length, "Q", quality, "strip", TRUE,
										"compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, NULL);
		default:
			vips_error("thumbexif", "thumbnails are not written in this format");
			return -1;
	}
}

static bool
is_opaque(const ImgPixels *pixels)
{
	size_t		count = (size_t) pixels->width * pixels->height;

	for (size_t i = 0; i < count; i++)
		if (pixels->data[i * pixels->bands + pixels->bands - 1] != 255)
			return false;
	return true;
}

/* The thumbnail as libvips writes it.  NULL with libvips' reason. */
static VipsImage *
finish(const ImgPixels *pixels, int orientation, bool flatten)
{
	VipsImage  *bare = vips_image_new_from_memory(pixels->data,
												  (size_t) pixels->width * pixels->height * pixels->bands,
												  pixels->width, pixels->height, pixels->bands,
												  VIPS_FORMAT_UCHAR);
	VipsArrayDouble *white = vips_array_double_newv(1, 255.0);
	VipsImage  *stored = NULL;
	VipsImage  *upright = NULL;
	VipsImage  *flat = NULL;

	if (bare && vips_copy(bare, &stored, "interpretation",
						  pixels->bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL) == 0)
	{
		vips_image_set_int(stored, VIPS_META_ORIENTATION, orientation);
		if (vips_autorot(stored, &upright, NULL) == 0 && flatten &&
			vips_flatten(upright, &flat, "background", white, NULL) != 0)
			g_clear_object(&upright);
	}
	vips_area_unref(VIPS_AREA(white));
	g_clear_object(&bare);
	g_clear_object(&stored);
	if (flat)
		g_clear_object(&upright);
	return flat ? flat : upright;
}

bool
img_encode(const ImgPixels *pixels, int orientation, const TeRequest *request, ImgResult *result)
{
	bool		alpha = pixels->bands == 2 || pixels->bands == 4;
	VipsImage  *image;
	void	   *bytes = NULL;
	size_t		length = 0;
	bool		ok;

	img_vips_clear();
	image = finish(pixels, orientation,
				   alpha && (request->format == TE_FORMAT_JPEG || is_opaque(pixels)));
	ok = image && save(image, request, &bytes, &length) == 0 && !img_vips_has_error() && length > 0;
	if (!ok)
		img_fail(result, TE_NOT_ENCODED, "%s",
				 img_vips_has_error() ? vips_error_buffer() : "the encoder gave no reason");
	else if (length > te_thumbnail_bound(request->format, pixels->width, pixels->height))
		ok = img_fail(result, TE_NOT_ENCODED, "the thumbnail of %zu bytes is too large", length);
	img_vips_clear();
	if (ok)
	{
		if (request->format == TE_FORMAT_WEBP)
			length = webp_without_exif(bytes, length);
		result->thumbnail = bytes;
		result->thumbnail_bytes = length;
		result->thumbnail_width = vips_image_get_width(image);
		result->thumbnail_height = vips_image_get_height(image);
	}
	else
		g_free(bytes);
	g_clear_object(&image);
	return ok;
}
