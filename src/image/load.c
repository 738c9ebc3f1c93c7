/*
 * load.c
 *		Open a picture with libvips: one named loader for each format, and no other.
 */
#include "image/internal.h"

#include <stdlib.h>

bool
img_within_limits(uint64_t width, uint64_t height, uint64_t max_pixels, ImgResult *result)
{
	if (width == 0 || height == 0)
		return img_fail(result, TE_EMPTY, "the image has no pixels");
	if (width > max_pixels / height)
		return img_fail(result, TE_TOO_MANY_PIXELS, "%llu x %llu pixels",
						(unsigned long long) width, (unsigned long long) height);
	return true;
}

static void
free_pixels(VipsImage *image, gpointer pixels)
{
	free(pixels);
}

VipsImage *
img_wrap(uint8_t *pixels, int width, int height, int bands, const void *profile, size_t profile_length,
		 const ImgFile *file, ImgResult *result)
{
	VipsImage  *bare = vips_image_new_from_memory(pixels, (size_t) width * height * bands, width, height,
												  bands, VIPS_FORMAT_UCHAR);
	VipsImage  *image = NULL;

	if (bare)
		g_signal_connect(bare, "postclose", G_CALLBACK(free_pixels), pixels);
	else
		free(pixels);
	if (!bare || vips_copy(bare, &image, "interpretation", bands == 1 ? VIPS_INTERPRETATION_B_W :
						   file->format == TE_FORMAT_JPEG && bands == 4 ? VIPS_INTERPRETATION_CMYK :
						   VIPS_INTERPRETATION_sRGB, NULL) != 0)
		img_fail_vips(result, file);
	else if (profile)
		vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile, profile_length);
	g_clear_object(&bare);
	return image;
}

/* Colours that libvips passes over. */
static void
attach_named_colours(VipsImage **image, const ImgFile *file)
{
	VipsImage  *copy = NULL;
	void	   *profile;
	size_t		length;

	if (vips_image_get_typeof(*image, VIPS_META_ICC_NAME) ||
		(profile = img_nclx_profile(file, &length)) == NULL)
		return;
	if (vips_copy(*image, &copy, NULL) == 0)
	{
		vips_image_set_blob_copy(copy, VIPS_META_ICC_NAME, profile, length);
		g_object_unref(*image);
		*image = copy;
	}
	free(profile);
}

VipsImage *
img_load(const ImgFile *file, double scale, ImgResult *result)
{
	VipsImage  *image = NULL;
	void	   *data = (void *) file->data;		/* libvips only reads it */
	int			rc = -1;

	img_vips_clear();

	/* The first page or frame; sequential, so that no large picture is held in memory. */
#define LOAD(loader) \
	loader(data, file->length, &image, "access", VIPS_ACCESS_SEQUENTIAL, \
		   "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL)
	switch (file->format)
	{
		case TE_FORMAT_PNG:
			rc = LOAD(vips_pngload_buffer);
			break;
		case TE_FORMAT_WEBP:
			rc = vips_webpload_buffer(data, file->length, &image, "scale", scale,
									  "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
			break;
		case TE_FORMAT_GIF:
			rc = LOAD(vips_gifload_buffer);
			break;
		case TE_FORMAT_TIFF:
			rc = LOAD(vips_tiffload_buffer);
			break;
		case TE_FORMAT_HEIC:
		case TE_FORMAT_AVIF:
			rc = LOAD(vips_heifload_buffer);
			break;
		case TE_FORMAT_JXL:
			rc = LOAD(vips_jxlload_buffer);
			break;
		default:
			img_fail(result, TE_UNSUPPORTED, "no loader for this format");
			return NULL;
	}
#undef LOAD

	/* libheif looks for boxes behind the end of a good file, and libvips complains of that. */
	if (rc == 0 && (file->format == TE_FORMAT_HEIC || file->format == TE_FORMAT_AVIF))
		img_vips_clear();
	if (rc != 0 || img_vips_complained())
	{
		g_clear_object(&image);
		img_fail_vips(result, file);
	}
	else if (file->format == TE_FORMAT_HEIC || file->format == TE_FORMAT_AVIF)
		attach_named_colours(&image, file);
	return image;
}
