/*
 * test_image_self.c
 *		Tests that the self-test notices what a build lacks, and that other loaders are blocked.
 */
#include <stdio.h>
#include <string.h>

#include "image/internal.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

/* What the self-test says if libvips lacks an operation. */
static void
test_without(const char *operation, uint32_t readable, uint32_t writable, const char *words)
{
	TeHello		hello = {0};

	vips_operation_block_set(operation, TRUE);
	img_self_test(&hello);
	vips_operation_block_set(operation, FALSE);
	ok(strstr(hello.self_test, words) != NULL, "without %s: \"%s\"", operation, words);
	is_int(hello.can_read & readable, 0, "and the format is not offered for reading");
	is_int(hello.can_write & writable, 0, "nor for thumbnails");
}

/* A file of a format that libvips here does not read: it is no fault of the file. */
static void
test_unread(const char *operation, const char *name, const char *error)
{
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	ImgResult	result;

	if (!bytes.data)
	{
		ok(true, "%s # skip this libvips does not write it", name);
		return;
	}
	vips_operation_block_set(operation, TRUE);
	result = picture_process(&bytes, &request);
	vips_operation_block_set(operation, FALSE);
	is_int(result.status, TE_UNSUPPORTED, name);
	is_text(result.error, error, "and the reason");
	ok(result.exif.status == TE_EXIF_FOUND, "its EXIF is read all the same");
	img_result_free(&result);
	bytes_free(&bytes);
}

/* Formats of loaders that are there, but not on our list. */
static void
test_blocked(const char *name, const void *data, size_t length)
{
	VipsImage  *image = vips_image_new_from_buffer(data, length, "", NULL);

	ok(image == NULL, "libvips loads no %s", name);
	g_clear_object(&image);
	vips_error_clear();
}

#if VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION <= 14
static void *
raise_late(void *semaphore)
{
	g_usleep(50000);
	vips_semaphore_up(semaphore);
	return NULL;
}

/* Threads of libvips that idle wait like this; they must not end, or a template could be forked in the middle of it. */
static void
test_idle(void)
{
	VipsSemaphore semaphore;
	GThread    *thread;

	vips_semaphore_init(&semaphore, 0, "idle");
	thread = g_thread_new("raise", raise_late, &semaphore);
	is_int(vips_semaphore_down_timeout(&semaphore, 1000), 0, "libvips waits for work without end");
	g_thread_join(thread);
	vips_semaphore_destroy(&semaphore);
}
#else
static void
test_idle(void)
{
	/* a setting sees to it */
}
#endif

int
main(void)
{
	TeHello		hello;
	char		text[] = "1 2 3\n4 5 6\n";
	char		svg[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><rect width=\"9\" height=\"9\"/></svg>";
	char		ppm[] = "P5 2 2 255 abcd";

	ok(img_init(&hello), "starts");
	is_text(hello.self_test, "ok", "self-test of this build");
	ok(hello.libvips[0] && hello.libexif[0], "versions are told: %s, %s", hello.libvips, hello.libexif);
	for (int format = TE_FORMAT_JPEG; format <= TE_FORMAT_LAST; format++)
		ok(hello.can_read & 1u << format, "reads %s", te_format_name(format));
	for (int format = TE_FORMAT_JPEG; format <= TE_FORMAT_LAST; format++)
		ok(!(hello.can_write & 1u << format) == !te_format_suffix(format),
		   "writes %s only if there is a suffix for it", te_format_name(format));

	test_idle();
	test_without("VipsForeignLoadHeif", 1u << TE_FORMAT_HEIC | 1u << TE_FORMAT_AVIF, 0, "HEIC is not read");
	test_without("VipsForeignLoadWebp", 1u << TE_FORMAT_WEBP, 0, "WebP is not read");
	test_without("VipsForeignLoadJp2k", 1u << TE_FORMAT_JP2, 0, "JPEG 2000 is not read");
	test_unread("VipsForeignLoadJp2k", "photo.jp2", "the installed libvips does not read the format jp2");
	test_unread("VipsForeignLoadJxl", "photo.jxl", "the installed libvips does not read the format jxl");
	test_without("VipsForeignSaveHeif", 0, 1u << TE_FORMAT_AVIF, "not written as avif");

	test_blocked("matrix", text, sizeof(text) - 1);
	test_blocked("SVG", svg, sizeof(svg) - 1);
	test_blocked("PGM", ppm, sizeof(ppm) - 1);
	return done_testing();
}
