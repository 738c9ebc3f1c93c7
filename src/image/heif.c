/*
 * heif.c
 *		Decodes and shrinks HEIC and AVIF of 8 bits: the planes of luma and chroma before they become RGB.
 *
 * libvips has libheif make RGB of all pixels, and these are then shrunk: a quarter of the time of a thumbnail.  The planes
 * have half as many samples, and only the few pixels that are left are converted.
 *
 * What is more than three such planes (transparency, more bits, an overlay in RGB) is left to libvips.
 */
#include "image/internal.h"

#include <stdlib.h>

#include <libheif/heif.h>

#define MAX_SIDE	0x4000		/* as libvips has it */

typedef struct Heif
{
	struct heif_context *context;
	struct heif_image_handle *handle;
	struct heif_image *image;
} Heif;

/* How RGB is made of YCbCr (ITU-T H.273). */
typedef struct Matrix
{
	double		red,			/* share of luma */
				blue;
	bool		full_range;
} Matrix;

static void
close_heif(Heif *heif)
{
	if (heif->image)
		heif_image_release(heif->image);
	if (heif->handle)
		heif_image_handle_release(heif->handle);
	if (heif->context)
		heif_context_free(heif->context);
}

/* Open the image that libvips has opened, if it may have three planes of 8 bits, none too small. */
static bool
open_heif(const ImgFile *file, VipsImage *opened, int width, int height, Heif *heif)
{
	heif_item_id primary;

	if (vips_image_get_width(opened) < 2 * width || vips_image_get_height(opened) < 2 * height)
		return false;
	heif->context = heif_context_alloc();
	if (!heif->context)
		return false;
	heif_context_set_maximum_image_size_limit(heif->context, MAX_SIDE);
	return heif_context_read_from_memory_without_copy(heif->context, file->data, file->length, NULL).code == heif_error_Ok &&
		heif_context_get_primary_image_ID(heif->context, &primary).code == heif_error_Ok &&
		heif_context_is_top_level_image_ID(heif->context, primary) &&
		heif_context_get_image_handle(heif->context, primary, &heif->handle).code == heif_error_Ok &&
		heif_image_handle_get_width(heif->handle) == vips_image_get_width(opened) &&
		heif_image_handle_get_height(heif->handle) == vips_image_get_height(opened) &&
		heif_image_handle_get_luma_bits_per_pixel(heif->handle) == 8 &&
		heif_image_handle_get_chroma_bits_per_pixel(heif->handle) == 8 &&
		!heif_image_handle_has_alpha_channel(heif->handle);
}

/*
 * Decode to YCbCr with a quarter of chroma, which nearly all files have; of others, libheif makes it.  ("Undefined" formats, to have
 * what is there, mean RGB to libheif 1.15.)
 */
static struct heif_error
decode(Heif *heif)
{
	struct heif_decoding_options *options = heif_decoding_options_alloc();
	struct heif_error error = heif_decode_image(heif->handle, &heif->image, heif_colorspace_YCbCr,
												heif_chroma_420, options);

	heif_decoding_options_free(options);
	return error;
}

/*
 * The matrix by which libheif would convert; false if it is a rare one.  It is the decoded image's, which libheif 1.15 does not
 * set, whatever the file says.
 */
static bool
find_matrix(const struct heif_image *image, Matrix *matrix)
{
	struct heif_color_profile_nclx *nclx = NULL;
	int			number = heif_matrix_coefficients_unspecified;

	matrix->full_range = true;
	if (heif_image_get_nclx_color_profile(image, &nclx).code == heif_error_Ok && nclx)
	{
		number = nclx->matrix_coefficients;
		matrix->full_range = nclx->full_range_flag != 0;
	}
	if (nclx)
		heif_nclx_color_profile_free(nclx);
	switch (number)
	{
		case heif_matrix_coefficients_ITU_R_BT_709_5:
			matrix->red = 0.2126;
			matrix->blue = 0.0722;
			return true;
		case heif_matrix_coefficients_unspecified:
		case heif_matrix_coefficients_ITU_R_BT_470_6_System_B_G:
		case heif_matrix_coefficients_ITU_R_BT_601_6:
			matrix->red = 0.299;
			matrix->blue = 0.114;
			return true;
		case heif_matrix_coefficients_ITU_R_BT_2020_2_non_constant_luminance:
			matrix->red = 0.2627;
			matrix->blue = 0.0593;
			return true;
		default:
			return false;
	}
}

/* Is this plane one of 8 bits, of that size, and no smaller than it is to be? */
static bool
is_reducible(const struct heif_image *image, enum heif_channel channel, int full_width, int full_height, int width, int height)
{
	return heif_image_has_channel(image, channel) && heif_image_get_bits_per_pixel_range(image, channel) == 8 &&
		heif_image_get_bits_per_pixel(image, channel) == 8 &&
		heif_image_get_width(image, channel) == full_width && heif_image_get_height(image, channel) == full_height &&
		full_width >= width && full_height >= height && full_height / height < IMG_REDUCER_LIMIT;
}

/* Are all three so? */
static bool
are_reducible(const struct heif_image *image, int full_width, int full_height, int width, int height)
{
	return heif_image_get_colorspace(image) == heif_colorspace_YCbCr && heif_image_get_chroma_format(image) == heif_chroma_420 &&
		is_reducible(image, heif_channel_Y, full_width, full_height, width, height) &&
		is_reducible(image, heif_channel_Cb, (full_width + 1) / 2, (full_height + 1) / 2, width, height) &&
		is_reducible(image, heif_channel_Cr, (full_width + 1) / 2, (full_height + 1) / 2, width, height);
}

static uint8_t
clamp(double value)
{
	return (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

static void
convert(const Matrix *matrix, uint8_t *pixel)
{
	double		green = 1 - matrix->red - matrix->blue;
	double		y = pixel[0];
	double		cb = 2 * (1 - matrix->blue) * (pixel[1] - 128);
	double		cr = 2 * (1 - matrix->red) * (pixel[2] - 128);

	if (!matrix->full_range)
	{
		y = (y - 16) * 255 / 219;
		cb *= 255.0 / 224;
		cr *= 255.0 / 224;
	}
	pixel[0] = clamp(y + cr);
	pixel[1] = clamp(y - (matrix->blue * cb + matrix->red * cr) / green);
	pixel[2] = clamp(y + cb);
}

/* Shrink the three planes.  NULL if out of memory. */
static ImgPlanes *
reduce(const struct heif_image *image, int width, int height)
{
	static const enum heif_channel channels[] = {heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
	const ImgTarget target = {.width = width, .height = height, .orientation = 1};
	ImgPlane	from[3];
	ImgPlanes  *planes;

	for (int i = 0; i < 3; i++)
	{
		from[i] = (ImgPlane) {.width = heif_image_get_width(image, channels[i]), .height = heif_image_get_height(image, channels[i])};
		from[i].covers_x = from[0].width / (i == 0 ? 1.0 : 2.0);
		from[i].covers_y = from[0].height / (i == 0 ? 1.0 : 2.0);
	}
	planes = img_planes_new(from, 3, &target);
	for (int i = 0; planes && i < 3; i++)
	{
		int			stride;
		const uint8_t *rows = heif_image_get_plane_readonly(image, channels[i], &stride);

		for (int y = 0; y < from[i].height; y++)
			img_planes_add(planes, i, rows + (ptrdiff_t) y * stride);
	}
	return planes;
}

/* The shrunken pixels as RGB, malloc'ed; NULL if out of memory. */
static uint8_t *
shrink(const struct heif_image *image, const Matrix *matrix, int width, int height)
{
	ImgPlanes  *planes = reduce(image, width, height);
	uint8_t    *pixels = planes ? img_planes_join(planes, false) : NULL;

	for (size_t i = 0; pixels && i < (size_t) width * height; i++)
		convert(matrix, pixels + 3 * i);
	if (planes)
		img_planes_free(planes);
	return pixels;
}

VipsImage *
img_heif_decode(const ImgFile *file, VipsImage *opened, int width, int height, ImgResult *result)
{
	Heif		heif = {0};
	Matrix		matrix;
	const void *profile = NULL;
	size_t		length = 0;
	uint8_t    *pixels = NULL;
	VipsImage  *image = NULL;
	struct heif_error error = {0};

	if (!open_heif(file, opened, width, height, &heif))
		image = g_object_ref(opened);
	else if ((error = decode(&heif)).code == heif_error_Unsupported_feature)
		image = g_object_ref(opened);	/* perhaps it can be made RGB */
	else if (error.code != heif_error_Ok)
	{
		/* as libvips reports it */
		vips_error("heif", "%s (%d.%d)", error.message, error.code, error.subcode);
		img_fail_vips(result, file);
	}
	else if (!are_reducible(heif.image, vips_image_get_width(opened), vips_image_get_height(opened), width, height) ||
			 !find_matrix(heif.image, &matrix))
		image = g_object_ref(opened);
	else if ((pixels = shrink(heif.image, &matrix, width, height)) == NULL)
		img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
	close_heif(&heif);
	if (!pixels)
		return image;
	if (vips_image_get_typeof(opened, VIPS_META_ICC_NAME))
		vips_image_get_blob(opened, VIPS_META_ICC_NAME, &profile, &length);
	return img_wrap(pixels, width, height, 3, profile, length, file, result);
}
