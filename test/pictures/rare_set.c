/*
 * rare_set.c
 *		Makes the test images of formats that few photos have: PBM, PGM, PPM and JPEG 2000.
 */
#include "older_raw.h"
#include "shot.h"

#include <stdlib.h>
#include <string.h>

static const Shot shot = {"Fictor", "Fictor X100", "2024:05:06 07:08:09", "25", "+02:00", true, 48.8584, 2.2945, 1};

/* Write bytes and free them; nothing if there are none (a format that this build lacks). */
static void
put(const char *name, Bytes bytes)
{
	if (bytes.data)
		picture_write(name, &bytes);
	bytes_free(&bytes);
}

/* The first half. */
static void
cut(const char *name, Bytes whole)
{
	whole.length /= 2;
	put(name, whole);
}

/* Text and bytes, grey and colour, 8 bits and others. */
static void
portable_maps(const Canvas *scene)
{
	put("text.pbm", pnm_write(scene, 1, 1));
	put("text.pgm", pnm_write(scene, 2, 255));
	put("text.ppm", pnm_write(scene, 3, 255));
	put("photo.pbm", pnm_write(scene, 4, 1));
	put("photo.pgm", pnm_write(scene, 5, 255));
	put("photo.ppm", pnm_write(scene, 6, 255));
	put("16.ppm", pnm_write(scene, 6, 65535));
	put("10.ppm", pnm_write(scene, 6, 1000));
	cut("truncated.ppm", pnm_write(scene, 6, 255));
}

/* JPEG 2000, with boxes and without. */
static void
jpeg_2000(const Canvas *scene)
{
	VipsImage  *image = picture_image(scene);
	Bytes		exif = shot_exif(&shot, 0);
	Bytes		stream = picture_encode(image, ".jp2[Q=90]");
	Bytes		tiled = picture_encode(image, ".jp2[Q=90,tile_width=100,tile_height=100]");
	Bytes		boxed = {0},
				bare = {0};
	uint8_t    *at = stream.data ? memmem(stream.data, stream.length, "\xFF\x4F\xFF\x51", 4) : NULL;

	if (at)
	{
		boxed = jp2_build(&stream, scene->width, scene->height, &exif);
		bare = bytes_copy(at, (size_t) (stream.data + stream.length - at));
		cut("truncated.jp2", jp2_build(&stream, scene->width, scene->height, NULL));
	}
	put("photo.jp2", boxed);
	put("bare.j2k", bare);
	put("tiled.jp2", tiled);
	bytes_free(&stream);
	bytes_free(&exif);
	g_object_unref(image);
}

void
make_rare_set(const Canvas *scene)
{
	portable_maps(scene);
	jpeg_2000(scene);
}
