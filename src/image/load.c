/*
 * load.c
 *		Opens an image with libvips, by the one loader of its format.
 */
#include "image/internal.h"

#include <stdlib.h>

#define JP2_MAX_PAGE	5		/* halvings of a JPEG 2000 by its decoder */

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

/*
 * JPEG 2000, at the smallest of its resolutions that suffices.  What is missing at the end of a file OpenJPEG makes up,
 * and warns, which libvips does not report.
 */
static int
load_jp2(const ImgFile *file, double scale, VipsImage **image, ImgResult *result)
{
	void	   *data = (void *) file->data;
	int			resolutions = 1;
	int			page = 0;

	if (img_is_truncated(file))
	{
		img_fail(result, TE_TRUNCATED, "the file ends before the end of its image data");
		return -1;
	}
	if (vips_jp2kload_buffer(data, file->length, image, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL) != 0)
		return -1;
	if (vips_image_get_typeof(*image, VIPS_META_N_PAGES) &&
		vips_image_get_int(*image, VIPS_META_N_PAGES, &resolutions) != 0)
		return -1;
	while (page + 1 < resolutions && page < JP2_MAX_PAGE && scale * (2 << page) <= 1)
		page++;
	if (page == 0)
		return 0;
	g_clear_object(image);
	return vips_jp2kload_buffer(data, file->length, image, "page", page, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
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
		case TE_FORMAT_JP2:
			rc = load_jp2(file, scale, &image, result);
			break;
		default:
			img_fail(result, TE_UNSUPPORTED, "no loader for this format");
			return NULL;
	}
#undef LOAD
	return opened(image, rc, file, result);
}
