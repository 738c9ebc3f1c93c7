/*
 * colour.c
 *		Converts pixels from an embedded colour profile to sRGB.
 *
 * Building a transform takes up to 10 ms, more than any step of a thumbnail but decoding, and
 * a collection has few different profiles: the most recent transforms are kept.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include <lcms2.h>

#define KEPT_TRANSFORMS 6
#define PROFILE_HEADER 128
#define COLOUR_SPACE_AT 16		/* in an ICC header */
#define PROBE_STEP 15			/* between the values of each colour that is_srgb() tries */

typedef struct ColourSlot
{
	void	   *profile;		/* NULL = free slot */
	size_t		length;
	cmsUInt32Number from,
				to;
	cmsHTRANSFORM transform;	/* NULL = this profile does not work, or changes nothing */
	unsigned	used;
} ColourSlot;

static ColourSlot slots[KEPT_TRANSFORMS];
static unsigned clock_hand;

/* Is it a profile for pixels with this number of colour bands? */
static bool
fits(const void *profile, size_t length, int bands)
{
	const char *space = bands == 1 ? "GRAY" : bands == 3 ? "RGB " : "CMYK";

	return length > PROFILE_HEADER && memcmp((const char *) profile + COLOUR_SPACE_AT, space, 4) == 0;
}

/* lcms' code for a pixel layout; its macros need constants. */
static cmsUInt32Number
layout(int bands, int alpha, VipsBandFormat format)
{
	int			space = bands == 1 ? PT_GRAY : bands == 3 ? PT_RGB : PT_CMYK;
	int			bytes = format == VIPS_FORMAT_UCHAR ? 1 : format == VIPS_FORMAT_USHORT ? 2 : 4;

	return COLORSPACE_SH(space) | CHANNELS_SH(bands) | EXTRA_SH(alpha) | BYTES_SH(bytes) |
		FLOAT_SH(format == VIPS_FORMAT_FLOAT ? 1 : 0);
}

static cmsHTRANSFORM
build(const void *profile, size_t length, cmsUInt32Number from, cmsUInt32Number to)
{
	cmsHPROFILE source = cmsOpenProfileFromMem(profile, length);
	cmsHPROFILE srgb = cmsCreate_sRGBProfile();
	cmsHTRANSFORM transform = NULL;

	if (source && srgb)
		transform = cmsCreateTransform(source, from, srgb, to, INTENT_RELATIVE_COLORIMETRIC,
									   T_EXTRA(from) ? cmsFLAGS_COPY_ALPHA : 0);
	if (source)
		cmsCloseProfile(source);
	if (srgb)
		cmsCloseProfile(srgb);
	return transform;
}

/*
 * Does the transform of 8-bit RGB change no colour by more than one?  Most pictures carry a profile of sRGB, and to apply
 * it takes as long as to shrink a picture.
 */
static bool
is_srgb(cmsHTRANSFORM transform)
{
	uint8_t		from[(255 / PROBE_STEP + 1) * 3];
	uint8_t		to[sizeof(from)];

	for (int red = 0; red <= 255; red += PROBE_STEP)
		for (int green = 0; green <= 255; green += PROBE_STEP)
		{
			for (int blue = 0; blue <= 255; blue += PROBE_STEP)
			{
				uint8_t    *pixel = from + blue / PROBE_STEP * 3;

				pixel[0] = (uint8_t) red;
				pixel[1] = (uint8_t) green;
				pixel[2] = (uint8_t) blue;
			}
			cmsDoTransform(transform, from, to, sizeof(from) / 3);
			for (size_t i = 0; i < sizeof(from); i++)
				if (abs(from[i] - to[i]) > 1)
					return false;
		}
	return true;
}

static void
empty_slot(ColourSlot *slot)
{
	if (slot->transform)
		cmsDeleteTransform(slot->transform);
	free(slot->profile);
	memset(slot, 0, sizeof(*slot));
}

/* The transform, kept or new; NULL if there is nothing to change, the profile is invalid or memory is out. */
static cmsHTRANSFORM
find_transform(const void *profile, size_t length, cmsUInt32Number from, cmsUInt32Number to)
{
	ColourSlot *slot = &slots[0];

	clock_hand++;
	for (int i = 0; i < KEPT_TRANSFORMS; i++)
	{
		if (slots[i].profile && slots[i].length == length && slots[i].from == from &&
			slots[i].to == to && memcmp(slots[i].profile, profile, length) == 0)
		{
			slots[i].used = clock_hand;
			return slots[i].transform;
		}
		if (slots[i].used < slot->used)
			slot = &slots[i];
	}
	empty_slot(slot);
	slot->profile = malloc(length);
	if (!slot->profile)
		return NULL;
	memcpy(slot->profile, profile, length);
	slot->length = length;
	slot->from = from;
	slot->to = to;
	slot->used = clock_hand;
	slot->transform = build(profile, length, from, to);
	if (!slot->transform)
		empty_slot(slot);		/* it may have been for lack of memory */
	else if (from == layout(3, 0, VIPS_FORMAT_UCHAR) && is_srgb(slot->transform))
	{
		cmsDeleteTransform(slot->transform);
		slot->transform = NULL;
	}
	return slot->transform;
}

/* By libvips' general profile. */
static ImgTransform
transform_cmyk(int alpha, VipsBandFormat format)
{
	ImgTransform transform = NULL;
	VipsBlob   *general = NULL;
	const void *profile;
	size_t		length;

	if (vips_profile_load("cmyk", &general, NULL) != 0)
		return NULL;
	profile = vips_blob_get(general, &length);
	transform = find_transform(profile, length, layout(4, alpha, format), layout(3, alpha, VIPS_FORMAT_UCHAR));
	vips_area_unref(VIPS_AREA(general));
	return transform;
}

ImgTransform
img_srgb_transform(const void *profile, size_t length, int bands, int alpha, VipsBandFormat format)
{
	ImgTransform transform = NULL;

	if (profile && fits(profile, length, bands))
		transform = find_transform(profile, length, layout(bands, alpha, format),
								   layout(3, alpha, VIPS_FORMAT_UCHAR));
	if (!transform)
		img_vips_clear();		/* libvips has lcms' complaints sent to its own buffer */
	if (!transform && bands == 4)
		transform = transform_cmyk(alpha, format);
	return transform;
}

void
img_srgb_apply(ImgTransform transform, const void *from, uint8_t *to, size_t count)
{
	cmsDoTransform(transform, from, to, (cmsUInt32Number) count);
}
