/*
 * samples.c
 *		Writes src/image/samples.h: the tiny pictures of the decoder's self-test.
 */
#include "shot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 32
#define HEIGHT 16

/* Red, green, below them blue, white. */
static Canvas
quadrants(void)
{
	static const uint8_t colours[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};
	Canvas		canvas = {WIDTH, HEIGHT, malloc(WIDTH * HEIGHT * 3)};

	for (int i = 0; i < WIDTH * HEIGHT; i++)
		memcpy(canvas.rgb + i * 3, colours[(i / WIDTH >= HEIGHT / 2) * 2 + (i % WIDTH >= WIDTH / 2)], 3);
	return canvas;
}

static void
print(const char *name, Bytes bytes)
{
	if (!bytes.data)
		pictures_fail(name);
	printf("\nstatic const uint8_t sample_%s[%zu] = {", name, bytes.length);
	for (size_t i = 0; i < bytes.length; i++)
		printf("%s0x%02X%s", i % 16 == 0 ? "\n\t" : " ", bytes.data[i], i + 1 < bytes.length ? "," : "\n");
	printf("};\n");
	bytes_free(&bytes);
}

void
print_samples(void)
{
	const Shot	shot = {.orientation = 6};
	Canvas		canvas = quadrants();
	Canvas		stored = scene_as_stored(&canvas, 6);
	VipsImage  *image = picture_image(&canvas);
	VipsImage  *turned = picture_image(&stored);
	Bytes		exif = shot_exif(&shot, 0);
	Bytes		jpeg = picture_encode(turned, ".jpg[Q=80,subsample_mode=off]");
	Bytes		heic = picture_encode(turned, ".heic[Q=60,strip]");
	Bytes		rotated;

	printf("/*\n * samples.h\n *\t\tTiny images for the self-test: red, green, below them blue, white; %d x %d.\n"
		   " *\n * Made by build/make_pictures --samples.  The JPEG is upright by EXIF, the HEIC by its\n"
		   " * container; the PNG has red and blue exchanged, and a profile that says so.\n */\n"
		   "#ifndef TE_IMAGE_SAMPLES_H\n#define TE_IMAGE_SAMPLES_H\n\n#include <stdint.h>\n\n"
		   "#define SAMPLE_WIDTH %d\n#define SAMPLE_HEIGHT %d\n", WIDTH, HEIGHT, WIDTH, HEIGHT);
	rotated.data = exif_block_into_jpeg(jpeg.data, jpeg.length, exif.data, exif.length, &rotated.length);
	print("jpeg", rotated);
	print("png", picture_encode(picture_in_colours(&canvas, COLOURS_SWAPPED, 8), ".png"));
	print("webp", picture_encode(image, ".webp[lossless,strip]"));
	print("gif", picture_encode(image, ".gif"));
	print("tiff", picture_encode(image, ".tif[compression=deflate,strip]"));
	if (heic.data)
		print("heic", heif_turned(&heic, 3, -1));
	print("avif", picture_encode(image, ".avif[Q=60,strip]"));
	print("jxl", picture_encode(image, ".jxl[lossless,strip]"));
	print("jp2", picture_encode(image, ".jp2[lossless,strip]"));
	print("bmp", bmp_write(&canvas, BMP_4, false));
	printf("\n#endif\t\t\t\t\t\t\t/* TE_IMAGE_SAMPLES_H */\n");
	bytes_free(&jpeg);
	bytes_free(&heic);
	bytes_free(&exif);
	g_object_unref(image);
	g_object_unref(turned);
	canvas_free(&canvas);
	canvas_free(&stored);
}
