/*
 * load.c
 *		Open a picture with libvips: one named loader for each format, and no other.
 */
#include "image/internal.h"

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

VipsImage *
img_load(const ImgFile *file, ImgResult *result)
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
			rc = LOAD(vips_webpload_buffer);
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
	return image;
}
