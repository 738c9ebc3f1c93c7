/*
 * profiles.c
 *		Makes the same image in several colour spaces, with the profile of each.
 */
#include "shot.h"

#include <stdlib.h>

#include <lcms2.h>

static const cmsCIExyY d65 = {0.3127, 0.3290, 1};
static const cmsCIExyY d50 = {0.3457, 0.3585, 1};

static cmsHPROFILE
profile_of(PictureColours colours)
{
	static const cmsCIExyYTRIPLE p3 = {{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}};
	static const cmsCIExyYTRIPLE adobe = {{0.640, 0.330, 1}, {0.210, 0.710, 1}, {0.150, 0.060, 1}};
	static const cmsCIExyYTRIPLE prophoto = {{0.7347, 0.2653, 1}, {0.1596, 0.8404, 1}, {0.0366, 0.0001, 1}};
	static const cmsCIExyYTRIPLE swapped = {{0.150, 0.060, 1}, {0.300, 0.600, 1}, {0.640, 0.330, 1}};
	const cmsFloat64Number srgb[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
	cmsToneCurve *curve;
	cmsToneCurve *curves[3];
	cmsHPROFILE profile;

	if (colours == COLOURS_ADOBE_RGB)
		curve = cmsBuildGamma(NULL, 563.0 / 256);
	else if (colours == COLOURS_PROPHOTO)
		curve = cmsBuildGamma(NULL, 1.8);
	else if (colours == COLOURS_GREY_LINEAR)
		curve = cmsBuildGamma(NULL, 1);
	else
		curve = cmsBuildParametricToneCurve(NULL, 4, srgb);
	curves[0] = curves[1] = curves[2] = curve;
	if (colours == COLOURS_GREY_LINEAR)
		profile = cmsCreateGrayProfile(&d50, curve);
	else if (colours == COLOURS_PROPHOTO)
		profile = cmsCreateRGBProfile(&d50, &prophoto, curves);
	else
		profile = cmsCreateRGBProfile(&d65, colours == COLOURS_DISPLAY_P3 ? &p3 :
									  colours == COLOURS_ADOBE_RGB ? &adobe : &swapped, curves);
	cmsFreeToneCurve(curve);
	return profile;
}

VipsImage *
picture_in_colours(const Canvas *canvas, PictureColours colours, int bits)
{
	cmsHPROFILE srgb = cmsCreate_sRGBProfile();
	cmsHPROFILE profile = profile_of(colours);
	bool		grey = colours == COLOURS_GREY_LINEAR;
	cmsHTRANSFORM transform = cmsCreateTransform(srgb, TYPE_RGB_8, profile,
												 grey ? (bits == 16 ? TYPE_GRAY_16 : TYPE_GRAY_8) :
												 bits == 16 ? TYPE_RGB_16 : TYPE_RGB_8,
												 INTENT_RELATIVE_COLORIMETRIC, 0);
	size_t		count = (size_t) canvas->width * canvas->height;
	size_t		size = count * (grey ? 1 : 3) * (bits / 8);
	void	   *pixels = malloc(size);
	cmsUInt32Number length = 0;
	void	   *icc = NULL;
	VipsImage  *bare,
			   *image = NULL;

	if (!transform || !pixels || !cmsSaveProfileToMem(profile, NULL, &length) || !(icc = malloc(length)))
		pictures_fail("a colour profile");
	cmsDoTransform(transform, canvas->rgb, pixels, (cmsUInt32Number) count);
	cmsSaveProfileToMem(profile, icc, &length);
	bare = vips_image_new_from_memory_copy(pixels, size, canvas->width, canvas->height, grey ? 1 : 3,
										   bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	if (!bare || vips_copy(bare, &image, "interpretation",
						   grey ? (bits == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W) :
						   bits == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB, NULL) != 0)
		pictures_fail("a picture");
	vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, icc, length);
	g_object_unref(bare);
	free(icc);
	free(pixels);
	cmsDeleteTransform(transform);
	cmsCloseProfile(profile);
	cmsCloseProfile(srgb);
	return image;
}
