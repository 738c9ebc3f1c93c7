/*
 * image.c
 *		Processes one image from bytes to result.
 */
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#include "container/jpeg.h"
#include "image/hashes.h"
#include "image/raw.h"

/* A loader that can shrink leaves this many times the thumbnail's width for the last step. */
#define OVERSAMPLING 2.0

/* A thumbnail in the file whose aspect differs by more percent has bars or is cropped. */
#define SAME_SHAPE 6

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

/* Is the size one that an image can have, and not 0?  JPEG allows height 0 if a DNL marker follows the first scan. */
static bool
has_pixels(const ImgFile *file, uint32_t width, uint32_t height, ImgResult *result)
{
	if (width > INT32_MAX || height > INT32_MAX)
		return img_fail(result, TE_CORRUPT, "the header's size is impossible");
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
decode_opened(const ImgFile *file, VipsImage *opened, const ImgTarget *target, ImgResult *result)
{
	if (target->damaged)
		return img_damaged_rows(opened, file, result);
	if (file->format == TE_FORMAT_PNG)
		return img_png_decode(file, opened, target->width, target->height, result);
	if (file->format == TE_FORMAT_HEIC || file->format == TE_FORMAT_AVIF)
		return img_heif_decode(file, opened, target->width, target->height, result);
	return g_object_ref(opened);
}

/* A damaged PNG, by way of a whole one. */
static bool
decode_repaired(const ImgFile *file, uint32_t full_width, const ImgTarget *target, ImgPixels *pixels, ImgResult *result)
{
	ImgFile		whole = {.format = file->format};
	ImgTarget	intact = *target;
	bool		ok;

	whole.data = img_png_repair(file, &whole.length, result);
	intact.damaged = false;
	ok = whole.data && img_decode(&whole, NULL, full_width, &intact, pixels, result);
	free((void *) whole.data);
	return ok;
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
	if (file->format == TE_FORMAT_PNG && target->damaged)
		return decode_repaired(file, full_width, target, pixels, result);
	if (file->format == TE_FORMAT_BMP)
		image = img_bmp_decode(file, target->width, target->height, result);
	else if (file->format == TE_FORMAT_PNM)
		image = img_pnm_decode(file, target->width, target->height, result);
	else if (opened)
		image = decode_opened(file, opened, target, result);
	else if ((loaded = img_load(file, MIN(1, OVERSAMPLING * target->width / full_width), result)) != NULL)
		image = decode_opened(file, loaded, target, result);
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

/* The thumbnail of the preview, if there is one. */
static void
show_raw(const TeRequest *request, const ImgFile *file, const ImgRaw *raw, const ImgPreview *preview,
		 int orientation, ImgResult *result)
{
	if (!preview && raw->plain)
		show_plain_preview(request, file, orientation, result);
	else if (!preview)
		img_fail(result, TE_UNSUPPORTED, raw->other_preview ? "the RAW file has no preview that is a JPEG" :
				 "the RAW file has no preview");
	else if (within_limits(preview->width, preview->height, request->max_pixels, result))
		img_make_thumbnails(&preview->file, NULL, preview->width, preview->height, orientation, request, result);
}

static void
process_raw(const TeRequest *request, const ImgFile *file, int orientation, ImgResult *result)
{
	ImgRaw		raw;
	const ImgPreview *preview = NULL;

	img_raw_read(file, &raw);
	if (raw.width == 0 && !raw.truncated)
		preview = img_raw_choose(file, &raw, UINT16_MAX);
	else if (!raw.truncated && (request->want & TE_WANT_THUMBNAIL))
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
	if (raw.truncated)
		img_fail(result, TE_TRUNCATED, "the file ends before its directory");
	else if (raw.width == 0)
		img_fail(result, TE_UNSUPPORTED, "the RAW file has no image size");
	else if (request->want & TE_WANT_THUMBNAIL)
		show_raw(request, file, &raw, preview, orientation, result);
	img_raw_free(&raw);
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

/*
 * The thumbnail that a HEIC or AVIF has in it, of an image that cannot be decoded.  Not one of another shape, which would
 * not show the whole image.
 */
static void
show_embedded(const TeRequest *request, const ImgFile *file, ImgResult *result)
{
	VipsImage  *image = img_load_embedded(file, result);
	uint64_t	across,
				down;

	if (!image)
		return;
	across = (uint64_t) vips_image_get_width(image) * result->height;
	down = (uint64_t) vips_image_get_height(image) * result->width;
	if ((across > down ? across - down : down - across) * 100 > MAX(across, down) * SAME_SHAPE)
		img_fail(result, TE_CORRUPT, "the embedded thumbnail has another shape");
	else if (within_limits(vips_image_get_width(image), vips_image_get_height(image), request->max_pixels, result))
		img_make_thumbnails(file, image, vips_image_get_width(image), vips_image_get_height(image), 1, request, result);
	g_object_unref(image);
}

/* Is it a failure of which a part of the image may be left? */
static bool
is_damaged(TeStatus status)
{
	return status == TE_CORRUPT || status == TE_TRUNCATED;
}

/* Take what was made of the pixels: the size, the thumbnails and their hashes. */
static void
take_picture(ImgResult *result, const ImgResult *from)
{
	const uint32_t hashes = TE_FACT_THUMBHASH | TE_FACT_PICTURE_HASH;

	img_result_drop_thumbnails(result);
	result->width = from->width;
	result->height = from->height;
	result->thumbnail_width = from->thumbnail_width;
	result->thumbnail_height = from->thumbnail_height;
	result->thumbnail = from->thumbnail;
	result->thumbnail_bytes = from->thumbnail_bytes;
	memcpy(result->more, from->more, sizeof(result->more));
	result->measured_width = from->measured_width;
	result->measured_height = from->measured_height;
	result->facts.known |= from->facts.known & hashes;
	memcpy(result->facts.thumbhash, from->facts.thumbhash, sizeof(result->facts.thumbhash));
	result->facts.thumbhash_len = from->facts.thumbhash_len;
	result->facts.picture_hash = from->facts.picture_hash;
}

/*
 * Process a damaged image again, and take what can be shown of it.  The verdict on it stays that of the first time, as the
 * reason of the failure or, if there is something to show, as the damage.
 */
static void
show_damaged(const TeRequest *request, const ImgFile *file, ImgResult *result)
{
	ImgResult	shown = {.format = result->format};

	process_picture(request, file, &shown);
	if (is_damaged(shown.status) && shown.width > 0 && rotated_by_container(file->format))
	{
		shown.status = TE_OK;
		shown.error[0] = '\0';
		show_embedded(request, file, &shown);
		img_vips_clear();
	}
	if (shown.status == TE_OUT_OF_MEMORY)
	{
		/* with more there may be something to show */
		result->status = shown.status;
		memcpy(result->error, shown.error, sizeof(result->error));
	}
	if (shown.status != TE_OK || !shown.thumbnail)
	{
		img_result_drop_thumbnails(&shown);
		return;
	}
	result->damage = result->status;
	result->status = TE_OK;
	take_picture(result, &shown);
}

void
img_process(const TeRequest *request, const uint8_t *data, size_t length, ImgResult *result)
{
	img_process_beside(request, data, length, NULL, result);
}

void
img_process_beside(const TeRequest *request, const uint8_t *data, size_t length,
				   const ExifSidecar *sidecar, ImgResult *result)
{
	ImgFile		file = {TE_FORMAT_UNKNOWN, data, length};
	TeRequest	intact = *request;

	memset(result, 0, sizeof(*result));
	result->exif.status = request->want & TE_WANT_EXIF ? TE_EXIF_NONE : TE_EXIF_NOT_ASKED;
	if (request->want & TE_WANT_FILE_HASH)
		img_hash_file(data, length, &result->facts);
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
		exif_read_beside(file.format, data, length, (request->want & TE_WANT_GPS) != 0, sidecar, &result->exif,
						 (request->want & TE_WANT_FACTS) ? &result->facts : NULL);
	intact.want &= ~(uint32_t) TE_WANT_DAMAGED;
	process_picture(&intact, &file, result);
	if ((request->want & TE_WANT_DAMAGED) && is_damaged(result->status))
		show_damaged(request, &file, result);
}

size_t
img_bytes_needed(const TeRequest *request, const uint8_t *data, size_t length)
{
	if (length >= request->file_size)
		return length;
	if ((request->want & (TE_WANT_THUMBNAIL | TE_WANT_FILE_HASH)) || img_sniff(data, MIN(length, 3)) != TE_FORMAT_JPEG)
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
	result->facts.known &= ~(uint32_t) (TE_FACT_THUMBHASH | TE_FACT_PICTURE_HASH);
}

void
img_result_free(ImgResult *result)
{
	img_result_drop_thumbnails(result);
	exif_result_free(&result->exif);
}
