/*
 * test_image_bmp.c
 *		Tests BMP: every pixel format, and unusual and broken files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/pictures.h"
#include "test/unit/tap.h"

static void
put_le(uint8_t *to, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t) (value >> (8 * i));
}

/* A bitmap of 8 bits with a palette of red, green, blue, white, and these bytes as pixels. */
static Bytes
with_palette(int width, int height, int bits, int compression, const void *pixels, size_t length)
{
	static const uint8_t palette[16] = {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0};
	uint8_t		head[54] = "BM";
	Bytes		bytes;

	put_le(head + 10, 70, 4);
	put_le(head + 14, 40, 4);
	put_le(head + 18, (uint32_t) width, 4);
	put_le(head + 22, (uint32_t) height, 4);
	put_le(head + 26, 1, 2);
	put_le(head + 28, bits, 2);
	put_le(head + 30, compression, 4);
	put_le(head + 46, 4, 4);
	bytes = bytes_copy(head, sizeof(head));
	bytes_add(&bytes, palette, sizeof(palette));
	bytes_add(&bytes, pixels, length);
	return bytes;
}

/* The thumbnail as a PNG, with these pixels: letters r g b w k (black), rows without ends. */
static bool
shows(const Bytes *bytes, int width, int height, const char *letters)
{
	TeRequest	request = picture_request();
	Canvas		expected = {width, height, malloc(width * height * 3)};
	ImgResult	result;
	double		difference;

	for (int i = 0; i < width * height; i++)
	{
		expected.rgb[i * 3] = letters[i] == 'r' || letters[i] == 'w' ? 255 : 0;
		expected.rgb[i * 3 + 1] = letters[i] == 'g' || letters[i] == 'w' ? 255 : 0;
		expected.rgb[i * 3 + 2] = letters[i] == 'b' || letters[i] == 'w' ? 255 : 0;
	}
	request.format = TE_FORMAT_PNG;
	result = picture_process(bytes, &request);
	difference = result.thumbnail ?
		picture_difference_to(result.thumbnail, result.thumbnail_bytes, &expected, false) : 255;
	if (difference > 0)
		fprintf(stderr, "# status %d %s, differs by %.2f\n", result.status, result.error, difference);
	img_result_free(&result);
	free(expected.rgb);
	return difference == 0;
}

static void
test_packings(void)
{
	Bytes		bytes = with_palette(3, 2, 8, 0, "\0\1\2\0\3\2\1\0", 8);

	ok(shows(&bytes, 3, 2, "wbgrgb"), "8 bits, bottom row first");
	put_le(bytes.data + 22, (uint32_t) -2, 4);
	ok(shows(&bytes, 3, 2, "rgbwbg"), "8 bits, top row first");
	bytes.data[70] = 200;
	ok(shows(&bytes, 3, 2, "kgbwbg"), "a colour behind the palette's end is black");
	bytes_free(&bytes);
	bytes = with_palette(3, 2, 4, 0, "\x01\x20\0\0\x32\x10\0\0", 8);
	ok(shows(&bytes, 3, 2, "wbgrgb"), "4 bits");
	bytes_free(&bytes);
	bytes = with_palette(5, 1, 2, 0, "\x1B\x40\0\0", 4);
	ok(shows(&bytes, 5, 1, "rgbwg"), "2 bits");
	bytes_free(&bytes);
	bytes = with_palette(9, 1, 1, 0, "\xA5\x80\0\0", 4);
	ok(shows(&bytes, 9, 1, "grgrrgrgg"), "1 bit");
	bytes_free(&bytes);
}

static void
test_rle(void)
{
	/* bottom row: two green, one blue; then a jump of one to the right; white */
	Bytes		bytes = with_palette(4, 2, 8, 1, "\2\1\1\2\0\0\0\2\1\0\1\3\0\1", 14);

	ok(shows(&bytes, 4, 2, "rwrrggbr"), "RLE8: runs, end of row, jump, end of picture; what is left out has the first colour");
	bytes_free(&bytes);
	bytes = with_palette(4, 3, 8, 1, "\0\2\1\2\0\4\0\1\2\3\0\1", 12);
	ok(shows(&bytes, 4, 3, "rrgbrrrrrrrr"), "RLE8: a jump of two rows, and literals beyond the row's end are cut");
	bytes_free(&bytes);
	bytes = with_palette(5, 1, 4, 2, "\0\3\x12\x30\2\x21\0\1", 8);
	ok(shows(&bytes, 5, 1, "gbwbg"), "RLE4: literals and a run of two colours");
	bytes_free(&bytes);
	bytes = with_palette(2, 1, 8, 1, "\xFF\1\0\1", 4);
	ok(shows(&bytes, 2, 1, "gg"), "RLE8: a run beyond the row's end is cut");
	bytes_free(&bytes);
}

/* The same picture in other packings gives the same thumbnail. */
static void
test_same(const char *name, const char *other)
{
	TeRequest	request = picture_request();
	Bytes		a = picture_read(name);
	Bytes		b = picture_read(other);
	ImgResult	of_a = picture_process(&a, &request);
	ImgResult	of_b = picture_process(&b, &request);

	ok(of_a.thumbnail && of_b.thumbnail && of_a.thumbnail_bytes == of_b.thumbnail_bytes &&
	   memcmp(of_a.thumbnail, of_b.thumbnail, of_a.thumbnail_bytes) == 0, "%s and %s look the same", name, other);
	img_result_free(&of_a);
	img_result_free(&of_b);
	bytes_free(&a);
	bytes_free(&b);
}

static void
is_status(Bytes bytes, TeStatus status, const char *what)
{
	TeRequest	request = picture_request();
	ImgResult	result = picture_process(&bytes, &request);

	is_int(result.status, status, what);
	ok(result.error[0] != '\0', "%s: with a detail", what);
	img_result_free(&result);
	bytes_free(&bytes);
}

static void
test_broken(void)
{
	Bytes		bytes;

	is_status(with_palette(0, 2, 8, 0, "", 1), TE_EMPTY, "no width");
	is_status(with_palette(2, 0, 8, 0, "", 1), TE_EMPTY, "no height");
	is_status(with_palette(-5, 2, 8, 0, "", 1), TE_CORRUPT, "negative width");
	is_status(with_palette(2, INT32_MIN, 8, 0, "", 1), TE_CORRUPT, "a height that has no opposite");
	is_status(with_palette(60000, 60000, 8, 0, "", 1), TE_TOO_MANY_PIXELS, "too large");
	is_status(with_palette(3, 2, 8, 0, "\0\1\2\0\3", 5), TE_TRUNCATED, "pixels missing");
	is_status(with_palette(3, 2, 8, 1, "\3\1\0", 3), TE_TRUNCATED, "codes missing");
	is_status(with_palette(3, 2, 8, 1, "\0\2\1", 3), TE_TRUNCATED, "half a jump");
	is_status(with_palette(3, 2, 8, 1, "\0\5\1\2", 4), TE_TRUNCATED, "literals missing");
	is_status(with_palette(3, 2, 7, 0, "\0\0\0\0\0\0\0\0", 8), TE_UNSUPPORTED, "7 bits");
	is_status(with_palette(3, 2, 4, 1, "\0\0\0\0\0\0\0\0", 8), TE_UNSUPPORTED, "RLE8 of 4 bits");
	is_status(with_palette(3, 2, 24, 4, "\0\0\0\0\0\0\0\0", 8), TE_UNSUPPORTED, "a JPEG inside");
	bytes = with_palette(3, 2, 8, 0, "\0\1\2\0\3\2\1\0", 8);
	put_le(bytes.data + 10, 0xFFFFFFF0, 4);
	is_status(bytes, TE_TRUNCATED, "pixels far behind the end");
	bytes = with_palette(3, 2, 8, 0, "\0\1\2\0\3\2\1\0", 8);
	bytes.length = 40;
	is_status(bytes, TE_TRUNCATED, "cut within the header");
}

/* 32 bits with a mask for alpha that all pixels leave 0: shown, not invisible. */
static void
test_unused_alpha(void)
{
	Bytes		bytes = picture_read("alpha.bmp");
	TeRequest	request = picture_request();
	ImgResult	result;

	for (size_t at = 122 + 3; at < bytes.length; at += 4)
		bytes.data[at] = 0;
	request.format = TE_FORMAT_PNG;
	result = picture_process(&bytes, &request);
	ok(picture_difference(result.thumbnail, result.thumbnail_bytes, 256, 192, false) < 0.3,
	   "alpha that is 0 everywhere does not count");
	img_result_free(&result);
	bytes_free(&bytes);
}

/* Large pictures are averaged while they are read. */
static void
test_boxes(void)
{
	Canvas		scene = scene_test(1411, 1057);
	BmpKind		kinds[] = {BMP_24, BMP_32_ALPHA};
	TeRequest	request = picture_request();

	request.format = TE_FORMAT_PNG;
	for (int i = 0; i < 4; i++)
	{
		Bytes		bytes = bmp_write(&scene, kinds[i % 2], i >= 2);
		ImgResult	result = picture_process(&bytes, &request);

		ok(result.thumbnail_width == 256 && result.thumbnail_height == 192 &&
		   picture_difference(result.thumbnail, result.thumbnail_bytes, 256, 192, false) < (i % 2 ? 2.5 : 1.5),
		   "%d bits, %s row first, large: looks right", i % 2 ? 32 : 24, i >= 2 ? "top" : "bottom");
		img_result_free(&result);
		bytes_free(&bytes);
	}
	canvas_free(&scene);
}

int
main(void)
{
	pictures_start();
	test_packings();
	test_rle();
	test_same("8.bmp", "rle8.bmp");
	test_same("4.bmp", "rle4.bmp");
	test_same("24.bmp", "top-down.bmp");
	test_same("24.bmp", "os2.bmp");
	test_same("24.bmp", "32.bmp");
	test_broken();
	test_unused_alpha();
	test_boxes();
	return done_testing();
}
