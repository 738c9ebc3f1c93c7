/*
 * test_image_raw.c
 *		Tests RAW files: the size of the image, the preview that is chosen, its orientation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/pictures.h"
#include "test/unit/tap.h"

static const char *const names[] = {
	"photo.nef", "photo.arw", "photo.srw", "photo.dng", "photo.cr2", "photo.orf", "photo.rw2", "photo.raf", "photo.cr3",
	"big-endian.rw2", "photo.crw", "big-endian.crw", "photo.mrw", "photo.x3f", "properties.x3f",
	"plain.dng"
};

#define NAMES (sizeof(names) / sizeof(names[0]))

static void
test_raw(const char *name)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	Canvas		expected = scene_test(192, 256);
	ImgResult	result;
	double		difference;

	request.format = TE_FORMAT_PNG;
	result = picture_process(&bytes, &request);
	ok(result.status == TE_OK && result.format == TE_FORMAT_RAW, "%s: is RAW, and is shown %s", name, result.error);
	ok(result.width == 4500 && result.height == 6000, "%s: has the sensor's size, upright", name);
	ok(result.thumbnail_width == 192 && result.thumbnail_height == 256, "%s: thumbnail of that shape", name);
	difference = picture_difference_to(result.thumbnail, result.thumbnail_bytes, &expected, false);
	if (!ok(difference < 5, "%s: by the preview that suffices, upright", name))
		fprintf(stderr, "# %s: differs by %.2f\n", name, difference);
	is_text(result.exif.model, "Fictor RAW 1", "its camera");
	img_result_free(&result);

	/* the size alone, without looking for previews */
	request.want = TE_WANT_EXIF;
	result = picture_process(&bytes, &request);
	ok(result.status == TE_OK && result.width == 4500 && !result.thumbnail, "%s: size without thumbnail", name);
	img_result_free(&result);
	canvas_free(&expected);
	bytes_free(&bytes);
}

/* The small preview (a negative) where it suffices, the large one where none does. */
static void
test_choice(void)
{
	Bytes		bytes = picture_read("photo.nef");
	TeRequest	request = picture_request();
	Canvas		negative = scene_test(75, 100);
	ImgResult	result;

	for (int i = 0; i < 75 * 100 * 3; i++)
		negative.rgb[i] = 255 - negative.rgb[i];
	request.size = 100;
	result = picture_process(&bytes, &request);
	ok(picture_difference_to(result.thumbnail, result.thumbnail_bytes, &negative, false) < 9,
	   "a small thumbnail is made from the small preview");
	img_result_free(&result);
	request.size = 2000;
	result = picture_process(&bytes, &request);
	ok(result.thumbnail_width == 480 && result.thumbnail_height == 640,
	   "one larger than all previews has the size of the largest");
	img_result_free(&result);
	request.max_pixels = 640 * 480;
	result = picture_process(&bytes, &request);
	is_int(result.status, TE_OK, "the limit counts the preview's pixels, not the sensor's");
	img_result_free(&result);
	request.max_pixels--;
	result = picture_process(&bytes, &request);
	is_int(result.status, TE_TOO_MANY_PIXELS, "and does count those");
	img_result_free(&result);
	canvas_free(&negative);
	bytes_free(&bytes);
}

static void
test_without_preview(const char *name, const char *error)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	ImgResult	result = picture_process(&bytes, &request);

	is_int(result.status, TE_UNSUPPORTED, "a RAW file without preview is not supported");
	is_text(result.error, error, "and the error says so");
	ok(result.width == 4500 && result.height == 6000 && result.exif.status == TE_EXIF_FOUND,
	   "but its size and its EXIF are known");
	img_result_free(&result);
	bytes_free(&bytes);
}

/* A structure whose directory is at its end, and is not there. */
static void
test_without_directory(const char *name)
{
	Bytes		bytes = picture_read(name);
	Bytes		half = {bytes.data, bytes.length / 2};
	TeRequest	request = picture_request();
	ImgResult	result = picture_process(&half, &request);

	is_int(result.status, TE_TRUNCATED, name);
	is_text(result.error, "the file ends before its directory", "the reason");
	ok(!result.thumbnail && result.exif.status == TE_EXIF_ERROR && result.exif.error[0], "nor EXIF, and why");
	img_result_free(&result);
	bytes_free(&bytes);
}

/* A plain TIFF with a camera's EXIF is no RAW file. */
static void
test_tiff(void)
{
	Bytes		bytes = picture_read("photo.tiff");
	TeRequest	request = picture_request();
	ImgResult	result = picture_process(&bytes, &request);

	is_int(result.format, TE_FORMAT_TIFF, "a TIFF with EXIF is a TIFF");
	img_result_free(&result);
	bytes_free(&bytes);
}

static void
test_changed(const char *name)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	bool		sane = true;

	for (size_t at = 0; at < bytes.length; at += at < 1200 ? 13 : bytes.length / 15)
	{
		uint8_t		kept = bytes.data[at];
		ImgResult	result;
		Bytes		part = bytes;

		bytes.data[at] ^= 0xFF;
		result = picture_process(&bytes, &request);
		sane = sane && (result.status == TE_OK) == (result.thumbnail != NULL);
		img_result_free(&result);
		bytes.data[at] = kept;
		part.length = at;
		result = picture_process(&part, &request);
		sane = sane && (result.status == TE_OK) == (result.thumbnail != NULL);
		img_result_free(&result);
	}
	ok(sane, "%s: changed or cut anywhere it is shown or refused", name);
	bytes_free(&bytes);
}

int
main(void)
{
	pictures_start();
	for (size_t i = 0; i < NAMES; i++)
		test_raw(names[i]);
	test_choice();
	test_without_preview("no-preview.pef", "the RAW file has no preview");
	test_without_preview("no-jpeg.x3f", "the RAW file has no preview that is a JPEG");
	test_without_directory("photo.crw");
	test_without_directory("photo.x3f");
	test_tiff();
	for (size_t i = 0; i < NAMES; i++)
		test_changed(names[i]);
	return done_testing();
}
