/*
 * nclx.c
 *		Makes a colour profile for HEIC and AVIF files that name their colours by
 *		numbers (ITU-T H.273), which libvips ignores.
 *
 * The light of HDR images (PQ, HLG) goes far beyond white.  It is compressed so that 1000 cd/m2
 * just fit and diffuse white (203 cd/m2, ITU-R BT.2408) stays bright.
 */
#include "image/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lcms2.h>

#include "container/box.h"
#include "container/bytes.h"

#define CURVE_POINTS	1024
#define PEAK_NITS		1000.0
#define PAPER_NITS		203.0

/* Numbers of H.273. */
enum
{
	PRIMARIES_BT2020 = 9, PRIMARIES_DCI_P3 = 11, PRIMARIES_DISPLAY_P3 = 12
};

enum
{
	TRANSFER_GAMMA22 = 4, TRANSFER_GAMMA28 = 5, TRANSFER_LINEAR = 8, TRANSFER_PQ = 16, TRANSFER_HLG = 18
};

/*
 * Find the numbers.  False if there are none, if several differ (they may belong to other
 * images of the file), or if they are sRGB's or close to it.
 */
static bool
find_numbers(const ImgFile *file, uint32_t *primaries, uint32_t *transfer)
{
	Box			inside = {.data = file->data, .length = file->length};
	Box			box;
	bool		found = false;

	if (!box_find(inside, "meta", &box) || box.length < 4)
		return false;
	inside = (Box) {.data = box.data + 4, .length = box.length - 4};
	if (!box_find(inside, "iprp", &box) || !box_find(box, "ipco", &inside))
		return false;
	for (int i = 0; i < 1000 && box_next(&inside, &box); i++)
	{
		uint32_t	p,
					t;

		if (!box_is(&box, "colr") || box.length < 10 || memcmp(box.data, "nclx", 4) != 0)
			continue;
		p = be16(box.data + 4);
		t = be16(box.data + 6);
		if (found && (p != *primaries || t != *transfer))
			return false;
		*primaries = p;
		*transfer = t;
		found = true;
	}
	return found && (*primaries == PRIMARIES_BT2020 || *primaries == PRIMARIES_DCI_P3 ||
					 *primaries == PRIMARIES_DISPLAY_P3 || *transfer == TRANSFER_PQ ||
					 *transfer == TRANSFER_HLG || *transfer == TRANSFER_LINEAR);
}

/* From a signal of 0..1 to cd/m2. */
static double
pq_light(double signal)
{
	double		root = pow(signal, 1 / 78.84375);

	return 10000 * pow(fmax(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root), 1 / 0.1593017578125);
}

static double
hlg_light(double signal)
{
	double		scene = signal <= 0.5 ? signal * signal / 3 : (exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12;

	return PEAK_NITS * pow(scene, 1.2);
}

/* Map 0..1000 cd/m2 to 0..1. */
static double
tone_map(double nits)
{
	double		light = fmin(nits, PEAK_NITS) / PAPER_NITS;
	double		peak = PEAK_NITS / PAPER_NITS;

	return light * (1 + light / (peak * peak)) / (1 + light);
}

static cmsToneCurve *
curve_of(uint32_t transfer)
{
	const cmsFloat64Number srgb[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};
	float		points[CURVE_POINTS];

	switch (transfer)
	{
		case TRANSFER_GAMMA22:
			return cmsBuildGamma(NULL, 2.2);
		case TRANSFER_GAMMA28:
			return cmsBuildGamma(NULL, 2.8);
		case TRANSFER_LINEAR:
			return cmsBuildGamma(NULL, 1);
		case TRANSFER_PQ:
		case TRANSFER_HLG:
			for (int i = 0; i < CURVE_POINTS; i++)
			{
				double		signal = (double) i / (CURVE_POINTS - 1);

				points[i] = (float) tone_map(transfer == TRANSFER_PQ ? pq_light(signal) : hlg_light(signal));
			}
			return cmsBuildTabulatedToneCurveFloat(NULL, CURVE_POINTS, points);
		default:
			return cmsBuildParametricToneCurve(NULL, 4, srgb);
	}
}

static cmsHPROFILE
profile_of(uint32_t primaries, cmsToneCurve *curve)
{
	static const cmsCIExyY d65 = {0.3127, 0.3290, 1};
	static const cmsCIExyY cinema = {0.314, 0.351, 1};
	static const cmsCIExyYTRIPLE srgb = {{0.640, 0.330, 1}, {0.300, 0.600, 1}, {0.150, 0.060, 1}};
	static const cmsCIExyYTRIPLE bt2020 = {{0.708, 0.292, 1}, {0.170, 0.797, 1}, {0.131, 0.046, 1}};
	static const cmsCIExyYTRIPLE p3 = {{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}};
	cmsToneCurve *curves[3] = {curve, curve, curve};

	return cmsCreateRGBProfile(primaries == PRIMARIES_DCI_P3 ? &cinema : &d65,
							   primaries == PRIMARIES_BT2020 ? &bt2020 :
							   primaries == PRIMARIES_DCI_P3 || primaries == PRIMARIES_DISPLAY_P3 ? &p3 : &srgb,
							   curves);
}

void *
img_nclx_profile(const ImgFile *file, size_t *length)
{
	uint32_t	primaries = 0,
				transfer = 0;
	cmsToneCurve *curve;
	cmsHPROFILE profile = NULL;
	cmsUInt32Number size = 0;
	void	   *bytes = NULL;

	if (!find_numbers(file, &primaries, &transfer))
		return NULL;
	curve = curve_of(transfer);
	if (curve)
		profile = profile_of(primaries, curve);
	if (profile && cmsSaveProfileToMem(profile, NULL, &size) && (bytes = malloc(size)) != NULL &&
		!cmsSaveProfileToMem(profile, bytes, &size))
	{
		free(bytes);
		bytes = NULL;
	}
	if (profile)
		cmsCloseProfile(profile);
	if (curve)
		cmsFreeToneCurve(curve);
	*length = size;
	return bytes;
}
