/*
 * pictures.c
 *		Helpers of the unit tests of src/image.
 */
#include "test/unit/pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vips/vips.h>

void
pictures_start(void)
{
	TeHello		hello;

	if (!img_init(&hello))
	{
		printf("Bail out! %s\n", hello.self_test);
		exit(1);
	}
	vips_operation_block_set("VipsForeignLoadJpeg", FALSE); /* to look at what was written */
}

Bytes
picture_read(const char *name)
{
	const char *folder = getenv("TE_PICTURES");
	char		path[4096];
	FILE	   *file;
	Bytes		bytes = {0};
	uint8_t		block[65536];
	size_t		got;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "build/pictures", name);
	file = fopen(path, "rb");
	if (!file)
		return bytes;
	bytes_add(&bytes, "", 0);
	while ((got = fread(block, 1, sizeof(block), file)) > 0)
		bytes_add(&bytes, block, got);
	fclose(file);
	return bytes;
}

TeRequest
picture_request(void)
{
	return (TeRequest)
	{
		.magic = TE_WIRE_MAGIC, .want = TE_WANT_ALL, .size = 256, .format = TE_FORMAT_JPEG,
			.quality = 85, .max_pixels = 200 * 1000 * 1000
	};
}

ImgResult
picture_process(const Bytes *bytes, const TeRequest *request)
{
	uint8_t    *exact = malloc(bytes->length ? bytes->length : 1);
	ImgResult	result;

	if (bytes->length)
		memcpy(exact, bytes->data, bytes->length);
	img_process(request, exact, bytes->length, &result);
	free(exact);
	return result;
}

/* Red, green, blue of a picture in memory, whatever it has: n values for n bytes. */
static uint8_t *
pixels_of(VipsImage *image, bool grey, size_t *length)
{
	VipsImage  *flat = NULL,
			   *rgb = NULL;
	uint8_t    *pixels = NULL;

	if ((vips_image_hasalpha(image) ? vips_extract_band(image, &flat, 0, "n", vips_image_get_bands(image) - 1, NULL)
		 : vips_copy(image, &flat, NULL)) == 0 &&
		vips_colourspace(flat, &rgb, grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL) == 0)
		pixels = vips_image_write_to_memory(rgb, length);
	g_clear_object(&flat);
	g_clear_object(&rgb);
	return pixels;
}

double
picture_difference_to(const void *data, size_t length, const Canvas *canvas, bool grey)
{
	VipsImage  *image = vips_image_new_from_buffer(data, length, "", NULL);
	VipsImage  *expected = vips_image_new_from_memory(canvas->rgb, (size_t) canvas->width * canvas->height * 3,
													  canvas->width, canvas->height, 3, VIPS_FORMAT_UCHAR);
	VipsImage  *tagged = NULL;
	uint8_t    *a = NULL,
			   *b = NULL;
	size_t		a_length = 0,
				b_length = 0;
	double		sum = 0;

	if (image && expected &&
		vips_copy(expected, &tagged, "interpretation", VIPS_INTERPRETATION_sRGB, NULL) == 0)
	{
		a = pixels_of(image, grey, &a_length);
		b = pixels_of(tagged, grey, &b_length);
	}
	if (!a || !b || a_length != b_length || vips_image_get_width(image) != canvas->width)
		sum = 255;
	else
	{
		for (size_t i = 0; i < a_length; i++)
			sum += abs(a[i] - b[i]);
		sum /= a_length;
	}
	g_free(a);
	g_free(b);
	g_clear_object(&image);
	g_clear_object(&expected);
	g_clear_object(&tagged);
	return sum;
}

double
picture_difference(const void *data, size_t length, int width, int height, bool grey)
{
	Canvas		scene = scene_test(320, 240);
	VipsImage  *full = vips_image_new_from_memory(scene.rgb, 320 * 240 * 3, 320, 240, 3, VIPS_FORMAT_UCHAR);
	VipsImage  *small = NULL;
	Canvas		canvas = {width, height, NULL};
	double		difference = 255;
	size_t		size;

	/* the reference: one good reduction of the scene, without any format in between */
	if (full && vips_resize(full, &small, width / 320.0, "vscale", height / 240.0, "gap", 0.0, NULL) == 0 &&
		(canvas.rgb = vips_image_write_to_memory(small, &size)) != NULL && size == (size_t) width * height * 3)
		difference = picture_difference_to(data, length, &canvas, grey);
	g_free(canvas.rgb);
	g_clear_object(&full);
	g_clear_object(&small);
	canvas_free(&scene);
	return difference;
}
