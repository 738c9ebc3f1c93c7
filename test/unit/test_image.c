/*
 * test_image.c
 *		Tests thumbnails of valid images: every format, orientation and colour space.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lcms2.h>

#include "image/internal.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

typedef struct Expected
{
	const char *name;
	TeFormat	format;
	double		difference;		/* from the scene, at most */
	bool		grey;
	bool		optional;		/* this libvips may not have been able to write it */
} Expected;

static const Expected whole[] = {
	{"photo.jpg", TE_FORMAT_JPEG, 1}, {"progressive.jpg", TE_FORMAT_JPEG, 1},
	{"broken-exif.jpg", TE_FORMAT_JPEG, 1}, {"no-exif.jpg", TE_FORMAT_JPEG, 1},
	{"photo.png", TE_FORMAT_PNG, 0.3}, {"interlaced.png", TE_FORMAT_PNG, 0.3},
	{"palette.png", TE_FORMAT_PNG, 0.5}, {"rgb-16.png", TE_FORMAT_PNG, 0.6},
	{"photo.webp", TE_FORMAT_WEBP, 1.8}, {"unflagged.webp", TE_FORMAT_WEBP, 1.8},
	{"animated.webp", TE_FORMAT_WEBP, 0.3},
	{"photo.gif", TE_FORMAT_GIF, 0.5}, {"animated.gif", TE_FORMAT_GIF, 1},
	{"photo.tiff", TE_FORMAT_TIFF, 0.3}, {"tiled.tiff", TE_FORMAT_TIFF, 2.5},
	{"pages.tiff", TE_FORMAT_TIFF, 0.3}, {"rgb-16.tiff", TE_FORMAT_TIFF, 0.6},
	{"float.tiff", TE_FORMAT_TIFF, 0.6}, {"lab.tiff", TE_FORMAT_TIFF, 0.5},
	{"float-grey.tiff", TE_FORMAT_TIFF, 3, true}, {"uint.tiff", TE_FORMAT_TIFF, 0.6},
	{"five-bands.tiff", TE_FORMAT_TIFF, 0.3}, {"ten-bit.heic", TE_FORMAT_HEIC, 1.2, false, true},
	{"photo.heic", TE_FORMAT_HEIC, 1.2, false, true}, {"rotated.heic", TE_FORMAT_HEIC, 1.2, false, true},
	{"mirrored.heic", TE_FORMAT_HEIC, 1.2, false, true},
	{"rotated.png", TE_FORMAT_PNG, 0.3}, {"rotated.webp", TE_FORMAT_WEBP, 0.3}, {"rotated.tiff", TE_FORMAT_TIFF, 0.3},
	{"named-p3.avif", TE_FORMAT_AVIF, 1.6, false, true}, {"photo.avif", TE_FORMAT_AVIF, 1.6}, {"rotated.avif", TE_FORMAT_AVIF, 1.6},
	{"mirrored.avif", TE_FORMAT_AVIF, 1.6},
	{"photo.jxl", TE_FORMAT_JXL, 1.2, false, true}, {"bare.jxl", TE_FORMAT_JXL, 1.2, false, true},
	{"24.bmp", TE_FORMAT_BMP, 0.3}, {"32.bmp", TE_FORMAT_BMP, 0.3}, {"os2.bmp", TE_FORMAT_BMP, 0.3},
	{"top-down.bmp", TE_FORMAT_BMP, 0.3}, {"masks.bmp", TE_FORMAT_BMP, 0.3},
	{"555.bmp", TE_FORMAT_BMP, 3}, {"565.bmp", TE_FORMAT_BMP, 3},
	{"8.bmp", TE_FORMAT_BMP, 20}, {"rle8.bmp", TE_FORMAT_BMP, 20},
	{"photo.ppm", TE_FORMAT_PNM, 0.3}, {"16.ppm", TE_FORMAT_PNM, 0.3}, {"10.ppm", TE_FORMAT_PNM, 0.3}, {"text.ppm", TE_FORMAT_PNM, 0.3},
	{"photo.pgm", TE_FORMAT_PNM, 12, true}, {"text.pgm", TE_FORMAT_PNM, 12, true},
	{"photo.jp2", TE_FORMAT_JP2, 1.2, false, true}, {"bare.j2k", TE_FORMAT_JP2, 1.2, false, true}, {"tiled.jp2", TE_FORMAT_JP2, 1.2, false, true},
	{"display-p3.jpg", TE_FORMAT_JPEG, 1.1}, {"adobe-rgb.jpg", TE_FORMAT_JPEG, 1.2},
	{"adobe-rgb-16.tiff", TE_FORMAT_TIFF, 0.5}, {"prophoto-16.png", TE_FORMAT_PNG, 0.8},
	{"swapped.png", TE_FORMAT_PNG, 0.3},
	{"cmyk.jpg", TE_FORMAT_JPEG, 14}, {"cmyk-profile.jpg", TE_FORMAT_JPEG, 14}, {"cmyk.tiff", TE_FORMAT_TIFF, 14},
	{"grey.jpg", TE_FORMAT_JPEG, 0.6, true}, {"grey-16.png", TE_FORMAT_PNG, 0.4, true},
	{"grey-linear-16.tiff", TE_FORMAT_TIFF, 5, true}
};

static const struct
{
	TeFormat	format;
	const char *magic;
	int			at;
}			written[] = {
	{TE_FORMAT_JPEG, "\xFF\xD8\xFF", 0}, {TE_FORMAT_PNG, "\x89PNG", 0},
	{TE_FORMAT_WEBP, "WEBP", 8}, {TE_FORMAT_AVIF, "avif", 8}
};

static void
test_whole(const Expected *expected)
{
	Bytes		bytes = picture_read(expected->name);
	TeRequest	request = picture_request();
	ImgResult	result;
	double		difference;

	if (!bytes.data && expected->optional)
	{
		ok(true, "%s # skip this libvips does not write it", expected->name);
		return;
	}
	request.format = TE_FORMAT_PNG; /* to look at the pixels, not at JPEG's losses */
	result = picture_process(&bytes, &request);
	ok(result.status == TE_OK, "%s: no error %s", expected->name, result.error);
	is_int(result.format, expected->format, "its format");
	ok(result.width == 320 && result.height == 240, "%s: is 320 x 240", expected->name);
	ok(result.thumbnail_width == 256 && result.thumbnail_height == 192,
	   "%s: its thumbnail is 256 x 192", expected->name);
	difference = picture_difference(result.thumbnail, result.thumbnail_bytes, 256, 192, expected->grey);
	if (!ok(difference <= expected->difference, "%s: looks right", expected->name))
		fprintf(stderr, "# %s: differs by %.2f\n", expected->name, difference);
	img_result_free(&result);
	bytes_free(&bytes);
}

static void
test_orientations(void)
{
	TeRequest	request = picture_request();

	request.format = TE_FORMAT_PNG;
	for (int orientation = 1; orientation <= 8; orientation++)
	{
		char		name[32];
		Bytes		bytes;
		ImgResult	result;

		snprintf(name, sizeof(name), "orientation-%d.jpg", orientation);
		bytes = picture_read(name);
		result = picture_process(&bytes, &request);
		ok(result.width == 320 && result.height == 240, "%s: width and height are upright", name);
		ok(picture_difference(result.thumbnail, result.thumbnail_bytes, 256, 192, false) <= 1.5,
		   "%s: is shown upright", name);
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

/* Does the thumbnail hold any of what says who took it, where, or in which colours? */
static bool
has_metadata(const ImgResult *result)
{
	static const char *const words[] = {"Exif", "EXIF", "eXIf", "ICC_PROFILE", "ICCP", "iCCP", "ns.adobe", "Fictor", "prof"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(result->thumbnail, result->thumbnail_bytes, words[i], strlen(words[i])))
			return true;
	return false;
}

static void
test_written(void)
{
	static const char *const sources[] = {"photo.jpg", "display-p3.jpg", "photo.avif", "alpha.png", "grey.jpg"};

	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
		for (size_t j = 0; j < sizeof(sources) / sizeof(sources[0]); j++)
		{
			Bytes		bytes = picture_read(sources[j]);
			TeRequest	request = picture_request();
			ImgResult	result;
			const char *name = te_format_name(written[i].format);

			request.format = written[i].format;
			result = picture_process(&bytes, &request);
			ok(result.thumbnail_bytes > 12 &&
			   memcmp((char *) result.thumbnail + written[i].at, written[i].magic, strlen(written[i].magic)) == 0,
			   "%s: written as %s", sources[j], name);
			ok(!has_metadata(&result), "%s as %s: nothing but the picture is in it", sources[j], name);
			if (strncmp(sources[j], "photo", 5) == 0)
				ok(picture_difference(result.thumbnail, result.thumbnail_bytes, 256, 192, false) <= 4,
				   "%s as %s: looks right", sources[j], name);
			img_result_free(&result);
			bytes_free(&bytes);
		}
}

/* Colours at half the resolution below quality 90; no more bytes than there may be. */
static void
test_jpeg_write(void)
{
	uint8_t		data[32 * 16 * 3];
	ImgPixels	pixels = {data, 32, 16, 3};

	memset(data, 99, sizeof(data));
	for (int quality = 89; quality <= 90; quality++)
	{
		ImgResult	result = {0};
		size_t		length = 0;
		uint8_t    *bytes = img_jpeg_write(&pixels, quality, 10000, &length, &result);
		const uint8_t *frame = bytes ? memmem(bytes, length, "\xFF\xC0\0\x11\x08\0\x10\0\x20\3\1", 11) : NULL;

		is_int(frame ? frame[11] : 0, quality < 90 ? 0x22 : 0x11, "samples of light to one of colour");
		is_int(result.status, TE_OK, "no failure");
		g_free(bytes);
		ok(img_jpeg_write(&pixels, quality, length - 1, &length, &result) == NULL && result.status == TE_NOT_ENCODED,
		   "a limit is kept: %s", result.error);
	}
}

/* Planes of one colour, which end amid blocks, are of that colour up to their edges, however coarse the JPEG. */
static void
test_jpeg_write_planes(void)
{
	for (int chroma = 1; chroma <= 2; chroma++)
	{
		uint8_t		data[19 * 11 * 3];
		ImgPixels	pixels = {data, 19, 11, 3, chroma};
		ImgResult	result = {0};
		size_t		length = 0;
		size_t		size = 0;
		VipsImage  *image = NULL;
		uint8_t    *bytes;
		uint8_t    *read;
		int			wrong = 0;

		memset(data, 200, 19 * 11);
		memset(data + 19 * 11, 90, sizeof(data) - 19 * 11);
		bytes = img_jpeg_write(&pixels, 20, 10000, &length, &result);
		if (!ok(bytes && vips_jpegload_buffer(bytes, length, &image, NULL) == 0, "planes are written"))
			return;
		read = vips_image_write_to_memory(image, &size);
		is_int((int) size, 19 * 11 * 3, "19 x 11 pixels");
		for (size_t i = 0; i < size; i++)
			wrong += abs(read[i] - read[i % 3]) > 1;
		is_int(wrong, 0, "all of one colour");
		ok(abs(read[0] - 147) < 15 && abs(read[1] - 240) < 15 && abs(read[2] - 133) < 15, "the right one");
		g_free(read);
		g_object_unref(image);
		g_free(bytes);
	}
}

/* On white where the format has no transparency, kept where it has. */
static void
test_alpha(const char *name)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	Canvas		half = scene_test(320, 240);
	ImgResult	result;

	for (int i = 0; i < 320 * 240; i++)
		if (i % 320 >= 160)
			memset(half.rgb + i * 3, 255, 3);
	request.size = 320;
	request.quality = 95;
	result = picture_process(&bytes, &request);
	ok(picture_difference_to(result.thumbnail, result.thumbnail_bytes, &half, false) <= 3, "%s: on white in a JPEG", name);
	img_result_free(&result);
	request.format = TE_FORMAT_PNG;
	result = picture_process(&bytes, &request);
	ok(((uint8_t *) result.thumbnail)[25] == 6, "%s: a PNG of it has transparency", name);
	img_result_free(&result);
	bytes_free(&bytes);
	canvas_free(&half);
}

/* What is white on paper is bright in a thumbnail of an HDR picture, and not white: there is more. */
static void
test_hdr(const char *name)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	Canvas		grey;
	ImgResult	result;

	if (!bytes.data)
	{
		ok(true, "%s # skip this libvips does not write it", name);
		return;
	}
	grey = scene_test(64, 64);
	memset(grey.rgb, 191, 64 * 64 * 3);
	result = picture_process(&bytes, &request);
	ok(picture_difference_to(result.thumbnail, result.thumbnail_bytes, &grey, false) < 4, "%s: white of paper", name);
	img_result_free(&result);
	bytes_free(&bytes);
	canvas_free(&grey);
}

static void
test_sizes(void)
{
	static const struct
	{
		uint32_t	size;
		uint32_t	width,
					height;
	}			sizes[] = {{1, 1, 1}, {2, 2, 2}, {17, 17, 13}, {100, 100, 75}, {319, 319, 239}, {320, 320, 240},
	{321, 320, 240}, {16384, 320, 240}};
	static const char *const names[] = {"photo.jpg", "photo.png", "rle8.bmp", "photo.webp", "photo.avif"};

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
	{
		Bytes		bytes = picture_read(names[n]);

		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		{
			TeRequest	request = picture_request();
			ImgResult	result;

			request.size = sizes[i].size;
			result = picture_process(&bytes, &request);
			ok(result.thumbnail_width == sizes[i].width && result.thumbnail_height == sizes[i].height &&
			   picture_difference(result.thumbnail, result.thumbnail_bytes, sizes[i].width, sizes[i].height, false) < 25,
			   "%s in a square of %u: %u x %u", names[n], sizes[i].size, sizes[i].width, sizes[i].height);
			img_result_free(&result);
		}
		bytes_free(&bytes);
	}
}

/* A profile of sRGB needs no transform, whoever wrote it; others do. */
static void
test_srgb_profile(void)
{
	static const cmsCIExyY d65 = {0.3127, 0.3290, 1};
	static const cmsCIExyYTRIPLE primaries[] = {
		{{0.640, 0.330, 1}, {0.300, 0.600, 1}, {0.150, 0.060, 1}}, {{0.680, 0.320, 1}, {0.265, 0.690, 1}, {0.150, 0.060, 1}}
	};
	const cmsFloat64Number numbers[5] = {2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045};

	for (int wide = 0; wide <= 1; wide++)
		for (int gamma = 0; gamma <= 1; gamma++)
		{
			cmsToneCurve *curve = gamma ? cmsBuildGamma(NULL, 2.2) : cmsBuildParametricToneCurve(NULL, 4, numbers);
			cmsToneCurve *curves[3] = {curve, curve, curve};
			cmsHPROFILE profile = cmsCreateRGBProfile(&d65, &primaries[wide], curves);
			cmsUInt32Number length = 0;
			void	   *bytes;

			cmsSaveProfileToMem(profile, NULL, &length);
			bytes = malloc(length);
			cmsSaveProfileToMem(profile, bytes, &length);
			is_int(img_srgb_transform(bytes, length, 3, 0, VIPS_FORMAT_UCHAR) != NULL, wide || gamma,
				   wide ? "Display P3 is converted" : gamma ? "another gamma is converted" : "sRGB is not");
			ok(img_srgb_transform(bytes, length, 3, 0, VIPS_FORMAT_USHORT) != NULL, "more bits are converted");
			free(bytes);
			cmsCloseProfile(profile);
			cmsFreeToneCurve(curve);
		}
}

/* Much smaller: decoded at one of the lower resolutions that the file has. */
static void
test_reduced(const char *name)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	ImgResult	result;

	if (!bytes.data)
	{
		ok(true, "%s # skip this libvips does not write it", name);
		return;
	}
	request.format = TE_FORMAT_PNG;
	for (request.size = 96; request.size >= 24; request.size /= 2)
	{
		int			height = (int) request.size * 3 / 4;

		result = picture_process(&bytes, &request);
		ok(result.width == 320 && picture_difference(result.thumbnail, result.thumbnail_bytes, (int) request.size, height, false) <= 3,
		   "%s: looks right at %u x %d", name, request.size, height);
		img_result_free(&result);
	}
	bytes_free(&bytes);
}

/* A thumbnail is the same however often and in whatever order it is made. */
static void
test_repeated(void)
{
	Bytes		bytes = picture_read("display-p3.jpg");
	Bytes		other = picture_read("truncated.png");
	TeRequest	request = picture_request();
	ImgResult	first = picture_process(&bytes, &request);
	bool		same = first.thumbnail != NULL;

	for (int i = 0; i < 20; i++)
	{
		ImgResult	bad = picture_process(&other, &request);
		ImgResult	again = picture_process(&bytes, &request);

		same = same && bad.status != TE_OK && again.thumbnail_bytes == first.thumbnail_bytes &&
			memcmp(again.thumbnail, first.thumbnail, first.thumbnail_bytes) == 0;
		img_result_free(&bad);
		img_result_free(&again);
	}
	ok(same, "a bad picture before it changes nothing in the next");
	img_result_free(&first);
	bytes_free(&bytes);
	bytes_free(&other);
}

int
main(void)
{
	pictures_start();
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		test_whole(&whole[i]);
	test_orientations();
	test_written();
	test_jpeg_write();
	test_jpeg_write_planes();
	test_reduced("photo.jp2");
	test_reduced("tiled.jp2");
	test_reduced("photo.webp");
	test_alpha("alpha.png");
	test_alpha("alpha.webp");
	test_alpha("alpha.avif");
	test_hdr("named-pq.avif");
	test_hdr("named-hlg.avif");
	test_srgb_profile();
	test_sizes();
	test_repeated();
	return done_testing();
}
