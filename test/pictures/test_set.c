/*
 * test_set.c
 *		Makes the test images.  All valid ones show scene_test() upright; README.md lists the names.
 */
#include "shot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 320
#define HEIGHT 240

static const Shot north_east = {"Fictor", "Fictor X100", "2024:05:06 07:08:09", "25", "+02:00", true, 48.8584, 2.2945, 1};
static const Shot south_west = {"LUMEN CAMERA CO.", "Lumen Field 7", "2023:12:31 23:59:59", NULL, "-03:00", true, -33.4489, -70.6693, 1};
static const Shot no_offset = {"Fictor", "Fictor X200", "2022:02:03 04:05:06", NULL, NULL, false, 0, 0, 1};

/* Write bytes and free them; nothing if there are none (a format that this build lacks). */
static void
put(const char *name, Bytes bytes)
{
	if (bytes.data)
		picture_write(name, &bytes);
	bytes_free(&bytes);
}

/* Encode, write and release an image. */
static void
save(const char *name, VipsImage *image, const char *suffix)
{
	put(name, picture_encode(image, suffix));
	g_object_unref(image);
}

static void
jpegs(const Canvas *scene)
{
	for (int orientation = 1; orientation <= 8; orientation++)
	{
		Shot		shot = north_east;
		Canvas		stored = scene_as_stored(scene, orientation);
		char		name[32];

		shot.orientation = orientation;
		snprintf(name, sizeof(name), "orientation-%d.jpg", orientation);
		picture_jpeg(name, &stored, 90, &shot, orientation % 2 ? 0 : EB_BIG_ENDIAN);
		canvas_free(&stored);
	}
	picture_jpeg("photo.jpg", scene, 90, &north_east, 0);
	picture_jpeg("south-west.jpg", scene, 90, &south_west, EB_BIG_ENDIAN);
	picture_jpeg("no-offset.jpg", scene, 90, &no_offset, 0);
	save("no-exif.jpg", picture_image(scene), ".jpg[Q=90]");
	save("progressive.jpg", picture_image(scene), ".jpg[Q=90,interlace]");
}

/* Numbers that few cameras write: light from 0 to 1, 32 and 10 bits, more bands than colours. */
static void
odd_numbers(VipsImage *image)
{
	VipsImage  *xyz,
			   *y,
			   *dim,
			   *light,
			   *wide,
			   *deep,
			   *grey,
			   *bands;
	VipsImage  *joined[3];

	if (vips_colourspace(image, &xyz, VIPS_INTERPRETATION_XYZ, NULL) != 0 ||
		vips_extract_band(xyz, &y, 1, NULL) != 0 || vips_linear1(y, &dim, 0.01, 0, NULL) != 0 ||
		vips_copy(dim, &light, "interpretation", VIPS_INTERPRETATION_B_W, NULL) != 0 ||
		vips_linear1(image, &wide, 16843009, 0, NULL) != 0 ||
		vips_cast(wide, &deep, VIPS_FORMAT_UINT, NULL) != 0 ||
		vips_extract_band(image, &grey, 0, NULL) != 0)
		pictures_fail("odd numbers");
	joined[0] = image;
	joined[1] = joined[2] = grey;
	if (vips_bandjoin(joined, &bands, 3, NULL) != 0)
		pictures_fail("odd bands");
	save("float-grey.tiff", light, ".tif");
	save("uint.tiff", deep, ".tif");
	save("five-bands.tiff", bands, ".tif");
	put("ten-bit.heic", picture_encode(image, ".heic[Q=80,bitdepth=10]"));
	g_object_unref(xyz);
	g_object_unref(y);
	g_object_unref(dim);
	g_object_unref(wide);
	g_object_unref(grey);
}

/* The same scene in the colours that cameras and printers have. */
static void
colours(const Canvas *scene)
{
	VipsImage  *image = picture_image(scene);
	VipsImage  *changed = NULL;

	save("display-p3.jpg", picture_in_colours(scene, COLOURS_DISPLAY_P3, 8), ".jpg[Q=95]");
	save("adobe-rgb.jpg", picture_in_colours(scene, COLOURS_ADOBE_RGB, 8), ".jpg[Q=95]");
	save("adobe-rgb-16.tiff", picture_in_colours(scene, COLOURS_ADOBE_RGB, 16), ".tif");
	save("prophoto-16.png", picture_in_colours(scene, COLOURS_PROPHOTO, 16), ".png");
	save("swapped.png", picture_in_colours(scene, COLOURS_SWAPPED, 8), ".png");
	save("grey-linear-16.tiff", picture_in_colours(scene, COLOURS_GREY_LINEAR, 16), ".tif");
	if (vips_icc_export(image, &changed, "output_profile", "cmyk", NULL) != 0)
		pictures_fail("cmyk");
	put("cmyk-profile.jpg", picture_encode(changed, ".jpg[Q=95]"));
	put("cmyk.jpg", picture_encode(changed, ".jpg[Q=95,strip]"));
	save("cmyk.tiff", changed, ".tif");
	if (vips_colourspace(image, &changed, VIPS_INTERPRETATION_B_W, NULL) != 0)
		pictures_fail("grey");
	put("grey.jpg", picture_encode(changed, ".jpg[Q=90]"));
	save("bilevel.tiff", changed, ".tif[bitdepth=1]");
	if (vips_colourspace(image, &changed, VIPS_INTERPRETATION_GREY16, NULL) != 0)
		pictures_fail("grey16");
	save("grey-16.png", changed, ".png");
	if (vips_colourspace(image, &changed, VIPS_INTERPRETATION_RGB16, NULL) != 0)
		pictures_fail("rgb16");
	put("rgb-16.tiff", picture_encode(changed, ".tif[compression=lzw]"));
	save("rgb-16.png", changed, ".png");
	if (vips_colourspace(image, &changed, VIPS_INTERPRETATION_scRGB, NULL) != 0)
		pictures_fail("float");
	save("float.tiff", changed, ".tif");
	if (vips_colourspace(image, &changed, VIPS_INTERPRETATION_LAB, NULL) != 0)
		pictures_fail("lab");
	save("lab.tiff", changed, ".tif");
	odd_numbers(image);
	g_object_unref(image);
}

/* The scene, transparent at the right half by "alpha" (0..255). */
static VipsImage *
with_alpha(const Canvas *scene, int alpha)
{
	size_t		count = (size_t) scene->width * scene->height;
	uint8_t    *rgba = malloc(count * 4);
	VipsImage  *bare,
			   *image = NULL;

	for (size_t i = 0; rgba && i < count; i++)
	{
		memcpy(rgba + i * 4, scene->rgb + i * 3, 3);
		rgba[i * 4 + 3] = (int) (i % scene->width) < scene->width / 2 ? 255 : (uint8_t) alpha;
	}
	bare = rgba ? vips_image_new_from_memory_copy(rgba, count * 4, scene->width, scene->height, 4,
												  VIPS_FORMAT_UCHAR) : NULL;
	if (!bare || vips_copy(bare, &image, "interpretation", VIPS_INTERPRETATION_sRGB, NULL) != 0)
		pictures_fail("alpha");
	free(rgba);
	g_object_unref(bare);
	return image;
}

static void
pages(const Canvas *scene)
{
	VipsImage  *frames[2] = {picture_image(scene)};
	VipsImage  *joined = NULL;
	const int	delays[2] = {100, 100};

	/* the second one is the negative */
	if (vips_invert(frames[0], &frames[1], NULL) != 0 ||
		vips_arrayjoin(frames, &joined, 2, "across", 1, NULL) != 0)
		pictures_fail("frames");
	vips_image_set_int(joined, VIPS_META_PAGE_HEIGHT, scene->height);
	vips_image_set_array_int(joined, "delay", delays, 2);
	put("animated.gif", picture_encode(joined, ".gif"));
	put("animated.webp", picture_encode(joined, ".webp[lossless]"));
	save("pages.tiff", joined, ".tif[compression=deflate]");
	g_object_unref(frames[0]);
	g_object_unref(frames[1]);
}

static void
other_formats(const Canvas *scene)
{
	VipsImage  *image = picture_image(scene);
	Bytes		exif = shot_exif(&north_east, 0);
	Bytes		head = bytes_copy("Exif\0\0", 6);
	Bytes		png = picture_encode(image, ".png");
	Bytes		webp = picture_encode(image, ".webp[Q=90]");
	Bytes		jxl = picture_encode(image, ".jxl[Q=90,strip]");
	ExifBlock  *block = shot_block(&(Shot) {"Fictor", "Fictor X100", "2024:05:06 07:08:09", "25", "+02:00", true, 48.8584, 2.2945, 0}, EB_BIG_ENDIAN);

	put("photo.png", png_with_exif(&png, &exif, false));
	put("exif-at-end.png", png_with_exif(&png, &exif, true));
	put("photo.webp", webp_with_exif(&webp, &exif, scene->width, scene->height, true));
	put("unflagged.webp", webp_with_exif(&webp, &exif, scene->width, scene->height, false));
	if (jxl.data)
		put("photo.jxl", jxl_with_exif(&jxl, &exif));
	put("bare.jxl", jxl);
	put("photo.tiff", tiff_with_exif(scene, block, 1));
	put("palette.png", picture_encode(image, ".png[palette]"));
	put("interlaced.png", picture_encode(image, ".png[interlace]"));
	put("photo.gif", picture_encode(image, ".gif"));
	put("tiled.tiff", picture_encode(image, ".tif[tile,compression=jpeg,pyramid]"));
	bytes_add(&head, exif.data, exif.length);
	vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, head.data, head.length);
	put("photo.heic", picture_encode(image, ".heic[Q=80]"));
	put("photo.avif", picture_encode(image, ".avif[Q=80,effort=2]"));
	exif_block_free(block);
	bytes_free(&png);
	bytes_free(&webp);
	bytes_free(&exif);
	bytes_free(&head);
	g_object_unref(image);

	image = with_alpha(scene, 0);
	put("alpha.png", picture_encode(image, ".png"));
	put("alpha.avif", picture_encode(image, ".avif[Q=80,effort=2]"));
	save("alpha.webp", image, ".webp[lossless]");
}

/* Turned by the container, with an EXIF orientation that must not count on top of that. */
static void
turned(const Canvas *scene)
{
	static const char *const suffixes[] = {".heic[Q=80]", ".avif[Q=80,effort=2]"};
	const Shot	shot = {"Fictor", "Fictor X100", "2024:05:06 07:08:09", NULL, NULL, false, 0, 0, 3};
	Bytes		exif = bytes_copy("Exif\0\0", 6);
	Bytes		block = shot_exif(&shot, 0);

	bytes_add(&exif, block.data, block.length);
	for (int i = 0; i < 2; i++)
	{
		Canvas		rotated = scene_as_stored(scene, 6);
		Canvas		mirrored = scene_as_stored(scene, 5);
		VipsImage  *images[2] = {picture_image(&rotated), picture_image(&mirrored)};

		for (int j = 0; j < 2; j++)
		{
			char		name[32];
			Bytes		stored,
						turned = {0};

			snprintf(name, sizeof(name), "%s%.5s", j ? "mirrored" : "rotated", suffixes[i]);
			vips_image_set_blob_copy(images[j], VIPS_META_EXIF_NAME, exif.data, exif.length);
			stored = picture_encode(images[j], suffixes[i]);
			if (stored.data)
				turned = heif_turned(&stored, 3, j ? 1 : -1);
			put(name, turned);
			bytes_free(&stored);
			g_object_unref(images[j]);
		}
		canvas_free(&rotated);
		canvas_free(&mirrored);
	}
	bytes_free(&exif);
	bytes_free(&block);
}

/* Turned by the orientation in their EXIF, as a JPEG. */
static void
turned_by_exif(const Canvas *scene)
{
	Shot		shot = north_east;
	Canvas		stored = scene_as_stored(scene, 6);
	VipsImage  *image = picture_image(&stored);
	Bytes		png = picture_encode(image, ".png");
	Bytes		webp = picture_encode(image, ".webp[lossless]");
	Bytes		exif;
	ExifBlock  *block;

	shot.orientation = 6;
	exif = shot_exif(&shot, EB_BIG_ENDIAN);
	put("rotated.png", png_with_exif(&png, &exif, false));
	put("rotated.webp", webp_with_exif(&webp, &exif, stored.width, stored.height, true));
	shot.orientation = 0;		/* tiff_with_exif writes it */
	block = shot_block(&shot, EB_BIG_ENDIAN);
	put("rotated.tiff", tiff_with_exif(&stored, block, 6));
	exif_block_free(block);
	bytes_free(&png);
	bytes_free(&webp);
	bytes_free(&exif);
	g_object_unref(image);
	canvas_free(&stored);
}

/* Colours named by numbers (H.273) instead of a profile: those that libheif writes are changed. */
static void
named(const char *name, VipsImage *image, const char *numbers)
{
	Bytes		avif = picture_encode(image, ".avif[Q=90,effort=2,strip]");
	uint8_t    *at = avif.data ? memmem(avif.data, avif.length, "colrnclx", 8) : NULL;

	if (at)
	{
		memcpy(at + 8, numbers, 4);
		picture_write(name, &avif);
	}
	bytes_free(&avif);
	g_object_unref(image);
}

static void
named_colours(const Canvas *scene)
{
	Canvas		paper = scene_test(64, 64);

	named("named-p3.avif", picture_in_colours(scene, COLOURS_DISPLAY_P3, 8), "\0\x0C\0\x0D");
	memset(paper.rgb, 148, 64 * 64 * 3);	/* 203 cd/m2 */
	named("named-pq.avif", picture_image(&paper), "\0\x09\0\x10");
	memset(paper.rgb, 191, 64 * 64 * 3);
	named("named-hlg.avif", picture_image(&paper), "\0\x09\0\x12");
	canvas_free(&paper);
}

static void
bitmaps(const Canvas *scene)
{
	static const char *const names[] = {
		"1.bmp", "4.bmp", "8.bmp", "rle4.bmp", "rle8.bmp", "555.bmp", "565.bmp", "24.bmp",
		"os2.bmp", "32.bmp", "masks.bmp", "alpha.bmp"
	};

	for (int kind = BMP_1; kind <= BMP_32_ALPHA; kind++)
		put(names[kind], bmp_write(scene, kind, false));
	put("top-down.bmp", bmp_write(scene, BMP_24, true));
}

/* A PNG that says it has 50000 x 50000 pixels, all in a few bytes. */
static void
bomb(void)
{
	const uint8_t header[13] = {0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50, 8, 2, 0, 0, 0};
	const uint8_t pixels[12] = {0x78, 0x9C, 0x63, 0x60, 0x60, 0x60, 0, 0, 0, 4, 0, 1};
	Bytes		png = bytes_copy("\x89PNG\r\n\x1A\n", 8);

	png_chunk(&png, "IHDR", header, sizeof(header));
	png_chunk(&png, "IDAT", pixels, sizeof(pixels));
	png_chunk(&png, "IEND", "", 0);
	put("bomb.png", png);
}

static void
cut(const char *name, Bytes whole)
{
	whole.length /= 2;
	put(name, whole);
}

static void
bad_files(const Canvas *scene)
{
	VipsImage  *image = picture_image(scene);
	Bytes		jpeg = picture_encode(image, ".jpg[Q=90]");
	Bytes		exif = bytes_copy("MM\0*\0\0\0\x08\xFF\xFF garbage instead of a directory", 45);
	Bytes		broken;

	broken.data = exif_block_into_jpeg(jpeg.data, jpeg.length, exif.data, exif.length, &broken.length);
	put("broken-exif.jpg", broken);
	memset(jpeg.data + jpeg.length / 2, 0x5A, 400);
	put("corrupt.jpg", jpeg);
	cut("truncated.jpg", picture_encode(image, ".jpg[Q=90]"));
	cut("truncated-progressive.jpg", picture_encode(image, ".jpg[Q=90,interlace]"));
	cut("truncated.png", picture_encode(image, ".png"));
	cut("truncated.webp", picture_encode(image, ".webp[Q=90]"));
	cut("truncated.gif", picture_encode(image, ".gif"));
	cut("truncated.tiff", picture_encode(image, ".tif[compression=deflate]"));
	cut("truncated.heic", picture_encode(image, ".heic"));
	cut("truncated.avif", picture_encode(image, ".avif[effort=2]"));
	cut("truncated.jxl", picture_encode(image, ".jxl"));
	cut("truncated.bmp", bmp_write(scene, BMP_24, false));
	put("empty.jpg", bytes_copy("", 0));
	put("text.jpg", bytes_copy("This is no picture, whatever its name says.\n", 44));
	put("drawing.jpg", bytes_copy("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>\n", 64));
	put("tiny.jpg", bytes_copy("\xFF\xD8\xFF", 3));
	bytes_free(&exif);
	g_object_unref(image);
	bomb();
}

void
make_test_set(void)
{
	Canvas		scene = scene_test(WIDTH, HEIGHT);

	jpegs(&scene);
	colours(&scene);
	pages(&scene);
	other_formats(&scene);
	turned(&scene);
	turned_by_exif(&scene);
	named_colours(&scene);
	bitmaps(&scene);
	bad_files(&scene);
	make_rare_set(&scene);
	make_raw_set();
	canvas_free(&scene);
}
