/*
 * shot.c
 *		Writes the EXIF of a camera, and encodes images with libvips.
 */
#include "shot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder = ".";

static void
add_gps(ExifBlock *block, double latitude, double longitude)
{
	const uint8_t version[4] = {2, 3, 0, 0};
	const double degrees[2] = {fabs(latitude), fabs(longitude)};

	exif_block_add(block, EB_GPS, 0x0000, EB_BYTE, 4, version);
	for (int i = 0; i < 2; i++)
	{
		double		whole = floor(degrees[i]);
		double		minutes = floor((degrees[i] - whole) * 60);
		double		seconds = (degrees[i] - whole - minutes / 60) * 3600;
		const uint32_t values[6] = {(uint32_t) whole, 1, (uint32_t) minutes, 1,
		(uint32_t) (seconds * 10000 + 0.5), 10000};

		exif_block_ascii(block, EB_GPS, 1 + 2 * i,
						 i == 0 ? (latitude < 0 ? "S" : "N") : (longitude < 0 ? "W" : "E"));
		exif_block_add(block, EB_GPS, 2 + 2 * i, EB_RATIONAL, 3, values);
	}
}

ExifBlock *
shot_block(const Shot *shot, int flags)
{
	ExifBlock  *block = exif_block_new(flags);

	if (shot->make)
		exif_block_ascii(block, EB_IFD0, 0x010F, shot->make);
	if (shot->model)
		exif_block_ascii(block, EB_IFD0, 0x0110, shot->model);
	if (shot->orientation)
		exif_block_short(block, EB_IFD0, 0x0112, shot->orientation);
	if (shot->taken)
		exif_block_ascii(block, EB_IFD0, 0x0132, "2025:01:01 00:00:00");	/* an edit, never the shot */
	exif_block_link(block, EB_IFD0, 0x8769, EB_EXIF);
	if (shot->has_gps)
		exif_block_link(block, EB_IFD0, 0x8825, EB_GPS);

	exif_block_rational(block, EB_EXIF, 0x829A, 1, 250);
	exif_block_rational(block, EB_EXIF, 0x829D, 28, 10);
	exif_block_short(block, EB_EXIF, 0x8827, 200);
	exif_block_add(block, EB_EXIF, 0x9000, EB_UNDEFINED, 4, "0232");
	if (shot->taken)
		exif_block_ascii(block, EB_EXIF, 0x9003, shot->taken);
	if (shot->offset)
		exif_block_ascii(block, EB_EXIF, 0x9011, shot->offset);
	if (shot->subseconds)
		exif_block_ascii(block, EB_EXIF, 0x9291, shot->subseconds);
	exif_block_rational(block, EB_EXIF, 0x920A, 350, 10);
	if (shot->has_gps)
		add_gps(block, shot->latitude, shot->longitude);
	return block;
}

Bytes
shot_exif(const Shot *shot, int flags)
{
	ExifBlock  *block = shot_block(shot, flags);
	Bytes		bytes;

	bytes.data = exif_block_build(block, &bytes.length);
	exif_block_free(block);
	return bytes;
}

void
pictures_into(const char *name)
{
	folder = name;
}

void
pictures_fail(const char *name)
{
	fprintf(stderr, "make_pictures: %s: %s\n", name, errno ? strerror(errno) : vips_error_buffer());
	exit(1);
}

void
picture_write(const char *name, const Bytes *bytes)
{
	char		path[4096];
	FILE	   *file;

	errno = 0;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (!file || fwrite(bytes->data, 1, bytes->length, file) != bytes->length || fclose(file) != 0)
		pictures_fail(path);
}

VipsImage *
picture_image(const Canvas *canvas)
{
	VipsImage  *bare = vips_image_new_from_memory(canvas->rgb, (size_t) canvas->width * canvas->height * 3,
												  canvas->width, canvas->height, 3, VIPS_FORMAT_UCHAR);
	VipsImage  *image = NULL;

	if (!bare || vips_copy(bare, &image, "interpretation", VIPS_INTERPRETATION_sRGB, NULL) != 0)
		pictures_fail("a picture");
	g_object_unref(bare);
	return image;
}

Bytes
picture_encode(VipsImage *image, const char *suffix)
{
	void	   *data = NULL;
	size_t		length = 0;
	Bytes		bytes = {0};

	vips_error_clear();
	if (vips_image_write_to_buffer(image, suffix, &data, &length, NULL) != 0 || length == 0)
		fprintf(stderr, "make_pictures: left out: this libvips does not write %s\n", suffix);
	else
		bytes = bytes_copy(data, length);
	g_free(data);
	return bytes;
}

void
picture_jpeg(const char *name, const Canvas *canvas, int quality, const Shot *shot, int flags)
{
	VipsImage  *image = picture_image(canvas);
	Bytes		exif = shot_exif(shot, flags);
	char		suffix[32];
	Bytes		plain,
				jpeg;

	snprintf(suffix, sizeof(suffix), ".jpg[Q=%d]", quality);
	plain = picture_encode(image, suffix);
	if (!plain.data)
		pictures_fail(name);
	jpeg.data = exif_block_into_jpeg(plain.data, plain.length, exif.data, exif.length, &jpeg.length);
	picture_write(name, &jpeg);
	bytes_free(&plain);
	bytes_free(&jpeg);
	bytes_free(&exif);
	g_object_unref(image);
}
