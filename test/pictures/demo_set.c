/*
 * demo_set.c
 *		Makes a photo collection for the demo.
 */
#include "shot.h"

#include <stdio.h>
#include <string.h>

/* Invented cameras at real places, in the time zone of each place. */
typedef struct DemoPhoto
{
	const char *name;
	const char *camera[2];
	const char *taken,
			   *offset;
	double		latitude,
				longitude;		/* both 0 = no GPS */
	int			orientation;
} DemoPhoto;

#define FIRST	{"Fictor", "Fictor X100"}
#define SECOND	{"LUMEN CAMERA CO.", "Lumen Field 7"}

static const DemoPhoto demo[] = {
	{"lisbon.jpg", FIRST, "2023:04:12 09:15:30", "+01:00", 38.7139, -9.1335, 1},
	{"reykjavik.jpg", FIRST, "2023:06:21 23:40:02", "+00:00", 64.1466, -21.9426, 2},
	{"cape-town.jpg", SECOND, "2023:01:05 18:22:45", "+02:00", -33.9249, 18.4241, 3},
	{"kyoto.jpg", FIRST, "2023:11:18 07:05:11", "+09:00", 35.0116, 135.7681, 4},
	{"hanoi.jpg", SECOND, "2022:02:27 13:44:59", "+07:00", 21.0278, 105.8342, 5},
	{"santiago.jpg", FIRST, "2024:01:14 20:31:08", "-03:00", -33.4489, -70.6693, 6},
	{"vancouver.jpg", SECOND, "2023:08:30 16:12:27", "-07:00", 49.2827, -123.1207, 7},
	{"auckland.jpg", FIRST, "2024:02:02 06:48:39", "+13:00", -36.8485, 174.7633, 8},
	{"nairobi.jpg", SECOND, "2022:07:09 10:20:00", "+03:00", -1.2921, 36.8219, 6},
	{"tromso.jpg", FIRST, "2022:12:20 11:59:58", "+01:00", 69.6492, 18.9553, 1},
	{"hobart.jpg", SECOND, "2023:03:16 19:03:14", "+11:00", -42.8821, 147.3272, 8},
	{"quito.jpg", FIRST, "2023:09:01 12:00:00", "-05:00", -0.1807, -78.4678, 1},
	{"mumbai.jpg", SECOND, "2022:10:24 17:35:21", "+05:30", 19.0760, 72.8777, 1},
	{"no-offset.jpg", FIRST, "2021:05:05 05:05:05", NULL, 47.3769, 8.5417, 1},
	{"no-place.jpg", SECOND, "2021:08:08 08:08:08", "+02:00", 0, 0, 3},
	{"halifax.jpg", FIRST, "2022:05:17 14:26:53", "-03:00", 44.6488, -63.5752, 6},
	{"anchorage.jpg", SECOND, "2022:09:11 21:17:06", "-08:00", 61.2181, -149.9003, 1},
	{"ushuaia.jpg", FIRST, "2024:03:08 09:09:09", "-03:00", -54.8019, -68.3030, 1},
	{"perth.heic", SECOND, "2023:12:25 15:00:30", "+08:00", -31.9523, 115.8613, 0},
	{"bergen.png", FIRST, "2022:06:01 22:10:10", "+02:00", 60.3913, 5.3221, 1},
	{"lima.webp", SECOND, "2023:02:19 06:30:45", "-05:00", -12.0464, -77.0428, 1},
	{"tbilisi.avif", FIRST, "2024:04:04 18:45:00", "+04:00", 41.7151, 44.8271, 0},
	{"scan.tiff", {NULL, NULL}, NULL, NULL, 0, 0, 1}
};

static void
demo_other(const DemoPhoto *photo, const Canvas *canvas, const Shot *shot)
{
	const char *suffix = strrchr(photo->name, '.');
	VipsImage  *image = picture_image(canvas);
	Bytes		exif = shot_exif(shot, 0);
	Bytes		head = bytes_copy("Exif\0\0", 6);
	Bytes		plain,
				out = {0};

	bytes_add(&head, exif.data, exif.length);
	if (!strcmp(suffix, ".heic") || !strcmp(suffix, ".avif"))
	{
		vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, head.data, head.length);
		out = picture_encode(image, suffix[1] == 'a' ? ".avif[effort=0]" : suffix);
	}
	else if (!strcmp(suffix, ".tiff"))
		out = picture_encode(image, ".tif[compression=deflate]");
	else
	{
		plain = picture_encode(image, suffix[1] == 'p' ? ".png" : ".webp");
		if (plain.data)
			out = suffix[1] == 'p' ? png_with_exif(&plain, &exif, false) :
				webp_with_exif(&plain, &exif, canvas->width, canvas->height, true);
		bytes_free(&plain);
	}
	if (out.data)
		picture_write(photo->name, &out);
	bytes_free(&out);
	bytes_free(&exif);
	bytes_free(&head);
	g_object_unref(image);
}

/* One that broke off while it was copied. */
static void
write_broken(void)
{
	const Shot	shot = {"Fictor", "Fictor X100", "2024:05:01 10:00:00", NULL, "+02:00", false, 0, 0, 1};
	Canvas		canvas = scene_landscape(1200, 900, 99);
	VipsImage  *image = picture_image(&canvas);
	Bytes		exif = shot_exif(&shot, 0);
	Bytes		plain = picture_encode(image, ".jpg[Q=88]");
	Bytes		whole;

	whole.data = exif_block_into_jpeg(plain.data, plain.length, exif.data, exif.length, &whole.length);
	whole.length = whole.length * 2 / 5;
	picture_write("corrupt.jpg", &whole);
	bytes_free(&whole);
	bytes_free(&plain);
	bytes_free(&exif);
	g_object_unref(image);
	canvas_free(&canvas);
}

void
make_demo_set(void)
{
	for (unsigned i = 0; i < sizeof(demo) / sizeof(demo[0]); i++)
	{
		const DemoPhoto *photo = &demo[i];
		const Shot	shot = {photo->camera[0], photo->camera[1], photo->taken, i % 2 ? "250" : NULL,
		photo->offset, photo->latitude != 0, photo->latitude, photo->longitude, photo->orientation};
		bool		portrait = photo->orientation >= 5;
		Canvas		canvas = scene_landscape(portrait ? 900 : 1200, portrait ? 1200 : 900, i + 1);
		Canvas		stored;

		scene_grain(&canvas, 12, i + 1);
		stored = scene_as_stored(&canvas, photo->orientation);
		if (strstr(photo->name, ".jpg"))
			picture_jpeg(photo->name, &stored, 88, &shot, i % 2 ? EB_BIG_ENDIAN : 0);
		else
			demo_other(photo, &canvas, &shot);
		canvas_free(&canvas);
		canvas_free(&stored);
	}
	write_broken();
}
