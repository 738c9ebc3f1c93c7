/*
 * test_image_png.c
 *		Tests our decoder of PNG against libvips': the same pixels, and nothing accepted that libvips refuses.
 *
 * The code is included, for the rows before they are shrunk.
 */
#include "image/png.c"

#include <zlib.h>

#include "test/unit/pictures.h"
#include "test/unit/tap.h"

#define PALETTE		3			/* a type that is not ours */

#define ANY_FILTER	-1			/* another one in each row */

static unsigned state;

static unsigned
random_number(unsigned below)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % below;
}

static int
channels_of(int type)
{
	return type == PNG_RGB ? 3 : type == PNG_GREY_ALPHA ? 2 : type == PNG_RGBA ? 4 : 1;
}

/* What the filter takes away from byte number i. */
static uint8_t
predicted(int filter, const uint8_t *row, const uint8_t *above, size_t i, size_t pixel)
{
	int			a = i < pixel ? 0 : row[i - pixel];
	int			b = above[i];
	int			c = i < pixel ? 0 : above[i - pixel];
	int			pa = abs(b - c);
	int			pb = abs(a - c);
	int			pc = abs(a + b - 2 * c);

	switch (filter)
	{
		case 1:
			return (uint8_t) a;
		case 2:
			return (uint8_t) b;
		case 3:
			return (uint8_t) ((a + b) / 2);
		case 4:
			return (uint8_t) (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
		default:
			return 0;
	}
}

/* Rows of noise with flat parts, each with its filter's number in front. */
static Bytes
filtered(int width, int height, int depth, int type, int filter)
{
	size_t		stride = ((size_t) width * channels_of(type) * depth + 7) / 8;
	size_t		pixel = MAX(1, channels_of(type) * depth / 8);
	uint8_t    *row = calloc(stride, 1);
	uint8_t    *above = calloc(stride, 1);
	Bytes		bytes = {malloc((stride + 1) * height), (stride + 1) * height};
	uint8_t    *out = bytes.data;

	for (int y = 0; y < height; y++)
	{
		uint8_t		number = (uint8_t) (filter == ANY_FILTER ? (int) random_number(5) : filter);

		for (size_t i = 0; i < stride; i++)
			row[i] = (uint8_t) (random_number(3) == 0 ? random_number(256) : i < pixel ? above[i] : row[i - pixel]);
		*out++ = number;
		for (size_t i = 0; i < stride; i++)
			*out++ = (uint8_t) (row[i] - predicted(number, row, above, i, pixel));
		memcpy(above, row, stride);
	}
	free(row);
	free(above);
	return bytes;
}

static Bytes
compressed(const Bytes *bytes)
{
	uLongf		length = compressBound(bytes->length);
	uint8_t    *buffer = malloc(length);
	Bytes		out;

	compress(buffer, &length, bytes->data, bytes->length);
	out = bytes_copy(buffer, length);
	free(buffer);
	return out;
}

/* The signature, the header and, for a palette, its colours. */
static Bytes
head(int width, int height, int depth, int type, bool interlaced)
{
	Bytes		png = bytes_copy("\x89PNG\r\n\x1A\n", 8);
	uint8_t		header[13] = {0, 0, (uint8_t) (width >> 8), (uint8_t) width, 0, 0, (uint8_t) (height >> 8), (uint8_t) height,
	(uint8_t) depth, (uint8_t) type, 0, 0, interlaced};
	uint8_t		palette[256 * 3];

	png_chunk(&png, "IHDR", header, sizeof(header));
	for (size_t i = 0; i < sizeof(palette); i++)
		palette[i] = (uint8_t) random_number(256);
	if (type == PALETTE)
		png_chunk(&png, "PLTE", palette, 3 << depth);
	return png;
}

static void
add_pixels(Bytes *png, const Bytes *stream, size_t part)
{
	for (size_t at = 0; at < stream->length; at += part)
		png_chunk(png, "IDAT", stream->data + at, MIN(part, stream->length - at));
}

static Bytes
make_png(int width, int height, int depth, int type, int filter)
{
	Bytes		png = head(width, height, depth, type, false);
	Bytes		rows = filtered(width, height, depth, type, filter);
	Bytes		stream = compressed(&rows);

	add_pixels(&png, &stream, 1 + random_number(2000));
	png_chunk(&png, "IEND", "", 0);
	bytes_free(&rows);
	bytes_free(&stream);
	return png;
}

/* Did we decode it, and did libvips? */
typedef struct Verdict
{
	bool		ours,
				theirs,
				same;			/* both, with the same pixels */
} Verdict;

/* All rows; NULL unless they are ours, with all that must be right. */
static uint8_t *
our_rows(const ImgFile *file, VipsImage *opened)
{
	PngReader  *reader = open_reader(file, opened);
	int			height = vips_image_get_height(opened);
	uint8_t    *rows;
	bool		good = true;

	if (!reader)
		return NULL;
	rows = malloc(reader->stride * height);
	for (int y = 0; y < height && good; y++)
	{
		const uint8_t *row = next_row(reader);

		good = row != NULL;
		if (good)
			memcpy(rows + y * reader->stride, row, reader->stride);
	}
	if (!good || !ends_well(reader))
	{
		free(rows);
		rows = NULL;
	}
	close_reader(reader);
	return rows;
}

static Verdict
judge(const Bytes *png)
{
	uint8_t    *exact = malloc(png->length);	/* so that ASan sees a step beyond its end */
	ImgFile		file = {TE_FORMAT_PNG, exact, png->length};
	ImgResult	result = {0};
	Verdict		verdict = {0};
	VipsImage  *opened;
	size_t		length = 0;
	void	   *theirs = NULL;
	uint8_t    *ours = NULL;

	memcpy(exact, png->data, png->length);
	opened = img_load(&file, 1, &result);
	if (opened)
	{
		ours = our_rows(&file, opened);
		theirs = vips_image_write_to_memory(opened, &length);
	}
	verdict.ours = ours != NULL;
	verdict.theirs = theirs != NULL && !img_vips_has_error();
	verdict.same = verdict.ours && verdict.theirs && memcmp(ours, theirs, length) == 0;
	free(ours);
	g_free(theirs);
	g_clear_object(&opened);
	img_vips_clear();
	free(exact);
	return verdict;
}

static void
test_pixels(void)
{
	static const int types[] = {PNG_GREY, PNG_RGB, PNG_GREY_ALPHA, PNG_RGBA};
	static const int sizes[][2] = {{1, 1}, {2, 3}, {3, 1}, {5, 7}, {16, 16}, {17, 2}, {33, 5}, {100, 9}, {1, 50}, {301, 40}};

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (int filter = ANY_FILTER; filter <= 4; filter++)
		{
			bool		same = true;

			for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
			{
				Bytes		png = make_png(sizes[s][0], sizes[s][1], 8, types[t], filter);

				same = same && judge(&png).same;
				bytes_free(&png);
			}
			ok(same, "type %d, filter %d: the pixels are libvips'", types[t], filter);
		}
}

/* What is not ours. */
static void
test_others(void)
{
	static const struct
	{
		int			depth,
					type;
	}			others[] = {{1, PNG_GREY}, {2, PNG_GREY}, {4, PNG_GREY}, {16, PNG_GREY}, {1, PALETTE}, {2, PALETTE}, {4, PALETTE},
	{8, PALETTE}, {16, PNG_GREY_ALPHA}, {16, PNG_RGB}, {16, PNG_RGBA}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		Bytes		png = make_png(37, 11, others[i].depth, others[i].type, ANY_FILTER);
		Verdict		verdict = judge(&png);

		ok(!verdict.ours && verdict.theirs, "type %d with %d bits is left to libvips", others[i].type, others[i].depth);
		bytes_free(&png);
	}
}

/* A PNG of 20 x 10 pixels RGB with these bytes as pixels, chunks in front of them, between and behind them. */
static Bytes
unusual(const Bytes *stream, bool interlaced, const char *before, const char *between, const char *behind)
{
	Bytes		png = head(20, 10, 8, PNG_RGB, interlaced);
	Bytes		half = {stream->data, stream->length / 2};
	Bytes		rest = {stream->data + half.length, stream->length - half.length};

	if (before)
		png_chunk(&png, before, "\0\1\0\2\0\3", 6);
	add_pixels(&png, &half, 100);
	if (between)
		png_chunk(&png, between, "abc", 3);
	add_pixels(&png, &rest, 100);
	if (behind)
		png_chunk(&png, behind, "abc", 3);
	png_chunk(&png, "IEND", "", 0);
	return png;
}

static bool
takes(Bytes png)
{
	Verdict		verdict = judge(&png);

	bytes_free(&png);
	return verdict.ours;
}

/* The checksum of these pixels in a chunk of its own. */
static Bytes
checksum_apart(const Bytes *stream)
{
	Bytes		png = head(20, 10, 8, PNG_RGB, false);

	png_chunk(&png, "IDAT", stream->data, stream->length - 4);
	png_chunk(&png, "IDAT", stream->data + stream->length - 4, 4);
	png_chunk(&png, "IEND", "", 0);
	return png;
}

static void
test_unusual(void)
{
	Bytes		rows = filtered(20, 10, 8, PNG_RGB, ANY_FILTER);
	Bytes		good = compressed(&rows);
	Bytes		few = {rows.data, rows.length - 1};
	Bytes		fewer = compressed(&few);
	Bytes		more;
	Bytes		other;

	ok(takes(unusual(&good, false, NULL, NULL, NULL)), "a plain file is ours");
	ok(takes(unusual(&good, false, "teSt", NULL, "teSt")), "so is one with chunks around the pixels");
	ok(!takes(unusual(&good, true, NULL, NULL, NULL)), "an interlaced one is not");
	ok(!takes(unusual(&good, false, "tRNS", NULL, NULL)), "nor one with a transparent colour");
	ok(!takes(unusual(&good, false, NULL, "teSt", NULL)), "nor one with something between the pixels");
	ok(!takes(unusual(&good, false, NULL, NULL, "TEST")), "nor one with an unknown chunk that is critical");
	ok(!takes(unusual(&fewer, false, NULL, NULL, NULL)), "a pixel is missing");

	bytes_add(&rows, "\0", 1);
	more = compressed(&rows);
	ok(!takes(unusual(&more, false, NULL, NULL, NULL)), "there is a pixel too many");
	rows.length--;

	bytes_add(&good, "\0", 1);
	ok(!takes(unusual(&good, false, NULL, NULL, NULL)), "a byte follows the pixels");
	good.length--;
	good.data[good.length - 1] ^= 1;
	ok(!takes(unusual(&good, false, NULL, NULL, NULL)), "the checksum of the pixels is wrong");
	ok(!takes(checksum_apart(&good)), "and in a chunk of its own");
	good.data[good.length - 1] ^= 1;
	ok(takes(checksum_apart(&good)), "where it may be right");

	rows.data[61 * 4] = 5;
	other = compressed(&rows);
	ok(!takes(unusual(&other, false, NULL, NULL, NULL)), "there is no filter 5");

	/* 611 bytes need a window of 1024 */
	good.data[0] = 0x28;
	good.data[1] = 0x15;
	ok(takes(unusual(&good, false, NULL, NULL, NULL)), "a window as large as the pixels");
	good.data[0] = 0x18;
	good.data[1] = 0x19;
	ok(!takes(unusual(&good, false, NULL, NULL, NULL)), "and one that is smaller");
	good.data[0] = 0x88;
	good.data[1] = 0x1C;
	ok(!takes(unusual(&good, false, NULL, NULL, NULL)), "and one that zlib does not have");
	bytes_free(&rows);
	bytes_free(&good);
	bytes_free(&fewer);
	bytes_free(&more);
	bytes_free(&other);
}

/* Whatever we accept, libvips accepts, with the same pixels. */
static void
test_damaged(void)
{
	Bytes		png = make_png(12, 7, 8, PNG_RGBA, ANY_FILTER);
	bool		sane = true;
	int			ours = 0;

	for (size_t at = 8; at < png.length; at++)
	{
		Verdict		verdict;

		png.data[at] ^= (uint8_t) (1 << at % 8);
		verdict = judge(&png);
		png.data[at] ^= (uint8_t) (1 << at % 8);
		sane = sane && (!verdict.ours || verdict.same);
		ours += verdict.ours;
	}
	ok(sane, "a changed byte: what we accept is what libvips makes of it");
	is_int(ours, 0, "and none is accepted");
	ours = 0;
	for (size_t length = 8; length < png.length; length++)
	{
		Bytes		cut = bytes_copy(png.data, length);

		ours += takes(cut);
	}
	is_int(ours, 0, "nor is a file that ends early");
	bytes_free(&png);
}

/* The thumbnail is the one that is made of libvips' pixels, with alpha and a profile, too. */
static void
test_thumbnail(const char *name, int width, int height)
{
	Bytes		bytes = picture_read(name);
	ImgFile		file = {TE_FORMAT_PNG, bytes.data, bytes.length};
	ImgResult	result = {0};
	ImgPixels	ours = {0};
	ImgPixels	theirs = {0};
	VipsImage  *opened = img_load(&file, 1, &result);
	VipsImage  *image = img_png_decode(&file, opened, width, height, &result);

	ok(image != opened, "%s is ours", name);
	ok(img_shrink(image, width, height, &file, &ours, &result) && img_shrink(opened, width, height, &file, &theirs, &result) &&
	   ours.bands == theirs.bands && memcmp(ours.data, theirs.data, (size_t) width * height * ours.bands) == 0,
	   "%s to %d x %d: the thumbnail is libvips'", name, width, height);
	free(ours.data);
	free(theirs.data);
	g_object_unref(image);
	g_object_unref(opened);
	bytes_free(&bytes);
}

static void
test_thumbnails(void)
{
	Bytes		bytes = picture_read("photo.png");
	ImgFile		file = {TE_FORMAT_PNG, bytes.data, bytes.length};
	ImgResult	result = {0};
	VipsImage  *opened = img_load(&file, 1, &result);
	VipsImage  *image = img_png_decode(&file, opened, 320, 240, &result);

	ok(image == opened, "what is not to be shrunk is left to libvips");
	g_object_unref(image);
	g_object_unref(opened);
	bytes_free(&bytes);
	test_thumbnail("photo.png", 256, 192);
	test_thumbnail("photo.png", 320, 239);
	test_thumbnail("alpha.png", 100, 75);
	test_thumbnail("swapped.png", 37, 41);
	test_thumbnail("exif-at-end.png", 1, 1);
}

int
main(void)
{
	pictures_start();
	test_pixels();
	test_others();
	test_unusual();
	test_damaged();
	test_thumbnails();
	return done_testing();
}
