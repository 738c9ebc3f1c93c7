/*
 * wrap.c
 *		Makes a libvips image of pixels that our own code decoded.
 */
#include "image/internal.h"

#include <stdlib.h>

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
	if (!bare || vips_copy(bare, &image, "interpretation", bands <= 2 ? VIPS_INTERPRETATION_B_W :
						   file->format == TE_FORMAT_JPEG && bands == 4 ? VIPS_INTERPRETATION_CMYK :
						   VIPS_INTERPRETATION_sRGB, NULL) != 0)
		img_fail_vips(result, file);
	else if (profile)
		vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile, profile_length);
	g_clear_object(&bare);
	return image;
}
