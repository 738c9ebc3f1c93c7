/*
 * test_image_bad.c
 *		Tests files that are not images, corrupt, truncated or too large: each gets a status and a
 *		detail, and no thumbnail.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/unit/pictures.h"
#include "test/unit/tap.h"

/* Versions of a library differ in how far they get. */
#define ANY_BAD		((TeStatus) -1)
#define ANY_WIDTH	UINT32_MAX

static const struct
{
	const char *name;
	TeStatus	status;
	uint32_t	width;			/* 0: not known */
}			bad[] = {
	{"truncated.jpg", TE_TRUNCATED, 320}, {"truncated-progressive.jpg", TE_TRUNCATED, 320},
	{"truncated.png", TE_TRUNCATED, 320}, {"truncated.webp", TE_TRUNCATED, 320},
	{"truncated.gif", TE_TRUNCATED, 0}, {"truncated.tiff", TE_TRUNCATED, 0},
	{"truncated.heic", TE_TRUNCATED, 0}, {"truncated.avif", TE_TRUNCATED, 0},
	{"truncated.jxl", ANY_BAD, ANY_WIDTH}, {"truncated.bmp", TE_TRUNCATED, 320},
	{"truncated.ppm", TE_TRUNCATED, 320}, {"truncated.jp2", TE_TRUNCATED, 320},
	{"tiny.jpg", TE_TRUNCATED, 0}, {"corrupt.jpg", TE_CORRUPT, 320},
	{"empty.jpg", TE_EMPTY, 0}, {"text.jpg", TE_UNSUPPORTED, 0}, {"drawing.jpg", TE_UNSUPPORTED, 0},
	{"bomb.png", TE_TOO_MANY_PIXELS, 50000}
};

/* Is the detail one clean line? */
static bool
is_good_detail(const char *detail)
{
	if (!detail[0])
		return false;
	for (const char *c = detail; *c; c++)
		if ((unsigned char) *c < 0x20 || *c == 0x7F)
			return false;
	return strstr(detail, "bad seek") == NULL;
}

/* A header with a size that does not fit into an integer: te_reply_check() would not believe it. */
static void
test_impossible_size(void)
{
	static const char *const names[] = {"photo.png", "bare.j2k"};
	static const size_t places[] = {16, 8}; /* of the width, big-endian */

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		Bytes		bytes = picture_read(names[i]);
		TeRequest	request = picture_request();
		ImgResult	result;

		if (!bytes.data)
		{
			ok(true, "%s # skip this libvips does not write it", names[i]);
			continue;
		}
		bytes.data[places[i]] = 0xF0;
		result = picture_process(&bytes, &request);
		ok(result.status == TE_CORRUPT && result.width == 0 && result.height == 0, "%s: an impossible size in the header", names[i]);
		is_text(result.error, "the header's size is impossible", "its reason");
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

static void
test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		Bytes		bytes = picture_read(bad[i].name);
		TeRequest	request = picture_request();
		ImgResult	result;

		if (!bytes.data)
		{
			ok(true, "%s # skip this libvips does not write it", bad[i].name);
			continue;
		}
		result = picture_process(&bytes, &request);
		if (bad[i].status == ANY_BAD)
			ok(result.status == TE_TRUNCATED || result.status == TE_CORRUPT, "%s", bad[i].name);
		else
			is_int(result.status, bad[i].status, bad[i].name);
		ok(is_good_detail(result.error), "%s: it has a detail", bad[i].name);
		ok(!result.thumbnail && result.thumbnail_bytes == 0, "%s: and no thumbnail", bad[i].name);
		if (bad[i].width != ANY_WIDTH)
			is_int(result.width, bad[i].width, "its width, as far as known");
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

/* Cut at many places, and several times, for libraries have threads: never a thumbnail. */
static void
test_cuts(const char *name, size_t spare)
{
	Bytes		whole = picture_read(name);
	TeRequest	request = picture_request();
	int			shown = 0,
				silent = 0,
				transient = 0;

	if (!whole.data)
	{
		ok(true, "%s # skip this libvips does not write it", name);
		return;
	}
	for (int round = 0; round < 2; round++)
		for (int i = 1; i < 30; i++)
		{
			Bytes		part = {whole.data, i < 29 ? whole.length * i / 29 : whole.length - spare};
			ImgResult	result = picture_process(&part, &request);

			shown += result.status == TE_OK || result.thumbnail != NULL;
			silent += !is_good_detail(result.error);
			transient += te_status_verdict(result.status) == TE_VERDICT_TRANSIENT;
			img_result_free(&result);
		}
	if (!ok(shown == 0 && silent == 0 && transient == 0, "%s: cut anywhere it is an error for good", name))
		fprintf(stderr, "# %s: %d shown, %d without detail, %d to be tried again\n", name, shown, silent, transient);
	bytes_free(&whole);
}

/* The limit counts pixels that would be decoded, before any is. */
static void
test_limits(void)
{
	static const char *const names[] = {"photo.jpg", "photo.png", "photo.webp", "animated.webp", "photo.gif", "animated.gif",
	"photo.tiff", "pages.tiff", "photo.heic", "photo.avif", "photo.jxl", "24.bmp", "rle8.bmp", "photo.jp2", "tiled.jp2", "photo.ppm", "text.pbm"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		Bytes		bytes = picture_read(names[i]);
		TeRequest	request = picture_request();
		ImgResult	over,
					under;

		if (!bytes.data)
		{
			ok(true, "%s # skip this libvips does not write it", names[i]);
			continue;
		}
		request.max_pixels = 320 * 240;
		under = picture_process(&bytes, &request);
		request.max_pixels--;
		over = picture_process(&bytes, &request);
		ok(under.status == TE_OK && over.status == TE_TOO_MANY_PIXELS && over.width == 320,
		   "%s: its pixels are counted, and only those of one frame", names[i]);
		img_result_free(&over);
		img_result_free(&under);
		bytes_free(&bytes);
	}
}

/* Of processor time, of all threads. */
static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* EXIF alone: the size from the header, whatever the limit, and no pixel decoded. */
static void
test_header_only(void)
{
	Bytes		bomb = picture_read("bomb.png");
	Bytes		cut = picture_read("truncated.jpg");
	TeRequest	request = picture_request();
	ImgResult	result;
	double		start = seconds();

	request.want = TE_WANT_EXIF;
	result = picture_process(&bomb, &request);
	ok(result.status == TE_OK && result.width == 50000 && result.height == 50000 && !result.thumbnail,
	   "without a thumbnail the size of a huge picture is told");
	ok(seconds() - start < 0.5, "at once");
	img_result_free(&result);
	result = picture_process(&cut, &request);
	ok(result.status == TE_OK && result.width == 320, "and that of one whose pixels are cut");
	img_result_free(&result);
	bytes_free(&bomb);
	bytes_free(&cut);
}

/* Every byte of a small picture overwritten in turn: nothing but a verdict may come of it. */
static void
test_flipped(const char *name)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	bool		sane = true;

	if (!bytes.data)
	{
		ok(true, "%s # skip this libvips does not write it", name);
		return;
	}
	request.size = 32;
	request.max_pixels = 1000 * 1000;
	for (size_t at = 0; at < bytes.length && sane; at += at < 200 ? 5 : 20 + bytes.length / 30)
		for (int bit = 0; bit < 8; bit += 4)
		{
			uint8_t		kept = bytes.data[at];
			ImgResult	result;

			bytes.data[at] ^= (uint8_t) (0x81 << bit);
			result = picture_process(&bytes, &request);
			sane = sane && strcmp(te_status_sqlstate(result.status), "XX000") != 0 &&
				(result.status == TE_OK) == (result.thumbnail != NULL) &&
				(result.status == TE_OK) == (result.error[0] == '\0');
			img_result_free(&result);
			bytes.data[at] = kept;
		}
	ok(sane, "%s: with any byte changed it is shown or refused, and nothing between", name);
	bytes_free(&bytes);
}

static void
cut_heif(const char *name)
{
	test_cuts(name, 20);
}

/*
 * libheif ends its process where its own assertions fail: what becomes of that is
 * the server's business.  So its files have a process each, started before the
 * libraries have threads.
 */
static void
apart(void (*test) (const char *), const char *name, const char *what)
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
		test(name);
		exit(tap_failures != 0);
	}
	ok(child > 0 && waitpid(child, &status, 0) == child &&
	   ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)),
	   "%s, %s: refused, shown, or the end of the process", name, what);
}

int
main(void)
{
	static const char *const cut[] = {"photo.png", "interlaced.png", "rgb-16.png", "photo.webp", "photo.tiff", "rgb-16.tiff",
		"float.tiff", "photo.jxl", "bare.jxl", "24.bmp", "8.bmp", "photo.ppm", "16.ppm", "text.ppm", "photo.pbm", "text.pbm",
	"photo.jp2", "tiled.jp2", "bare.j2k"};
	static const char *const flipped[] = {"photo.png", "photo.webp", "photo.gif", "rgb-16.tiff",
		"photo.jxl", "photo.jpg", "progressive.jpg", "4.bmp", "rle8.bmp", "masks.bmp", "photo.ppm", "text.pgm", "text.pbm",
	"photo.jp2", "bare.j2k"};
	static const char *const heif[] = {"photo.heic", "photo.avif"};

	for (size_t i = 0; i < sizeof(heif) / sizeof(heif[0]); i++)
	{
		apart(cut_heif, heif[i], "cut anywhere");
		apart(test_flipped, heif[i], "any byte changed");
	}
	pictures_start();
	test_bad();
	test_impossible_size();
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
		test_cuts(cut[i], 20);
	test_cuts("photo.jpg", 4);
	test_cuts("progressive.jpg", 4);
	test_cuts("photo.gif", 40);
	test_cuts("rle8.bmp", 20);
	test_limits();
	test_header_only();
	for (size_t i = 0; i < sizeof(flipped) / sizeof(flipped[0]); i++)
		test_flipped(flipped[i]);
	return done_testing();
}
