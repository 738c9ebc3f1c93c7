/*
 * sizes.c
 *		Makes the thumbnails of an image in all sizes that are wanted, from one decode if that costs no quality.
 *
 * The image is decoded and shrunk to the largest size.  A thumbnail with sides of at most two thirds of the length is made from
 * these pixels: it is as like the ideal as one made of the image (mean SSIM by bench/ssim.c of 23 photos: 0.9851 and 0.9844 from
 * 4 times the length, 0.9853 and 0.9844 from twice, at worst 0.0004 less; of 9 photos 0.9843 and 0.9832 from 1.5 times, at worst
 * 0.0001 less).  One that is nearer to the largest in size can become softer (from 1.25 times 0.0012 less), and is decoded by itself.
 *
 * With one size, nothing is done but to decode, shrink and encode.
 */
#include "image/hashes.h"
#include "image/internal.h"

#include <stdlib.h>
#include <string.h>

#define NEAR	1.5				/* a source must have so many times the length to be good */

/* One of the thumbnails to be made. */
typedef struct Size
{
	ImgTarget	target;
	int			number;			/* -1: the first, otherwise the index in more_size */
} Size;

/* All, of which the largest comes first. */
typedef struct Sizes
{
	int			count;
	Size		size[TE_MAX_SIZES];
} Sizes;

uint32_t
img_largest_size(const TeRequest *request)
{
	uint32_t	largest = request->size;

	for (uint32_t i = 0; i < request->more; i++)
		largest = MAX(largest, request->more_size[i]);
	return largest;
}

static bool
same_size(const ImgTarget *a, const ImgTarget *b)
{
	return a->width == b->width && a->height == b->height;
}

static void
plan(Sizes *sizes, uint32_t width, uint32_t height, int orientation, const TeRequest *request)
{
	sizes->count = 0;
	for (int number = -1; number < (int) request->more; number++)
	{
		Size		size = {
			.target = {.orientation = orientation, .damaged = (request->want & TE_WANT_DAMAGED) != 0},
			.number = number
		};

		if (request->format == TE_FORMAT_JPEG)
			size.target.chroma = img_jpeg_chroma((int) request->quality);
		img_fit(width, height, number < 0 ? request->size : request->more_size[number],
				&size.target.width, &size.target.height);
		sizes->size[sizes->count++] = size;
	}
	for (int i = 1; i < sizes->count; i++)
		if (MAX(sizes->size[i].target.width, sizes->size[i].target.height) >
			MAX(sizes->size[0].target.width, sizes->size[0].target.height))
		{
			Size		largest = sizes->size[i];

			sizes->size[i] = sizes->size[0];
			sizes->size[0] = largest;
		}
}

/* Is what has become of the image in this size a good source for that one? */
static bool
is_source(const ImgPixels *pixels, const ImgTarget *target)
{
	return pixels->width >= NEAR * target->width && pixels->height >= NEAR * target->height;
}

/* Shrink planes to planes. */
static bool
shrink_planes(const ImgPixels *from, const ImgTarget *target, ImgPixels *to)
{
	ImgPlane	sides[IMG_PLANES];
	ImgPlanes  *planes;

	for (int i = 0; i < from->bands; i++)
	{
		ImgPixels	plane = img_plane(from, i);
		int			shrink = i == 0 ? 1 : from->chroma;

		sides[i] = (ImgPlane) {plane.width, plane.height, (double) from->width / shrink, (double) from->height / shrink};
		/* as plane_side() in planes.c has made it */
		if (img_mirrored_x(target->orientation))
			sides[i].starts_x = plane.width - sides[i].covers_x;
		if (img_mirrored_y(target->orientation))
			sides[i].starts_y = plane.height - sides[i].covers_y;
	}
	planes = img_planes_new(sides, from->bands, target);
	if (!planes)
		return false;
	for (int i = 0; i < from->bands; i++)
	{
		ImgPixels	plane = img_plane(from, i);

		for (int y = 0; y < plane.height; y++)
			img_planes_add(planes, i, plane.data + (size_t) y * plane.width);
	}
	img_planes_take(planes, to);
	img_planes_free(planes);
	return true;
}

static bool
shrink_bands(const ImgPixels *from, const ImgTarget *target, ImgPixels *to)
{
	ImgSide		across = img_side(from->width, target->width);
	ImgSide		down = img_side(from->height, target->height);
	size_t		stride = (size_t) from->width * from->bands;
	ImgReducer *reducer;

	*to = (ImgPixels) {NULL, target->width, target->height, from->bands, 0};
	to->data = malloc(img_pixels_size(to));
	if (!to->data)
		return false;
	reducer = img_reducer_new(&across, &down, from->bands, from->bands == 2 || from->bands == 4, to->data);
	if (!reducer)
	{
		free(to->data);
		to->data = NULL;
		return false;
	}
	for (int y = 0; y < from->height; y++)
		img_reducer_add(reducer, from->data + stride * y);
	img_reducer_free(reducer);
	return true;
}

/* Make smaller pixels of larger ones. */
static bool
shrink(const ImgPixels *from, const ImgTarget *target, ImgPixels *to, ImgResult *result)
{
	bool		ok = from->chroma > 0 ? shrink_planes(from, target, to) : shrink_bands(from, target, to);

	return ok || img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
}

/* Encode a further thumbnail. */
static bool
encode_more(ImgPixels *pixels, int orientation, const TeRequest *request, ImgThumbnail *thumbnail, ImgResult *result)
{
	ImgResult	made = {0};

	if (!img_encode(pixels, orientation, request, &made))
		return img_fail(result, made.status, "%s", made.error);
	*thumbnail = (ImgThumbnail) {made.thumbnail_width, made.thumbnail_height, made.thumbnail, made.thumbnail_bytes};
	return true;
}

/* Encode pixels, which may be changed, into the result's place for that size. */
static bool
encode_size(ImgPixels *pixels, const Size *size, const TeRequest *request, ImgResult *result)
{
	int			orientation = size->target.orientation;

	return size->number < 0 ? img_encode(pixels, orientation, request, result) :
		encode_more(pixels, orientation, request, &result->more[size->number], result);
}

/* Copy the thumbnail of one size for another that comes to the same pixels, as those of a small image do. */
static bool
copy_size(const Size *from, const Size *to, ImgResult *result)
{
	const ImgThumbnail first = {result->thumbnail_width, result->thumbnail_height, result->thumbnail, result->thumbnail_bytes};
	ImgThumbnail copy = from->number < 0 ? first : result->more[from->number];

	copy.data = g_try_malloc(copy.bytes);
	if (!copy.data)
		return img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
	memcpy(copy.data, from->number < 0 ? result->thumbnail : result->more[from->number].data, copy.bytes);
	if (to->number >= 0)
	{
		result->more[to->number] = copy;
		return true;
	}
	result->thumbnail = copy.data;
	result->thumbnail_bytes = copy.bytes;
	result->thumbnail_width = copy.width;
	result->thumbnail_height = copy.height;
	return true;
}

/* Make the thumbnail of one size from the largest, or from the image. */
static bool
make_size(const ImgFile *file, uint32_t width, const ImgPixels *largest, const Size *size, const TeRequest *request,
		  ImgResult *result)
{
	ImgPixels	pixels = {0};

	/* all sizes of a damaged image show the same part of it, which need not be of what would be decoded */
	bool		ok = size->target.damaged || is_source(largest, &size->target) ?
	shrink(largest, &size->target, &pixels, result) : img_decode(file, NULL, width, &size->target, &pixels, result);

	if (ok && size->number < 0)
		img_hash_pixels(&pixels, size->target.orientation, request, &result->facts);
	ok = ok && encode_size(&pixels, size, request, result);
	free(pixels.data);
	return ok;
}

/* Do the pixels of the largest size become the first thumbnail? */
static bool
is_first(const Sizes *sizes)
{
	for (int i = 0; i < sizes->count; i++)
		if (sizes->size[i].number < 0)
			return same_size(&sizes->size[i].target, &sizes->size[0].target);
	return false;
}

/* The smaller ones first, since the pixels of the largest are changed when it is encoded. */
static bool
make_all(const ImgFile *file, uint32_t width, ImgPixels *largest, const Sizes *sizes, const TeRequest *request,
		 ImgResult *result)
{
	const ImgTarget *target = &sizes->size[0].target;

	if (is_first(sizes))
		img_hash_pixels(largest, target->orientation, request, &result->facts);
	for (int i = 1; i < sizes->count; i++)
		if (!same_size(&sizes->size[i].target, target) &&
			!make_size(file, width, largest, &sizes->size[i], request, result))
			return false;
	if (!encode_size(largest, &sizes->size[0], request, result))
		return false;
	for (int i = 1; i < sizes->count; i++)
		if (same_size(&sizes->size[i].target, target) && !copy_size(&sizes->size[0], &sizes->size[i], result))
			return false;
	return true;
}

static void
measure(uint32_t width, uint32_t height, int orientation, uint32_t size, ImgResult *result)
{
	int			fit_width;
	int			fit_height;

	img_fit(width, height, size, &fit_width, &fit_height);
	result->measured_width = (uint32_t) (orientation >= 5 ? fit_height : fit_width);
	result->measured_height = (uint32_t) (orientation >= 5 ? fit_width : fit_height);
}

void
img_make_thumbnails(const ImgFile *file, VipsImage *opened, uint32_t width, uint32_t height,
					int orientation, const TeRequest *request, ImgResult *result)
{
	ImgPixels	pixels = {0};
	Sizes		sizes;

	plan(&sizes, width, height, orientation, request);
	if (request->measure > 0)
		measure(width, height, orientation, request->measure, result);
	if (!img_decode(file, opened, width, &sizes.size[0].target, &pixels, result) ||
		!make_all(file, width, &pixels, &sizes, request, result))
		img_result_drop_thumbnails(result);
	free(pixels.data);
}
