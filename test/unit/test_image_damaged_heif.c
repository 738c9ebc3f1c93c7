/*
 * test_image_damaged_heif.c
 *		Tests what is shown of a HEIC whose pixels are damaged, if such images are to be shown: the thumbnail in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libheif/heif.h>

#include "test/unit/pictures.h"
#include "test/unit/tap.h"

static struct heif_error
add_bytes(struct heif_context *context, const void *data, size_t size, void *bytes)
{
	bytes_add(bytes, data, size);
	return (struct heif_error) {0};
}

/* A HEIC of a test scene with a thumbnail of 160 pixels in it; nothing if this libheif does not write it. */
static Bytes
heif_with_thumbnail(int width, int height)
{
	struct heif_writer writer = {.writer_api_version = 1, .write = add_bytes};
	struct heif_context *context = heif_context_alloc();
	struct heif_encoder *encoder = NULL;
	struct heif_image *image = NULL;
	struct heif_image_handle *handle = NULL;
	struct heif_image_handle *thumbnail = NULL;
	Canvas		scene = scene_test(width, height);
	Bytes		bytes = bytes_copy("", 0);
	int			stride = 0;

	if (heif_context_get_encoder_for_format(context, heif_compression_HEVC, &encoder).code == heif_error_Ok &&
		heif_image_create(width, height, heif_colorspace_RGB, heif_chroma_interleaved_RGB, &image).code == heif_error_Ok &&
		heif_image_add_plane(image, heif_channel_interleaved, width, height, 8).code == heif_error_Ok)
	{
		uint8_t    *rows = heif_image_get_plane(image, heif_channel_interleaved, &stride);

		for (int y = 0; y < height; y++)
			memcpy(rows + (ptrdiff_t) y * stride, scene.rgb + (size_t) y * width * 3, (size_t) width * 3);
		if (heif_context_encode_image(context, image, encoder, NULL, &handle).code == heif_error_Ok &&
			heif_context_encode_thumbnail(context, image, handle, encoder, NULL, 160, &thumbnail).code == heif_error_Ok)
			heif_context_write(context, &writer, &bytes);
	}
	if (thumbnail)
		heif_image_handle_release(thumbnail);
	if (handle)
		heif_image_handle_release(handle);
	if (image)
		heif_image_release(image);
	if (encoder)
		heif_encoder_release(encoder);
	heif_context_free(context);
	canvas_free(&scene);
	return bytes;
}

static ImgResult
process(const Bytes *bytes, bool show)
{
	TeRequest	request = picture_request();

	if (show)
		request.want |= TE_WANT_DAMAGED;
	return picture_process(bytes, &request);
}

static void
test_embedded(void)
{
	Bytes		bytes = heif_with_thumbnail(640, 480);
	uint8_t    *pixels = bytes.length > 0 ? memmem(bytes.data, bytes.length, "mdat", 4) : NULL;
	TeRequest	sizes = picture_request();
	ImgResult	strict,
				shown;

	if (!pixels)
	{
		ok(true, "a HEIC with a thumbnail # skip this libheif does not write it");
		return;
	}
	shown = process(&bytes, true);
	is_int(shown.thumbnail_width, 256, "undamaged, the image itself is shown");
	is_int(shown.damage, 0, "without damage");
	img_result_free(&shown);

	memset(pixels + 4, 0xEE, 200);	/* of the first unit even the length */
	strict = process(&bytes, false);
	shown = process(&bytes, true);
	ok(strict.status == TE_CORRUPT && !strict.thumbnail, "damaged, it fails");
	is_int(shown.status, TE_OK, "or it is shown");
	is_int(shown.damage, TE_CORRUPT, "with the damage");
	is_text(shown.error, strict.error, "and its reason");
	is_int(shown.width, 640, "with the size of the image");
	is_int(shown.thumbnail_width, 160, "by the thumbnail in it");
	ok(shown.thumbnail && picture_difference(shown.thumbnail, shown.thumbnail_bytes, 160, 120, false) < 12, "which is that of the image");
	img_result_free(&strict);
	img_result_free(&shown);

	sizes.want |= TE_WANT_DAMAGED | TE_WANT_THUMBHASH;
	sizes.more = 2;
	sizes.more_size[0] = 150;	/* near to what there is */
	sizes.more_size[1] = 64;
	sizes.measure = 300;
	shown = picture_process(&bytes, &sizes);
	ok(shown.status == TE_OK && shown.thumbnail_width == 160 && shown.more[0].width == 150 && shown.more[1].width == 64,
	   "in all sizes");
	ok(shown.more[0].data && picture_difference(shown.more[0].data, shown.more[0].bytes, 150, 113, false) < 12, "by the same one");
	is_int(shown.measured_width, 160, "of which the measures are");
	ok((shown.facts.known & TE_FACT_THUMBHASH) && shown.facts.thumbhash_len > 0, "and the placeholder");
	img_result_free(&shown);
	bytes_free(&bytes);
}

/* In a process of its own: libheif ends it where its assertions fail, and its encoder leaks. */
int
main(void)
{
	int			status = 0;
	pid_t		child = fork();

	if (child == 0)
	{
		pictures_start();
		test_embedded();
		(void) done_testing();
		fflush(stdout);
		_exit(tap_failures != 0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
