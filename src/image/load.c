/*
 * load.c
 *		Opens an image with libvips, by the one loader of its format.
 */
#include "image/internal.h"

#include <stdlib.h>

/* Attach a profile for nclx colours, which libvips ignores. */
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

/* What a loader has opened, or NULL after img_fail(). */
static VipsImage *
opened(VipsImage *image, int rc, const ImgFile *file, ImgResult *result)
{
	bool		heif = file->format == TE_FORMAT_HEIC || file->format == TE_FORMAT_AVIF;

	/* libheif looks for boxes after the end of a valid file, which libvips reports as an error. */
	if (rc == 0 && heif)
		img_vips_clear();
	if (rc != 0 || img_vips_has_error())
	{
		g_clear_object(&image);
		img_fail_vips(result, file);
	}
	else if (heif)
		attach_named_colours(&image, file);
	return image;
}

VipsImage *
img_load_embedded(const ImgFile *file, ImgResult *result)
{
	VipsImage  *image = NULL;
	int			rc;

	img_vips_clear();
	rc = vips_heifload_buffer((void *) file->data, file->length, &image, "thumbnail", TRUE,
							  "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
	return opened(image, rc, file, result);
}

VipsImage *
img_load(const ImgFile *file, double scale, ImgResult *result)
{
	VipsImage  *image = NULL;
	void	   *data = (void *) file->data; /* libvips only reads it */
	int			rc = -1;

	img_vips_clear();

	/* The first page or frame; sequential, so that no large image is held in memory. */
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
	return opened(image, rc, file, result);
}
