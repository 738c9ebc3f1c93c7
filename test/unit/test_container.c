/*
 * test_container.c
 *		Tests cases of file structures that no test image has.
 */
#include "container/box.h"
#include "container/jpeg.h"
#include "container/raw_jpeg.h"
#include "test/unit/tap.h"

/* The cropped size of a RAF is the picture's, wherever its record is. */
static void
test_raf_size(void)
{
	uint8_t		file[RAF_HEADER + 20] = {
		[0x5F] = RAF_HEADER,	/* offset of the records */
		[RAF_HEADER + 3] = 2,
		[RAF_HEADER + 4] = 0x01, 0x11, 0, 4, 0, 30, 0, 40,
		[RAF_HEADER + 12] = 0x01, 0x00, 0, 4, 0, 33, 0, 44
	};
	uint32_t	width = 0,
				height = 0;

	ok(raf_size(file, sizeof(file), &width, &height) && width == 40 && height == 30, "cropped size first");
	file[RAF_HEADER + 5] = 0x00;
	file[RAF_HEADER + 13] = 0x11;
	ok(raf_size(file, sizeof(file), &width, &height) && width == 44 && height == 33, "cropped size last");
	ok(!raf_size(file, RAF_HEADER + 3, &width, &height), "no records");
}

static void
test_boxes(void)
{
	static const uint8_t whole[] = {0, 0, 0, 9, 'a', 'b', 'c', 'd', 1};
	static const uint8_t long_size[] = {0, 0, 0, 1, 'a', 'b', 'c', 'd', 0, 0, 0, 0, 0, 0, 0, 17, 1};
	static const uint8_t too_small[] = {0, 0, 0, 7, 'a', 'b', 'c', 'd', 1};
	Box			box;
	Box			file = {.data = whole, .length = sizeof(whole)};

	ok(box_next(&file, &box) && box_is(&box, "abcd") && box.length == 1 && !box.truncated, "a box");
	ok(!box_next(&file, &box), "and no other");
	file = (Box) {.data = whole, .length = 8};
	ok(box_next(&file, &box) && box.length == 0 && box.truncated, "a truncated box");
	file = (Box) {.data = long_size, .length = sizeof(long_size)};
	ok(box_next(&file, &box) && box.length == 1 && !box.truncated, "a box with a 64-bit size");
	file = (Box) {.data = long_size, .length = 12};
	ok(box_next(&file, &box) && box.truncated && file.length == 0, "one truncated within its size");
	file = (Box) {.data = too_small, .length = sizeof(too_small)};
	ok(!box_next(&file, &box), "a size below that of its header");
}

static void
test_segments(void)
{
	static const uint8_t data[] = {0, 0xFF, 0xFF, 0xE1, 0, 3, 7, 0xFF, 0xD0, 0xFF, 0xE2, 0, 1};
	const uint8_t *at = data;
	const uint8_t *end = data + sizeof(data);
	JpegSegment segment;

	ok(jpeg_next(&at, end, &segment) == JPEG_FOUND && segment.marker == JPEG_APP1 &&
	   segment.length == 1 && segment.data[0] == 7, "a segment after garbage and fill bytes");
	ok(jpeg_next(&at, end, &segment) == JPEG_FOUND && segment.marker == 0xD0 && segment.length == 0,
	   "a marker without length");
	is_int(jpeg_next(&at, end, &segment), JPEG_BAD, "a length below 2");
	is_int(jpeg_next(&at, end - 1, &segment), JPEG_ENDS, "a truncated length");
	is_int(jpeg_next(&end, end, &segment), JPEG_ENDS, "nothing left");
}

int
main(void)
{
	test_raf_size();
	test_boxes();
	test_segments();
	return done_testing();
}
