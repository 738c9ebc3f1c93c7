/*
 * test_image_pnm.c
 *		Tests PBM, PGM and PPM: every sample of small images, headers of all kinds, and texts that are no images.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/internal.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

/* The image as 8-bit pixels; no data if it cannot be decoded. */
static ImgPixels
decode(const char *bytes, size_t length, int width, int height)
{
	const ImgTarget target = {.width = width, .height = height};
	uint8_t    *copy = malloc(length);
	const ImgFile file = {img_sniff((const uint8_t *) bytes, length), copy, length};
	ImgPixels	pixels = {0};
	ImgResult	result = {0};

	memcpy(copy, bytes, length);
	if (file.format == TE_FORMAT_PNM)
		img_decode(&file, NULL, (uint32_t) width, &target, &pixels, &result);
	free(copy);
	return pixels;
}

/* Samples that are expected; a third as many pixels if there are three bands. */
static void
shows(const char *bytes, size_t length, int width, int height, int bands, const char *expected, const char *what)
{
	ImgPixels	pixels = decode(bytes, length, width, height);

	ok(pixels.data && pixels.width == width && pixels.height == height && pixels.bands == bands &&
	   memcmp(pixels.data, expected, (size_t) width * height * bands) == 0, "%s", what);
	free(pixels.data);
}

#define SHOWS(literal, width, height, bands, expected, what) \
	shows(literal, sizeof(literal) - 1, width, height, bands, expected, what)

static void
test_samples(void)
{
	SHOWS("P1 3 2 101\n0 1 0", 3, 2, 1, "\0\xFF\0\xFF\0\xFF", "P1: bits, with and without space between them");
	SHOWS("P2\n2 2\n15\n0 5 10 15", 2, 2, 1, "\0\x55\xAA\xFF", "P2: numbers, of which 15 is white");
	SHOWS("P2\n2 2\n65535\n0 256 32768 65535", 2, 2, 1, "\0\1\x80\xFF", "P2: 16 bits");
	SHOWS("P3 2 1 255 1 2 3\t40\n50 60\n", 2, 1, 3, "\1\2\3\x28\x32\x3C", "P3: three for each pixel");
	SHOWS("P4\n10 2\n\xAA\x40\x55\x80", 10, 2, 1, "\0\xFF\0\xFF\0\xFF\0\xFF\xFF\0\xFF\0\xFF\0\xFF\0\xFF\0\0\xFF", "P4: bits in bytes, rows of whole bytes");
	SHOWS("P5 2 2 255\n\n#\r ", 2, 2, 1, "\n#\r ", "P5: bytes, whatever they mean in text");
	SHOWS("P5 2 1 511\n\0\xFF\1\xFF", 2, 1, 1, "\x7F\xFF", "P5: two bytes each from 256 on, the higher first");
	SHOWS("P5 2 1 100\n\x32\xC8", 2, 1, 1, "\x80\xFF", "P5: more than white is white");
	SHOWS("P6 1 2 1\n\1\0\1\0\1\1", 1, 2, 3, "\xFF\0\xFF\0\xFF\xFF", "P6: 1 is white");
	SHOWS("P5#c\n#c 9\n 2#9\n#\n1\n#9 9\n255\nab", 2, 1, 1, "ab", "comments in the header");
	SHOWS("P2 2 1 255 7 # 8\n9", 2, 1, 1, "\7\x09", "and among numbers");
	SHOWS("P5 2 1 255\nab and more", 2, 1, 1, "ab", "what follows is not looked at");
}

/* Shrunk as other images are: here to a mean. */
static void
test_shrunk(void)
{
	char		bytes[20 + 64 * 64] = "P5 64 64 255\n";
	size_t		header = strlen(bytes);
	ImgPixels	pixels;
	bool		even = true;

	for (int i = 0; i < 64 * 64; i++)
		bytes[header + i] = (char) ((i + i / 64) % 2 ? 200 : 100);
	pixels = decode(bytes, header + 64 * 64, 8, 8);
	for (int i = 0; pixels.data && i < 64; i++)
		even = even && abs(pixels.data[i] - 150) <= 1;
	ok(pixels.data && even, "a fine pattern becomes even");
	free(pixels.data);
}

static void
ends_with(const char *bytes, size_t length, TeStatus status, const char *what)
{
	const Bytes file = {(uint8_t *) bytes, length};
	TeRequest	request = picture_request();
	ImgResult	result;

	request.max_pixels = 1000000;
	result = picture_process(&file, &request);
	is_int(result.status, status, what);
	ok(!result.thumbnail && result.error[0], "with a reason: %s", result.error);
	img_result_free(&result);
}

#define ENDS_WITH(literal, status, what) ends_with(literal, sizeof(literal) - 1, status, what)

static void
test_bad(void)
{
	ENDS_WITH("P5 2 2 255", TE_TRUNCATED, "ends within the header");
	ENDS_WITH("P5 2 2", TE_TRUNCATED, "ends behind the size");
	ENDS_WITH("P5 2 2 255\nabc", TE_TRUNCATED, "a byte is missing");
	ENDS_WITH("P5 2 2 300\nabcdefg", TE_TRUNCATED, "a byte of two is missing");
	ENDS_WITH("P2 2 2 255 1 2 3", TE_TRUNCATED, "a number is missing");
	ENDS_WITH("P1 2 2 101", TE_TRUNCATED, "a bit is missing");
	ENDS_WITH("P4 9 1 \xFF", TE_TRUNCATED, "a byte of bits is missing");
	ENDS_WITH("P2 2 2 255 1 2 3 x", TE_CORRUPT, "a letter where a number should be");
	ENDS_WITH("P2 2 2 255 1 2 3 99999999999", TE_CORRUPT, "a number that is too large");
	ENDS_WITH("P1 2 2 102", TE_CORRUPT, "a digit that is no bit");
	ENDS_WITH("P5 2 2 0\nabcd", TE_CORRUPT, "no white");
	ENDS_WITH("P5 2 2 65536\nabcdefgh", TE_CORRUPT, "white of more than 16 bits");
	ENDS_WITH("P5 2 2 255abcd", TE_CORRUPT, "nothing between header and samples");
	ENDS_WITH("P5 0 2 255\n", TE_EMPTY, "no width");
	ENDS_WITH("P6 2000000000 2000000000 255\n", TE_TOO_MANY_PIXELS, "a bomb");
	ENDS_WITH("P1 1000 1001 ", TE_TOO_MANY_PIXELS, "one pixel row too many");
	ENDS_WITH("P5 1 1000000 255\n", TE_TRUNCATED, "a column without samples");
	ENDS_WITH("P1 is a road\n", TE_UNSUPPORTED, "a text");
	ENDS_WITH("P3 10 minutes\n", TE_UNSUPPORTED, "a text with a number");
	ENDS_WITH("P5 10x10 255\n", TE_UNSUPPORTED, "no space between the numbers");
	ENDS_WITH("P7\nWIDTH 2\n", TE_UNSUPPORTED, "another format");
	ENDS_WITH("P52 2 255\nabcd", TE_UNSUPPORTED, "no space behind the kind");
	ENDS_WITH("P5 99999999999 1 255\n", TE_UNSUPPORTED, "a size of more than 31 bits");
	ENDS_WITH("P5", TE_UNSUPPORTED, "two bytes");
}

/* A header that is all comment is not read for ever. */
static void
test_long_comment(void)
{
	size_t		length = 8 * 1024 * 1024;
	char	   *bytes = malloc(length);

	memset(bytes, '#', length);
	memcpy(bytes, "P5 ", 3);
	ends_with(bytes, length, TE_UNSUPPORTED, "a comment without end");
	memcpy(bytes, "P5 2 2 #", 8);
	ends_with(bytes, length, TE_CORRUPT, "one behind the size");
	free(bytes);
}

int
main(void)
{
	pictures_start();
	test_samples();
	test_shrunk();
	test_bad();
	test_long_comment();
	return done_testing();
}
