/*
 * test_image_damaged.c
 *		Tests what is shown of damaged images if they are to be shown: the rows that the file still has, and nothing else.
 *
 * Thumbnails are PNGs here, so that rows can be compared exactly with those of the undamaged file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vips/vips.h>

#include "test/unit/jpeg_cases.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

#define CUTS	20

static ImgResult
process(const uint8_t *data, size_t length, uint32_t size, bool show)
{
	Bytes		bytes = {(uint8_t *) data, length};
	TeRequest	request = picture_request();

	request.format = TE_FORMAT_PNG;
	request.size = size;
	if (show)
		request.want |= TE_WANT_DAMAGED;
	return picture_process(&bytes, &request);
}

/* A thumbnail's pixels. */
typedef struct Pixels
{
	uint8_t    *data;
	size_t		length;
	int			height,
				bands;
} Pixels;

static Pixels
pixels_of(const ImgResult *result)
{
	Pixels		pixels = {0};
	VipsImage  *image = vips_image_new_from_buffer(result->thumbnail, result->thumbnail_bytes, "", NULL);

	if (image)
	{
		pixels.data = vips_image_write_to_memory(image, &pixels.length);
		pixels.height = vips_image_get_height(image);
		pixels.bands = vips_image_get_bands(image);
		g_object_unref(image);
	}
	return pixels;
}

/* The light of a pixel. */
static double
light(const uint8_t *pixel, int bands)
{
	return bands < 3 ? pixel[0] : 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
}

/*
 * Are two rows the same?  Made of averages of blocks, they differ in their chroma: our decoder of averages, which does not decode
 * damaged files, has it at half the size.
 */
static bool
same_row(const uint8_t *a, const uint8_t *b, size_t stride, int bands, bool averages)
{
	double		sum = 0;

	if (!averages)
		return memcmp(a, b, stride) == 0;
	for (size_t i = 0; i < stride; i += (size_t) bands)
		sum += fabs(light(a + i, bands) - light(b + i, bands));
	return sum <= 3.0 * (double) stride / bands;
}

/* How many rows from the top are the same; -1 if the thumbnails are not alike in size. */
static int
same_rows(const ImgResult *a, const ImgResult *b)
{
	Pixels		one = pixels_of(a);
	Pixels		other = pixels_of(b);
	int			rows = 0;

	if (!one.data || !other.data || one.length != other.length || one.height != other.height)
		rows = -1;
	else
	{
		size_t		stride = one.length / one.height;

		while (rows < one.height && same_row(one.data + rows * stride, other.data + rows * stride, stride, one.bands, one.height < 20))
			rows++;
	}
	g_free(one.data);
	g_free(other.data);
	return rows;
}

/* The mean difference of two thumbnails. */
static double
difference(const ImgResult *a, const ImgResult *b)
{
	Pixels		one = pixels_of(a);
	Pixels		other = pixels_of(b);
	double		sum = 0;

	for (size_t i = 0; i < one.length && one.length == other.length; i++)
		sum += abs(one.data[i] - other.data[i]);
	sum = one.length > 0 && one.length == other.length ? sum / one.length : 255;
	g_free(one.data);
	g_free(other.data);
	return sum;
}

/*
 * Is the result of a file the same as without TE_WANT_DAMAGED, or else the thumbnail of a damaged image with the reason for which it
 * fails without?
 */
static bool
is_sane(const uint8_t *data, size_t length, uint32_t size, const ImgResult *shown)
{
	ImgResult	strict = process(data, length, size, false);
	bool		sane;

	if (shown->damage == 0)
		sane = shown->status == strict.status && strcmp(shown->error, strict.error) == 0 &&
			(shown->status == TE_OK) == (shown->thumbnail != NULL) &&
			(shown->status != TE_OK || same_rows(shown, &strict) == (int) strict.thumbnail_height);
	else
		sane = shown->status == TE_OK && shown->thumbnail && shown->damage == strict.status && !strict.thumbnail &&
			(strict.status == TE_CORRUPT || strict.status == TE_TRUNCATED) &&
			strict.error[0] && strcmp(shown->error, strict.error) == 0 &&
			shown->exif.status == strict.exif.status;
	sane = sane && strict.damage == 0;
	if (!sane)
		fprintf(stderr, "# status %d, damage %d, \"%s\"; without showing %d, \"%s\"\n", shown->status, shown->damage,
				shown->error, strict.status, strict.error);
	img_result_free(&strict);
	return sane;
}

/* What became of a file that was cut at ever later places. */
typedef struct Cuts
{
	bool		sane;			/* see is_sane() */
	bool		growing;		/* the later, the more rows were right */
	int			shown;
	int			height;			/* rows of the thumbnail */
	int			rows;			/* that were right at the last cut */
	double		half;			/* difference, when half of the file was there */
} Cuts;

static Cuts
cut(const Bytes *whole, uint32_t size)
{
	ImgResult	good = process(whole->data, whole->length, size, true);
	Cuts		cuts = {.sane = good.status == TE_OK && good.damage == 0, .growing = true, .height = (int) good.thumbnail_height, .half = 255};
	int			before = 0;

	for (int i = 1; i < CUTS && cuts.sane; i++)
	{
		size_t		length = whole->length * i / CUTS;
		ImgResult	result = process(whole->data, length, size, true);

		cuts.sane = is_sane(whole->data, length, size, &result);
		if (result.thumbnail)
		{
			cuts.rows = same_rows(&result, &good);
			cuts.growing = cuts.growing && cuts.rows >= before;
			before = cuts.rows;
			cuts.shown++;
			if (i == CUTS / 2)
				cuts.half = difference(&result, &good);
		}
		img_result_free(&result);
	}
	img_result_free(&good);
	return cuts;
}

/*
 * A file whose pixels come from the top down.  Cut in its last twentieth, at least "percent" of the rows are right; and it is shown in at
 * least so many of 19 cases.
 */
static void
test_rows(const char *name, const Bytes *whole, uint32_t size, int percent, int least_shown)
{
	Cuts		cuts = cut(whole, size);

	ok(cuts.sane, "%s, %u pixels: cut, it is shown with the reason for which it fails", name, size);
	if (!ok(cuts.shown >= least_shown, "%s, %u pixels: mostly something is left", name, size))
		fprintf(stderr, "# shown %d times\n", cuts.shown);
	if (!ok(cuts.growing && cuts.rows * 100 >= cuts.height * percent, "%s, %u pixels: and what is left is right", name, size))
		fprintf(stderr, "# %d of %d rows\n", cuts.rows, cuts.height);
}

/* A file that is refined over and over: half of it shows all, if not as sharp. */
static void
test_refined(const char *name, const Bytes *whole, uint32_t size)
{
	Cuts		cuts = cut(whole, size);

	ok(cuts.sane && cuts.shown > CUTS / 2, "%s, %u pixels: cut, it is shown with the reason for which it fails", name, size);
	if (!ok(cuts.half < 18, "%s, %u pixels: half of it shows all", name, size))
		fprintf(stderr, "# shown %d times, difference %.1f\n", cuts.shown, cuts.half);
}

static void
test_jpegs(void)
{
	static const char *const top_down[] = {"fine", "grey, restarts", "restart after 5", "optimal tables", "two walks, restart after a row", "YCCK 2x2", "RGB"};
	static const char *const refined[] = {"progressive", "progressive 4:2:2, restarts", "progressive, DC whole"};
	static const uint32_t sizes[] = {256, 12};
	Bytes		photo = picture_read("photo.jpg");
	Bytes		progressive = picture_read("progressive.jpg");

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
	{
		test_rows("photo.jpg", &photo, sizes[s], 60, 12);
		test_refined("progressive.jpg", &progressive, sizes[s]);
		for (int i = 0; i < jpeg_case_count; i++)
		{
			Bytes		bytes = jpeg_case(&jpeg_cases[i]);

			for (size_t n = 0; n < sizeof(top_down) / sizeof(top_down[0]); n++)
				if (strcmp(top_down[n], jpeg_cases[i].name) == 0)
					test_rows(top_down[n], &bytes, sizes[s], 60, 12);
			for (size_t n = 0; n < sizeof(refined) / sizeof(refined[0]); n++)
				if (strcmp(refined[n], jpeg_cases[i].name) == 0)
					test_refined(refined[n], &bytes, sizes[s]);
			bytes_free(&bytes);
		}
	}
	bytes_free(&photo);
	bytes_free(&progressive);
}

/* Where the image data of a JPEG begin. */
static size_t
scan_of(const Bytes *jpeg, int number)
{
	const uint8_t *at = jpeg->data;

	while ((at = memmem(at, jpeg->length - (at - jpeg->data), "\xFF\xDA", 2)) != NULL && number-- > 0)
		at += 2;
	return at ? (size_t) (at - jpeg->data) : 0;
}

/* What has no row of blocks is not shown, however much is there of it. */
static void
test_nothing_left(void)
{
	Bytes		photo = picture_read("photo.jpg");
	size_t		scan = scan_of(&photo, 0);
	bool		none = scan > 0;

	for (size_t length = 3; length < scan + 100; length += length < scan ? 11 : 1)
	{
		ImgResult	result = process(photo.data, length, 256, true);

		none = none && result.status != TE_OK && !result.thumbnail && result.damage == 0 && result.error[0];
		img_result_free(&result);
	}
	ok(none, "a JPEG that ends in its header, or soon after, fails as ever");
	bytes_free(&photo);
}

/* What makes libjpeg give up is cut off: a table of a later scan, or the start of one. */
static void
test_broken_segments(void)
{
	static const char *const names[] = {"progressive.jpg", "photo.jpg"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		Bytes		bytes = picture_read(names[i]);
		ImgResult	good = process(bytes.data, bytes.length, 256, true);
		size_t		later = scan_of(&bytes, 4);
		size_t		first = scan_of(&bytes, 0);
		ImgResult	result;

		if (later > 0)
		{
			memset(bytes.data + later + 2, 0xEE, 6);
			result = process(bytes.data, bytes.length, 256, true);
			ok(is_sane(bytes.data, bytes.length, 256, &result) && result.damage == TE_CORRUPT && difference(&result, &good) < 12,
			   "%s: scans before a broken one are shown", names[i]);
			img_result_free(&result);
		}
		memset(bytes.data + first + 2, 0xEE, 6);
		result = process(bytes.data, bytes.length, 256, true);
		ok(is_sane(bytes.data, bytes.length, 256, &result) && !result.thumbnail, "%s: and nothing before the first", names[i]);
		img_result_free(&result);
		img_result_free(&good);
		bytes_free(&bytes);
	}
}

static void
test_png(const char *name, int percent, int least_shown)
{
	Bytes		bytes = picture_read(name);

	test_rows(name, &bytes, 256, percent, least_shown);
	test_rows(name, &bytes, 320, percent, least_shown);
	bytes_free(&bytes);
}

/* A TIFF in strips, of which one is damaged: libtiff notices, since it is compressed. */
static void
test_tiff(void)
{
	Bytes		bytes = picture_read("pages.tiff");
	ImgResult	good = process(bytes.data, bytes.length, 256, true);
	ImgResult	result;
	int			rows;

	memset(bytes.data + bytes.length * 35 / 100, 0xEE, 400);
	result = process(bytes.data, bytes.length, 256, true);
	rows = result.thumbnail ? same_rows(&result, &good) : -1;
	if (!ok(is_sane(bytes.data, bytes.length, 256, &result) && result.damage == TE_CORRUPT && rows > 50 && rows < (int) good.thumbnail_height,
			"a TIFF: the strips before one that is damaged are shown"))
		fprintf(stderr, "# status %d, damage %d, %d of %u rows\n", result.status, result.damage, rows, good.thumbnail_height);
	img_result_free(&result);
	img_result_free(&good);
	bytes_free(&bytes);
	bytes = picture_read("photo.tiff");
	test_rows("photo.tiff", &bytes, 256, 60, 1);
	bytes_free(&bytes);
}

/* The rows that the file does not have are white, also in a thumbnail with transparency. */
static void
test_blank(void)
{
	static const char *const names[] = {"photo.png", "alpha.png", "rgb-16.png"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		Bytes		bytes = picture_read(names[i]);
		ImgResult	result = process(bytes.data, bytes.length / 2, 256, true);
		Pixels		pixels = pixels_of(&result);
		bool		white = pixels.data != NULL;

		for (size_t at = white ? pixels.length - pixels.length / pixels.height : 0; white && at < pixels.length; at++)
			white = pixels.data[at] == 255;
		ok(result.damage == TE_TRUNCATED && white, "%s: the last row is white", names[i]);
		g_free(pixels.data);
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

/* Bytes overwritten all over the file: shown, refused, or shown as damaged, each with all that belongs to it. */
static void
test_flipped(const char *name)
{
	Bytes		bytes = picture_read(name);
	bool		sane = bytes.data != NULL;
	int			damaged = 0;

	for (size_t at = 0; at < bytes.length && sane; at += at < 100 ? 7 : 20 + bytes.length / 40)
	{
		uint8_t		kept = bytes.data[at];
		ImgResult	result;

		bytes.data[at] ^= 0x91;
		result = process(bytes.data, bytes.length, 64, true);
		sane = is_sane(bytes.data, bytes.length, 64, &result);
		damaged += result.damage != 0;
		img_result_free(&result);
		bytes.data[at] = kept;
	}
	ok(sane || !bytes.data, "%s: with any byte changed, there is damage exactly where it fails otherwise", name);
	fprintf(stderr, "# %s: damaged and shown %d times\n", name, damaged);
	bytes_free(&bytes);
}

static void
test_heif(const char *name)
{
	Bytes		bytes = picture_read(name);
	Cuts		cuts = {.sane = true};

	if (bytes.data)
		cuts = cut(&bytes, 256);
	ok(cuts.sane, "%s: cut, it fails as ever or is shown", name);
	bytes_free(&bytes);
	test_flipped(name);
}

/* In a process of its own, since libheif ends it where its assertions fail: see test_image_bad.c. */
static void
apart(const char *name)
{
	int			status = 0;
	pid_t		child;

	fflush(stdout);
	child = fork();
	if (child == 0)
	{
		if (!freopen("/dev/null", "w", stdout))
			exit(2);
		pictures_start();
		test_heif(name);
		exit(tap_failures != 0);
	}
	ok(child > 0 && waitpid(child, &status, 0) == child &&
	   ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)),
	   "%s: refused, shown, or the end of the process", name);
}

int
main(void)
{
	static const char *const flipped[] = {"photo.jpg", "progressive.jpg", "photo.png", "rgb-16.png", "rgb-16.tiff", "photo.tiff", "photo.webp", "photo.gif",
	"photo.nef"};

	apart("photo.heic");
	apart("photo.avif");
	pictures_start();
	vips_operation_block_set("VipsForeignLoadPng", FALSE);
	test_jpegs();
	test_nothing_left();
	test_broken_segments();
	test_png("photo.png", 60, 12);
	test_png("alpha.png", 60, 12);
	test_png("rgb-16.png", 60, 12);
	test_png("palette.png", 60, 8);
	test_png("interlaced.png", 0, 0);
	test_tiff();
	test_blank();
	for (size_t i = 0; i < sizeof(flipped) / sizeof(flipped[0]); i++)
		test_flipped(flipped[i]);
	return done_testing();
}
