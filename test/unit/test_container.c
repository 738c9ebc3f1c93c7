/*
 * test_container.c
 *		Tests cases of file structures that no test image has.
 */
#include <stdlib.h>
#include <string.h>

#include "container/box.h"
#include "container/bytes.h"
#include "container/ciff.h"
#include "container/jp2.h"
#include "container/jpeg.h"
#include "container/mrw.h"
#include "container/raw_jpeg.h"
#include "container/x3f.h"
#include "test/pictures/older_raw.h"
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

/* What "look" finds in each part of a file from its begin on, in a copy of just that size; how many parts it is found in. */
static int
cut(const Bytes *file, bool (*look) (const uint8_t *, size_t))
{
	int			found = 0;

	for (size_t length = 0; length <= file->length; length++)
	{
		uint8_t    *part = malloc(length ? length : 1);

		memcpy(part, file->data, length);
		found += look(part, length);
		free(part);
	}
	return found;
}

static bool
look_at_crw(const uint8_t *data, size_t length)
{
	Ciff		ciff;
	CiffValue	value;
	uint32_t	width;

	return ciff_open(&ciff, data, length) && ciff_find(&ciff, CIFF_MAKE_MODEL, &value) && value.length == 12 &&
		memcmp(value.data, "Maker\0Model", 11) == 0 && ciff_find(&ciff, CIFF_IMAGE, &value) &&
		ciff_long(&ciff, &value, 0, &width) && width == 40 && !ciff_long(&ciff, &value, 7, &width) &&
		!ciff_find(&ciff, CIFF_JPEG, &value);
}

static void
test_crw(void)
{
	const OlderRaw raw = {"Maker", "Model", 1, 40, 30, 0};
	Bytes		file = crw_build(&raw, false);
	Ciff		ciff;
	CiffValue	value;
	uint8_t    *heap = file.data + 26;

	/* A heap whose directory says that it is in itself: the entry in front of any other. */
	uint8_t		loop[26 + 10 * 400 + 6] = "II\x1A\0\0\0HEAPCCDR";

	is_int(cut(&file, look_at_crw), 1, "CRW: found in the whole file only");
	ok(ciff_open(&ciff, file.data, file.length), "CRW: opened");
	memset(heap + le32(heap + file.length - 26 - 4) + 2 + 2, 0xFF, 4);
	ok(!ciff_find(&ciff, 0x2005, &value) && ciff_find(&ciff, CIFF_IMAGE, &value), "CRW: a value longer than the file is none");
	memset(heap + le32(heap + file.length - 26 - 4) + 2 + 6, 0xFF, 4);
	ok(!ciff_find(&ciff, 0x2005, &value), "CRW: nor one far outside");
	memset(heap + (file.length - 26) - 4, 0xFF, 4);
	ok(!ciff_open(&ciff, file.data, file.length), "CRW: a directory far outside");
	file.data[2] = 13;
	ok(!ciff_open(&ciff, file.data, file.length), "CRW: a header that is too short");
	file.data[2] = file.data[5] = 0xFF;
	ok(!ciff_open(&ciff, file.data, file.length), "CRW: one longer than the file");
	bytes_free(&file);

	loop[26] = 0xFF;			/* more entries than there is room for */
	loop[27] = 0xFF;
	for (int i = 0; i < 400; i++)
	{
		uint8_t    *entry = loop + 28 + i * 10;

		entry[1] = 0x28;		/* a heap: all of this one */
		entry[2] = (uint8_t) (sizeof(loop) - 26);
		entry[3] = (uint8_t) ((sizeof(loop) - 26) >> 8);
	}
	ok(ciff_open(&ciff, loop, sizeof(loop)) && !ciff_find(&ciff, CIFF_JPEG, &value), "CRW: heaps in themselves come to an end");
}

static bool
look_at_mrw(const uint8_t *data, size_t length)
{
	const uint8_t *block;
	size_t		block_length;
	uint32_t	width,
				height;

	return mrw_is(data, length) && mrw_size(data, length, &width, &height) && width == 40 && height == 30 &&
		mrw_block(data, length, MRW_TIFF, &block, &block_length) && block_length == 8 && memcmp(block, "MM\0*", 4) == 0;
}

static void
test_mrw(void)
{
	const OlderRaw raw = {.width = 40, .height = 30};
	const Bytes tiff = {(uint8_t *) "MM\0*\0\0\0\0", 8};
	Bytes		file = mrw_build(&raw, &tiff);
	const uint8_t *block;
	size_t		block_length;

	is_int(cut(&file, look_at_mrw), 10, "MRW: found as soon as the block is whole");
	ok(mrw_block(file.data, file.length - 9 - 4, MRW_TIFF, &block, &block_length) && block_length == 4, "MRW: a part of a block");
	memset(file.data + 12, 0xFF, 4);
	ok(!mrw_block(file.data, file.length, MRW_TIFF, &block, &block_length) &&
	   mrw_block(file.data, file.length, MRW_SIZES, &block, &block_length) && block_length == 32, "MRW: a block of four gigabytes");
	memset(file.data + 4, 0, 4);
	ok(!mrw_block(file.data, file.length, MRW_SIZES, &block, &block_length), "MRW: no blocks");
	bytes_free(&file);
}

static bool
look_at_x3f(const uint8_t *data, size_t length)
{
	X3f			x3f;
	X3fSection	section;
	const uint8_t *jpeg;
	size_t		jpeg_length;
	char		text[8];
	int			jpegs = 0,
				others = 0;

	if (!x3f_open(&x3f, data, length))
		return false;
	for (uint32_t i = 0; i < x3f.count; i++)
	{
		X3fImage	kind = x3f_section(&x3f, i, &section) ? x3f_image(&section, &jpeg, &jpeg_length) : X3F_NO_PREVIEW;

		jpegs += kind == X3F_JPEG && jpeg_length == 4 && memcmp(jpeg, "JPEG", 4) == 0;
		others += kind == X3F_OTHER_PREVIEW;
	}
	return jpegs == 1 && others == 1 && x3f.width == 40 && x3f.height == 30 && x3f.rotation == 90 &&
		x3f_property(&x3f, "CAMMANUF", text, sizeof(text)) && strcmp(text, "Maker") == 0 &&
		x3f_property(&x3f, "CAMMODEL", text, sizeof(text)) && strcmp(text, "Model o") == 0 &&
		!x3f_property(&x3f, "CAM", text, sizeof(text)) && !x3f_property(&x3f, "CAMMODELS", text, sizeof(text));
}

static void
test_x3f(void)
{
	const OlderRaw raw = {"Maker", "Model of some length", 1, 40, 30, 90, {(uint8_t *) "JPEG", 4}};
	X3f			x3f;
	X3fSection	section;
	char		text[8];
	uint8_t    *directory,
			   *properties;

	for (int version = 2; version <= 4; version += 2)
	{
		Bytes		file = x3f_build(&raw, version);

		is_int(cut(&file, look_at_x3f), 1, "X3F: found in the whole file only");
		directory = memmem(file.data, file.length, "SECd", 4);
		properties = memmem(file.data, file.length, "SECp", 4);
		memset(directory + 8, 0xFF, 4);
		ok(x3f_open(&x3f, file.data, file.length) && x3f.count == 4, "X3F: more sections than there are");
		memset(directory + 12 + 4, 0xFF, 4);
		ok(x3f_open(&x3f, file.data, file.length) && !x3f_section(&x3f, 0, &section), "X3F: a section that is too long");
		memset(directory + 12 + 4, 0, 4);
		directory[12 + 4] = 200;
		memset(properties + 24 + 2 * 8, 0xFF, 8);
		ok(x3f_open(&x3f, file.data, file.length) && !x3f_property(&x3f, "CAMMANUF", text, sizeof(text)), "X3F: names outside");
		memset(properties + 8, 0xFF, 4);
		ok(!x3f_property(&x3f, "CAMMODEL", text, sizeof(text)), "X3F: more properties than there is room for");
		memset(file.data + (version == 4 ? 40 : 28), 0xFF, 4);
		ok(x3f_open(&x3f, file.data, file.length) && x3f.width == 0 && x3f.height == 0, "X3F: an absurd width");
		bytes_free(&file);
	}
}

static bool
look_at_jp2(const uint8_t *data, size_t length)
{
	uint32_t	width,
				height;

	jp2_is_truncated(data, length);
	return jp2_size(data, length, &width, &height) == JP2_GOOD && width == 300 && height == 200;
}

static void
test_jp2(void)
{
	uint8_t		stream[] = {
		0xFF, 0x4F, 0xFF, 0x51, 0, 0x29, 0, 0, 0, 0, 1, 0x36, 0, 0, 0, 0xCD, 0, 0, 0, 10, 0, 0, 0, 5, 0, 0, 0xFF, 0xD9
	};
	const Bytes bytes = {stream, sizeof(stream)};
	Bytes		file = jp2_build(&bytes, 300, 200, NULL);
	uint32_t	width,
				height;

	is_int(cut(&bytes, look_at_jp2), 5, "JPEG 2000: a bare codestream's size as soon as it is there");
	is_int(cut(&file, look_at_jp2), 5, "JPEG 2000: the same in boxes");
	ok(!jp2_is_truncated(file.data, file.length) && jp2_is_truncated(file.data, file.length - 1) &&
	   jp2_is_truncated(file.data, file.length - sizeof(stream)) && jp2_is_truncated(file.data, 20), "JPEG 2000: cut");
	ok(!jp2_is_truncated(stream, sizeof(stream)) && jp2_is_truncated(stream, sizeof(stream) - 1), "JPEG 2000: a codestream, cut");
	is_int(jp2_size(file.data, 40, &width, &height), JP2_ENDS, "JPEG 2000: the file ends before its codestream");
	is_int(jp2_size(file.data, file.length - sizeof(stream) - 8, &width, &height), JP2_BAD, "JPEG 2000: there is no codestream");
	stream[8] = 0;
	stream[10] = stream[11] = 0;
	is_int(jp2_size(stream, sizeof(stream), &width, &height), JP2_BAD, "JPEG 2000: an image that begins behind its end");
	bytes_free(&file);
}

int
main(void)
{
	test_raf_size();
	test_boxes();
	test_segments();
	test_crw();
	test_mrw();
	test_x3f();
	test_jp2();
	return done_testing();
}
