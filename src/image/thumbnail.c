/*
 * thumbnail.c
 *		Shrinks a decoded image of any kind and converts it to 8-bit sRGB.
 *
 * libvips shrinks in the image's own colours if it has a profile, which is then applied
 * to the few pixels that are left.
 */
#include "image/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STRIP	16				/* rows that are asked of libvips at once */

/* Meaning of the bands. */
typedef struct Colours
{
	int			bands;			/* of colour: 1, 3 or 4 */
	int			alpha;			/* 1 if one more for transparency */
	ImgTransform transform;		/* NULL: the pixels are sRGB or grey already */
} Colours;

void
img_fit(uint32_t width, uint32_t height, uint32_t side, int *fit_width, int *fit_height)
{
	double		scale = (double) side / (width > height ? width : height);

	if (scale > 1)
		scale = 1;
	*fit_width = (int) fmax(1, floor(width * scale + 0.5));
	*fit_height = (int) fmax(1, floor(height * scale + 0.5));
}

/* Replace *image by *next, the output of an operation that returned rc. */
static bool
advance(VipsImage **image, VipsImage **next, int rc)
{
	if (rc != 0)
		return false;
	g_object_unref(*image);
	*image = *next;
	*next = NULL;
	return true;
}

/* Can profiles be applied to this format, and does libvips shrink it well? */
static bool
device_format(VipsBandFormat format)
{
	return format == VIPS_FORMAT_UCHAR || format == VIPS_FORMAT_USHORT || format == VIPS_FORMAT_FLOAT;
}

/* The transform for an image, by its profile; CMYK must have one. */
static bool
find_transform(VipsImage *image, Colours *colours)
{
	VipsBandFormat format = vips_image_get_format(image);
	const void *profile = NULL;
	size_t		length = 0;

	if (!device_format(format))
		return true;
	if (vips_image_get_typeof(image, VIPS_META_ICC_NAME) &&
		vips_image_get_blob(image, VIPS_META_ICC_NAME, &profile, &length) != 0)
		profile = NULL;
	colours->transform = img_srgb_transform(profile, length, colours->bands, colours->alpha, format);
	return colours->transform || colours->bands != 4;
}

/* Are the bands grey, RGB or CMYK of a device, and not Lab or the like? */
static bool
is_device(VipsInterpretation space)
{
	return space == VIPS_INTERPRETATION_sRGB || space == VIPS_INTERPRETATION_RGB ||
		space == VIPS_INTERPRETATION_RGB16 || space == VIPS_INTERPRETATION_scRGB ||
		space == VIPS_INTERPRETATION_B_W || space == VIPS_INTERPRETATION_GREY16 ||
		space == VIPS_INTERPRETATION_CMYK || space == VIPS_INTERPRETATION_MULTIBAND;
}

/*
 * Convert number formats of TIFF that libvips' colour conversions do not expect: integers of any
 * width to 16 bits, grey floating-point light from 0 to 1 to scRGB, which has three bands.
 */
static bool
plain_numbers(VipsImage **image, Colours *colours)
{
	VipsBandFormat format = vips_image_get_format(*image);
	VipsImage  *next = NULL;
	VipsImage  *copies[3] = {*image, *image, *image};

	if (format == VIPS_FORMAT_CHAR || format == VIPS_FORMAT_SHORT || format == VIPS_FORMAT_INT ||
		format == VIPS_FORMAT_UINT)
	{
		if (!advance(image, &next, vips_cast(*image, &next, VIPS_FORMAT_USHORT, "shift", TRUE, NULL)))
			return false;
		return advance(image, &next, vips_copy(*image, &next, "interpretation", colours->bands == 1 ?
											   VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16, NULL));
	}
	if (vips_band_format_isfloat(format) && colours->bands == 1 && colours->alpha == 0)
	{
		if (!advance(image, &next, vips_bandjoin(copies, &next, 3, NULL)))
			return false;
		colours->bands = 3;
		return advance(image, &next, vips_copy(*image, &next, "interpretation", VIPS_INTERPRETATION_scRGB, NULL));
	}
	return true;
}

/*
 * Determine the meaning of the bands.  Pixels without a profile are converted to 8-bit sRGB or
 * grey here, those with one after they have been shrunk.
 */
static bool
read_colours(VipsImage **image, Colours *colours)
{
	VipsInterpretation space = vips_image_guess_interpretation(*image);
	VipsImage  *next = NULL;
	int			bands = vips_image_get_bands(*image);

	/* one more band is alpha; the meaning of several more is unknown */
	colours->bands = space == VIPS_INTERPRETATION_CMYK && bands >= 4 ? 4 : bands < 3 ? 1 : 3;
	colours->alpha = bands == colours->bands + 1 && vips_image_hasalpha(*image) ? 1 : 0;
	if (bands > colours->bands + colours->alpha &&
		!advance(image, &next, vips_extract_band(*image, &next, 0, "n", colours->bands, NULL)))
		return false;
	if (is_device(space))
	{
		if (!find_transform(*image, colours))
			return false;
		if (colours->transform)
			return true;
		if (!plain_numbers(image, colours))
			return false;
	}
	if (!advance(image, &next, vips_colourspace(*image, &next, colours->bands == 1 ?
												VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL)))
		return false;
	colours->bands = vips_image_get_bands(*image) - colours->alpha;
	return advance(image, &next, vips_cast(*image, &next, VIPS_FORMAT_UCHAR, NULL));
}

/* Shrink; premultiplied, so that transparent pixels do not bleed into others. */
static bool
resize(VipsImage **image, int width, int height, bool alpha)
{
	VipsImage  *next = NULL;
	VipsBandFormat format = vips_image_get_format(*image);
	double		max_alpha = format == VIPS_FORMAT_USHORT ? 65535 : format == VIPS_FORMAT_FLOAT ? 1 : 255;

	if (vips_image_get_width(*image) == width && vips_image_get_height(*image) == height)
		return true;
	if (alpha &&
		!advance(image, &next, vips_premultiply(*image, &next, "max_alpha", max_alpha, NULL)))
		return false;
	if (!advance(image, &next, vips_resize(*image, &next, (double) width / vips_image_get_width(*image),
										   "vscale", (double) height / vips_image_get_height(*image), NULL)))
		return false;
	if (!alpha)
		return true;
	if (!advance(image, &next, vips_unpremultiply(*image, &next, "max_alpha", max_alpha, NULL)))
		return false;
	return advance(image, &next, vips_cast(*image, &next, format, NULL));
}

bool
img_is_reducible(VipsImage *image, int width, int height)
{
	int			full_width = vips_image_get_width(image);
	int			full_height = vips_image_get_height(image);

	return (full_width > width || full_height > height) && full_width >= width && full_height >= height &&
		vips_image_get_format(image) == VIPS_FORMAT_UCHAR && vips_image_get_bands(image) <= IMG_REDUCER_BANDS &&
		full_height / height < IMG_REDUCER_LIMIT;
}

/* Run the pipeline in this thread, and shrink its rows as they come. */
static bool
reduce(VipsImage *image, int width, int height, bool alpha, uint8_t *out)
{
	VipsRegion *region = vips_region_new(image);
	ImgSide		across = img_side(vips_image_get_width(image), width);
	ImgSide		down = img_side(vips_image_get_height(image), height);
	ImgReducer *reducer = img_reducer_new(&across, &down, vips_image_get_bands(image), alpha, out);
	VipsRect	strip = {0, 0, vips_image_get_width(image), 0};
	bool		ok = region && reducer;

	for (; ok && strip.top < vips_image_get_height(image); strip.top += strip.height)
	{
		strip.height = MIN(STRIP, vips_image_get_height(image) - strip.top);
		ok = vips_region_prepare(region, &strip) == 0;
		for (int y = 0; ok && y < strip.height; y++)
			img_reducer_add(reducer, VIPS_REGION_ADDR(region, 0, strip.top + y));
	}
	if (reducer)
		img_reducer_free(reducer);
	g_clear_object(&region);
	return ok;
}

/* The shrunken pixels; NULL if out of memory, or with libvips' reason. */
static void *
shrink(VipsImage **image, int width, int height, bool alpha)
{
	size_t		size = (size_t) width * height * vips_image_get_bands(*image);
	void	   *shrunk = NULL;

	if (!img_is_reducible(*image, width, height))
		return resize(image, width, height, alpha) ? vips_image_write_to_memory(*image, &size) : NULL;
	shrunk = g_try_malloc(size);
	if (shrunk && !reduce(*image, width, height, alpha, shrunk))
	{
		g_free(shrunk);
		return NULL;
	}
	return shrunk;
}

/* Run the pipeline and convert its pixels to 8-bit sRGB. */
static bool
collect(VipsImage **image, int width, int height, const Colours *colours, ImgPixels *pixels)
{
	size_t		count = (size_t) width * height;
	void	   *raw = shrink(image, width, height, colours->alpha);
	bool		ok = raw != NULL && vips_image_get_bands(*image) == colours->bands + colours->alpha;

	pixels->width = width;
	pixels->height = height;
	pixels->bands = (colours->transform ? 3 : colours->bands) + colours->alpha;
	pixels->data = malloc(count * pixels->bands);
	if (!ok || !pixels->data)
		ok = false;
	else if (colours->transform)
		img_srgb_apply(colours->transform, raw, pixels->data, count);
	else
		memcpy(pixels->data, raw, count * pixels->bands);
	g_free(raw);
	return ok;
}

bool
img_shrink(VipsImage *in, int width, int height, const ImgFile *file, ImgPixels *pixels,
		   ImgResult *result)
{
	VipsImage  *image = in;
	Colours		colours = {0};
	bool		ok;

	g_object_ref(image);
	memset(pixels, 0, sizeof(*pixels));
	ok = read_colours(&image, &colours) &&
		collect(&image, width, height, &colours, pixels) &&
		!img_vips_has_error();
	if (!ok)
	{
		img_fail_vips(result, file);
		free(pixels->data);
		pixels->data = NULL;
	}
	g_object_unref(image);
	return ok;
}
