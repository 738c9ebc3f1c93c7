/*
 * test_image_sizes.c
 *		Tests thumbnails in several sizes of one image: which, how large, how good, and that the first is what it is alone.
 */
#include <stdlib.h>
#include <string.h>

#include "test/unit/pictures.h"
#include "test/unit/tap.h"

#define MOST	25				/* mean difference from the scene, as in test_image.c */

static void
set_sizes(TeRequest *request, const uint32_t *sizes, uint32_t count)
{
	request->size = sizes[0];
	request->more = count - 1;
	for (uint32_t i = 1; i < count; i++)
		request->more_size[i - 1] = sizes[i];
}

/* One of the thumbnails: 0 is the first. */
static ImgThumbnail
thumbnail_of(const ImgResult *result, uint32_t number)
{
	if (number == 0)
		return (ImgThumbnail) {result->thumbnail_width, result->thumbnail_height, result->thumbnail, result->thumbnail_bytes};
	return result->more[number - 1];
}

/* Is it, byte for byte, what is made if only this size is wanted? */
static bool
same_as_alone(const Bytes *bytes, const TeRequest *request, uint32_t size, const ImgThumbnail *thumbnail)
{
	TeRequest	alone = *request;
	ImgResult	result;
	bool		same;

	alone.size = size;
	alone.more = 0;
	result = picture_process(bytes, &alone);
	same = result.thumbnail != NULL && result.thumbnail_bytes == thumbnail->bytes &&
		memcmp(result.thumbnail, thumbnail->data, thumbnail->bytes) == 0;
	img_result_free(&result);
	return same;
}

/* The sizes of a picture of 320 x 240: the largest, and those near it, are as if made alone; smaller ones are like the scene. */
static void
test_sizes(const char *name, TeFormat format, int quality)
{
	static const uint32_t sizes[] = {60, 200, 150, 100};
	static const uint32_t heights[] = {45, 150, 113, 75};
	Bytes		bytes = picture_read(name);
	TeRequest	request = picture_request();
	ImgResult	result;

	request.format = format;
	request.quality = quality;
	set_sizes(&request, sizes, 4);
	result = picture_process(&bytes, &request);
	is_int(result.status, TE_OK, "several sizes of a file");
	for (uint32_t i = 0; i < 4; i++)
	{
		ImgThumbnail thumbnail = thumbnail_of(&result, i);

		ok(thumbnail.width == sizes[i] && thumbnail.height == heights[i], "%s: %u x %u", name, sizes[i], heights[i]);
		ok(picture_difference(thumbnail.data, thumbnail.bytes, (int) sizes[i], (int) heights[i], false) < MOST, "%s: it shows the scene", name);
		ok(same_as_alone(&bytes, &request, sizes[i], &thumbnail) == (sizes[i] > 100),
		   "%s: %u is made of %s", name, sizes[i], sizes[i] > 100 ? "the image" : "the largest");
	}
	ok(result.more[3].data == NULL && result.more[3].bytes == 0, "and there are no others");
	img_result_free(&result);
	bytes_free(&bytes);
}

/* Sizes that a small picture does not reach are its own size, each with bytes of its own. */
static void
test_small(void)
{
	static const uint32_t sizes[] = {500, 1000, 320, 160};
	Bytes		bytes = picture_read("photo.png");
	TeRequest	request = picture_request();
	ImgResult	result;

	set_sizes(&request, sizes, 4);
	result = picture_process(&bytes, &request);
	for (uint32_t i = 0; i < 3; i++)
	{
		ImgThumbnail thumbnail = thumbnail_of(&result, i);

		ok(thumbnail.width == 320 && thumbnail.height == 240 && same_as_alone(&bytes, &request, 320, &thumbnail),
		   "%u is not enlarged", sizes[i]);
	}
	ok(result.thumbnail != result.more[0].data && result.more[0].data != result.more[1].data, "none shares its bytes");
	is_int((int) result.more[2].width, 160, "a smaller one is smaller");
	img_result_free(&result);
	bytes_free(&bytes);
}

/* Upright, in each orientation, also where the sides of the larger one are odd. */
static void
test_orientations(void)
{
	static const uint32_t sizes[] = {60, 317};

	for (int orientation = 1; orientation <= 8; orientation++)
	{
		char		name[32];
		Bytes		bytes;
		TeRequest	request = picture_request();
		ImgResult	result;
		int			width;
		int			height;

		snprintf(name, sizeof(name), "orientation-%d.jpg", orientation);
		bytes = picture_read(name);
		set_sizes(&request, sizes, 2);
		request.measure = 100;
		result = picture_process(&bytes, &request);
		width = (int) result.thumbnail_width;
		height = (int) result.thumbnail_height;
		ok((width == 60) != (height == 60) && picture_difference(result.thumbnail, result.thumbnail_bytes, width, height, false) < MOST,
		   "%s: the small one is upright", name);
		ok(result.measured_width == (uint32_t) (width == 60 ? 100 : 75) && result.measured_height == (uint32_t) (width == 60 ? 75 : 100),
		   "%s: and the measure of another one", name);
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

/* If one cannot be made, there is none. */
static void
test_failure(void)
{
	static const uint32_t sizes[] = {100, 200};
	Bytes		bytes = picture_read("photo.jpg");
	TeRequest	request = picture_request();
	ImgResult	result;

	set_sizes(&request, sizes, 2);
	bytes.length /= 2;
	result = picture_process(&bytes, &request);
	is_int(result.status, TE_TRUNCATED, "half a file");
	ok(result.thumbnail == NULL && result.more[0].data == NULL && result.thumbnail_bytes == 0 && result.more[0].bytes == 0 &&
	   result.thumbnail_width == 0 && result.more[0].width == 0, "has no thumbnail of any size");
	img_result_free(&result);
	bytes_free(&bytes);
}

int
main(void)
{
	pictures_start();
	test_sizes("photo.jpg", TE_FORMAT_JPEG, 85);
	test_sizes("photo.jpg", TE_FORMAT_JPEG, 95);
	test_sizes("photo.jpg", TE_FORMAT_WEBP, 85);
	test_sizes("photo.png", TE_FORMAT_PNG, 85);
	test_sizes("photo.webp", TE_FORMAT_JPEG, 85);
	test_sizes("rle8.bmp", TE_FORMAT_JPEG, 85);
	test_small();
	test_orientations();
	test_failure();
	return done_testing();
}
