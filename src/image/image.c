/*
 * image.c
 *		Processes one image from bytes to result.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include "container/jpeg.h"
#include "image/raw.h"

/* A loader that can shrink leaves this many times the thumbnail's width for the last step. */
#define OVERSAMPLING 2.0

/* Does the decoder rotate by the container, so that EXIF's orientation must be ignored? */
static bool
rotated_by_container(TeFormat format)
{
	return format == TE_FORMAT_HEIC || format == TE_FORMAT_AVIF || format == TE_FORMAT_JXL;
}

/* The size as stored; opens the file with libvips, into *opened, if there is no other way. */
static bool
find_size(const ImgFile *file, uint32_t *width, uint32_t *height, VipsImage **opened,
		  ImgResult *result)
{
	if (img_header_known(file->format))
		return img_header(file, width, height, result);
	*opened = img_load(file, 1, result);
	if (!*opened)
		return false;
	*width = vips_image_get_width(*opened);
	*height = vips_image_get_height(*opened);
	return true;
}

/* Is the size not 0?  JPEG allows height 0 if a DNL marker follows the first scan. */
static bool
has_pixels(const ImgFile *file, uint32_t width, uint32_t height, ImgResult *result)
{
	if (width > 0 && height > 0)
		return true;
	if (file->format == TE_FORMAT_JPEG && width > 0)
		return img_fail(result, TE_UNSUPPORTED, "the JPEG header has no image height");
	return img_fail(result, TE_EMPTY, "the image has no pixels");
}

/* Reject images with no pixels or with more than max_pixels. */
static bool
within_limits(uint64_t width, uint64_t height, uint64_t max_pixels, ImgResult *result)
{
	if (width == 0 || height == 0)
		return img_fail(result, TE_EMPTY, "the image has no pixels");
	if (width > max_pixels / height)
		return img_fail(result, TE_TOO_MANY_PIXELS, "%llu x %llu pixels",
						(unsigned long long) width, (unsigned long long) height);
	return true;
}

/* Pixels of a file that libvips has opened: its own, or ours if that is faster. */
static VipsImage *
decode_opened(const ImgFile *file, VipsImage *opened, int width, int height, ImgResult *result)
{
	if (file->format == TE_FORMAT_PNG)
		return img_png_decode(file, opened, width, height, result);
	if (file->format == TE_FORMAT_HEIC || file->format == TE_FORMAT_AVIF)
		return img_heif_decode(file, opened, width, height, result);
	return g_object_ref(opened);
}

bool
img_decode(const ImgFile *file, VipsImage *opened, uint32_t full_width, const ImgTarget *target,
		   ImgPixels *pixels, ImgResult *result)
{
	VipsImage  *image = NULL;
	VipsImage  *loaded = NULL;
	bool		ok;

	img_vips_clear();
	if (file->format == TE_FORMAT_JPEG)
		return img_jpeg_decode(file, target, pixels, result);
	if (file->format == TE_FORMAT_BMP)
		image = img_bmp_decode(file, target->width, target->height, result);
	else if (opened)
		image = decode_opened(file, opened, target->width, target->height, result);
	else if ((loaded = img_load(file, MIN(1, OVERSAMPLING * target->width / full_width), result)) != NULL)
		image = decode_opened(file, loaded, target->width, target->height, result);
	g_clear_object(&loaded);
	if (!image)
		return false;
	ok = img_shrink(image, target->width, target->height, file, pixels, result);
	g_object_unref(image);
	return ok;
}

/* A RAW file whose only preview is the uncompressed image in its first directory. */
static void
show_plain_preview(const TeRequest *request, const ImgFile *file, int orientation, ImgResult *result)
{
	const ImgFile tiff = {TE_FORMAT_TIFF, file->data, file->length};
	VipsImage  *image = img_load(&tiff, 1, result);

	if (image && within_limits(vips_image_get_width(image), vips_image_get_height(image),
							   request->max_pixels, result))
		img_make_thumbnails(&tiff, image, vips_image_get_width(image), vips_image_get_height(image),
							orientation, request, result);
	g_clear_object(&image);
}

static void
process_raw(const TeRequest *request, const ImgFile *file, int orientation, ImgResult *result)
{
	ImgRaw		raw;
	const ImgPreview *preview = NULL;

	img_raw_read(file, &raw);
	if (raw.width == 0)
		preview = img_raw_choose(file, &raw, UINT16_MAX);
	else if (request->want & TE_WANT_THUMBNAIL)
		preview = img_raw_choose(file, &raw, img_largest_size(request));
	if (raw.width == 0 && preview)
	{
		raw.width = preview->width;
		raw.height = preview->height;
	}
	if (raw.width == 0 || raw.height == 0)
		raw.width = raw.height = 0;
	result->width = orientation >= 5 ? raw.height : raw.width;
	result->height = orientation >= 5 ? raw.width : raw.height;
	if (raw.width == 0)
		img_fail(result, TE_UNSUPPORTED, "the RAW file has no image size");
	else if (!(request->want & TE_WANT_THUMBNAIL))
		return;
	else if (!preview && raw.plain)
		show_plain_preview(request, file, orientation, result);
	else if (!preview)
		img_fail(result, TE_UNSUPPORTED, "the RAW file has no preview");
	else if (within_limits(preview->width, preview->height, request->max_pixels, result))
		img_make_thumbnails(&preview->file, NULL, preview->width, preview->height, orientation, request, result);
}

static void
process_picture(const TeRequest *request, const ImgFile *file, ImgResult *result)
{
	VipsImage  *opened = NULL;
	uint32_t	width = 0,
				height = 0;
	int			orientation = rotated_by_container(file->format) ? 1 :
	exif_orientation(file->format, file->data, file->length);

	if (file->format == TE_FORMAT_RAW)
		process_raw(request, file, orientation, result);
	else if (find_size(file, &width, &height, &opened, result) && has_pixels(file, width, height, result))
	{
		result->width = orientation >= 5 ? height : width;
		result->height = orientation >= 5 ? width : height;
		if ((request->want & TE_WANT_THUMBNAIL) &&
			within_limits(width, height, request->max_pixels, result))
			img_make_thumbnails(file, opened, width, height, orientation, request, result);
	}
	g_clear_object(&opened);
	img_vips_clear();
}

void
img_process(const TeRequest *request, const uint8_t *data, size_t length, ImgResult *result)
{
	ImgFile		file = {TE_FORMAT_UNKNOWN, data, length};

	memset(result, 0, sizeof(*result));
	result->exif.status = request->want & TE_WANT_EXIF ? TE_EXIF_NONE : TE_EXIF_NOT_ASKED;
	if (length == 0)
	{
		img_fail(result, TE_EMPTY, "the file is empty");
		return;
	}
	file.format = result->format = img_sniff(data, length);
	if (file.format == TE_FORMAT_UNKNOWN)
	{
		img_fail(result, TE_UNSUPPORTED, "the content is not of a known image format");
		return;
	}
	if (request->want & TE_WANT_EXIF)
		exif_read(file.format, data, length, (request->want & TE_WANT_GPS) != 0, &result->exif);
	process_picture(request, &file, result);
}

size_t
img_bytes_needed(const TeRequest *request, const uint8_t *data, size_t length)
{
	if (length >= request->file_size)
		return length;
	if ((request->want & TE_WANT_THUMBNAIL) || img_sniff(data, MIN(length, 3)) != TE_FORMAT_JPEG)
		return request->file_size;
	return jpeg_head_length(data, length);
}

void
img_result_drop_thumbnails(ImgResult *result)
{
	g_free(result->thumbnail);
	result->thumbnail = NULL;
	result->thumbnail_width = result->thumbnail_height = 0;
	result->thumbnail_bytes = 0;
	for (int i = 0; i < TE_MAX_SIZES - 1; i++)
	{
		g_free(result->more[i].data);
		result->more[i] = (ImgThumbnail) {0};
	}
	result->measured_width = result->measured_height = 0;
}

void
img_result_free(ImgResult *result)
{
	img_result_drop_thumbnails(result);
	exif_result_free(&result->exif);
}
