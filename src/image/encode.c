/*
 * encode.c
 *		Encodes a thumbnail: upright, flattened where needed, without metadata.
 */
#include "image/internal.h"

#include <stdlib.h>
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

/* By libvips; NULL with its reason. */
static void *
save(const ImgPixels *pixels, const TeRequest *request, size_t *length)
{
	VipsImage  *bare = vips_image_new_from_memory(pixels->data,
												  (size_t) pixels->width * pixels->height * pixels->bands,
												  pixels->width, pixels->height, pixels->bands,
												  VIPS_FORMAT_UCHAR);
	VipsImage  *image = NULL;
	int			quality = (int) request->quality;
	void	   *bytes = NULL;

	if (bare && vips_copy(bare, &image, "interpretation",
						  pixels->bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL) == 0)
		switch (request->format)
		{
			case TE_FORMAT_PNG:
				vips_pngsave_buffer(image, &bytes, length, "strip", TRUE, NULL);
				break;
			case TE_FORMAT_WEBP:
				if (vips_webpsave_buffer(image, &bytes, length, "Q", quality, "strip", TRUE, NULL) == 0)
					*length = webp_without_exif(bytes, *length);
				break;
			case TE_FORMAT_AVIF:
				vips_heifsave_buffer(image, &bytes, length, "Q", quality, "strip", TRUE,
									 "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, NULL);
				break;
			default:
				vips_error("thumbexif", "thumbnails are not written in this format");
		}
	g_clear_object(&image);
	g_clear_object(&bare);
	if (img_vips_has_error())
	{
		g_free(bytes);
		return NULL;
	}
	return bytes;
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

bool
img_mirrored_x(int orientation)
{
	return orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
}

bool
img_mirrored_y(int orientation)
{
	return orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
}

/* Copy pixels of so many bands in the order of a picture that is upright. */
static inline
__attribute__((always_inline))
void
turn_bands(const ImgPixels *from, int bands, int orientation, ImgPixels *to)
{
	bool		swap = orientation >= 5;
	ptrdiff_t	stride = (ptrdiff_t) from->width * bands;
	ptrdiff_t	step_x = img_mirrored_x(orientation) ? -bands : bands;
	ptrdiff_t	step_y = img_mirrored_y(orientation) ? -stride : stride;
	const uint8_t *first = from->data + (step_x < 0 ? stride - bands : 0) + (step_y < 0 ? stride * (from->height - 1) : 0);
	uint8_t    *out = to->data;

	for (int y = 0; y < to->height; y++)
	{
		const uint8_t *pixel = first + y * (swap ? step_x : step_y);

		for (int x = 0; x < to->width; x++, out += bands, pixel += swap ? step_y : step_x)
			for (int b = 0; b < bands; b++)
				out[b] = pixel[b];
	}
}

static void
turn_pixels(const ImgPixels *from, int orientation, ImgPixels *to)
{
	switch (from->bands)
	{
		case 1:
			turn_bands(from, 1, orientation, to);
			break;
		case 3:
			turn_bands(from, 3, orientation, to);
			break;
		default:
			turn_bands(from, from->bands, orientation, to);
	}
}

/* Copy the pixels, or each plane of them, so that they are upright. */
static void
turn(const ImgPixels *from, int orientation, ImgPixels *to)
{
	to->width = orientation >= 5 ? from->height : from->width;
	to->height = orientation >= 5 ? from->width : from->height;
	if (from->chroma == 0)
		turn_pixels(from, orientation, to);
	for (int i = 0; from->chroma > 0 && i < from->bands; i++)
	{
		ImgPixels	plane = img_plane(from, i);
		ImgPixels	upright = img_plane(to, i);

		turn_pixels(&plane, orientation, &upright);
	}
}

/* Put the pixels on white; the last band goes. */
static void
flatten(ImgPixels *pixels)
{
	size_t		count = (size_t) pixels->width * pixels->height;
	const uint8_t *from = pixels->data;
	uint8_t    *to = pixels->data;
	int			colours = pixels->bands - 1;

	for (size_t i = 0; i < count; i++, from += colours + 1, to += colours)
	{
		int			alpha = from[colours];

		for (int b = 0; b < colours; b++)
			to[b] = (uint8_t) ((from[b] * alpha + 255 * (255 - alpha) + 127) / 255);
	}
	pixels->bands = colours;
}

/* Encode pixels that are as they are to be.  NULL after img_fail(). */
static void *
encode(const ImgPixels *pixels, const TeRequest *request, size_t *length, ImgResult *result)
{
	size_t		limit = te_thumbnail_bound(request->format, pixels->width, pixels->height);
	void	   *bytes;

	if (request->format == TE_FORMAT_JPEG)
		return img_jpeg_write(pixels, (int) request->quality, limit, length, result);
	bytes = save(pixels, request, length);
	if (!bytes)
		img_fail(result, TE_NOT_ENCODED, "%s",
				 img_vips_has_error() ? vips_error_buffer() : "the encoder gave no reason");
	else if (*length > limit)
	{
		img_fail(result, TE_NOT_ENCODED, "the thumbnail of %zu bytes is too large", *length);
		g_free(bytes);
		bytes = NULL;
	}
	img_vips_clear();
	return bytes;
}

bool
img_encode(ImgPixels *pixels, int orientation, const TeRequest *request, ImgResult *result)
{
	bool		alpha = pixels->bands == 2 || pixels->bands == 4;
	ImgPixels	upright;

	img_vips_clear();
	if (alpha && (request->format == TE_FORMAT_JPEG || is_opaque(pixels)))
		flatten(pixels);
	upright = *pixels;
	if (orientation > 1)
	{
		upright.data = malloc(img_pixels_size(pixels));
		if (!upright.data)
			return img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
		turn(pixels, orientation, &upright);
	}
	result->thumbnail = encode(&upright, request, &result->thumbnail_bytes, result);
	if (result->thumbnail)
	{
		result->thumbnail_width = upright.width;
		result->thumbnail_height = upright.height;
	}
	if (orientation > 1)
		free(upright.data);
	return result->thumbnail != NULL;
}
