/*
 * planes.c
 *		Shrinks an image whose components come as planes, each by itself, to pixels or to planes for an encoder.
 *
 * A JPEG stores light and chroma apart, chroma often at half the size, and so does the thumbnail: to make pixels of
 * all samples of the one, only to take them apart for the other, would cost more than to shrink them.
 *
 * Samples of chroma lie in the middle of the pixels that they belong to, before and after: planes are shrunk by how much
 * of them the image covers, not by their sizes, which are rounded up.
 */
#include "image/internal.h"

#include <stdlib.h>

#define COLOURS		3
#define CENTRE		128
#define HALF		(1 << 15)

/*
 * Chroma is averaged down to less than twice this many times its size before Lanczos, where light keeps more: libjpeg decodes that
 * of 4:2:0 at the size of the light, which is nearly four times what a JPEG stores.
 */
#define CHROMA_OVERSAMPLING	1.5

struct ImgPlanes
{
	int			count;
	ImgPixels	pixels;			/* planes, also if chroma is 0 */
	ImgReducer *reducers[IMG_PLANES];
};

/* Pixels to a sample of a plane, each way. */
static int
shrink_of(int chroma, int number)
{
	return number == 0 ? 1 : MAX(1, chroma);
}

ImgPixels
img_plane(const ImgPixels *pixels, int number)
{
	int			shrink = shrink_of(pixels->chroma, number);
	ImgPixels	plane = {pixels->data, (pixels->width + shrink - 1) / shrink, (pixels->height + shrink - 1) / shrink, 1, 0};

	if (number > 0 && plane.data)
		plane.data += (size_t) pixels->width * pixels->height + (size_t) (number - 1) * plane.width * plane.height;
	return plane;
}

size_t
img_pixels_size(const ImgPixels *pixels)
{
	ImgPixels	chroma = img_plane(pixels, 1);
	size_t		count = (size_t) pixels->width * pixels->height;

	return pixels->chroma > 0 ? count + (COLOURS - 1) * (size_t) chroma.width * chroma.height : count * pixels->bands;
}

/*
 * One side of a plane.  "pixels" of the result have "samples", one to "shrink" pixels, the last one perhaps to fewer: the first
 * one if the result is to be mirrored.
 */
static ImgSide
plane_side(int from, double covers, int pixels, int samples, int shrink, bool mirrored)
{
	ImgSide		side = {.from = from, .to = samples, .scale = covers * shrink / pixels};

	if (mirrored && shrink * samples > pixels)
		side.start = covers - side.scale * samples;
	side.box = MAX(1, (int) (side.scale / (shrink > 1 ? CHROMA_OVERSAMPLING : 2)));
	return side;
}

static bool
begin_plane(ImgPlanes *planes, int number, const ImgPlane *from, const ImgTarget *target)
{
	ImgPixels	to = img_plane(&planes->pixels, number);
	int			shrink = shrink_of(target->chroma, number);
	ImgSide		across = plane_side(from->width, from->covers_x, target->width, to.width, shrink, img_mirrored_x(target->orientation));
	ImgSide		down = plane_side(from->height, from->covers_y, target->height, to.height, shrink, img_mirrored_y(target->orientation));

	planes->reducers[number] = img_reducer_new(&across, &down, 1, false, to.data);
	return planes->reducers[number] != NULL;
}

ImgPlanes *
img_planes_new(const ImgPlane *from, int count, const ImgTarget *target)
{
	ImgPlanes  *planes = calloc(1, sizeof(ImgPlanes));
	bool		ok;

	if (!planes)
		return NULL;
	planes->count = count;
	planes->pixels = (ImgPixels) {NULL, target->width, target->height, count, target->chroma};
	planes->pixels.data = malloc(img_pixels_size(&planes->pixels));
	ok = planes->pixels.data != NULL;
	for (int i = 0; ok && i < count; i++)
		ok = begin_plane(planes, i, &from[i], target);
	if (!ok)
	{
		img_planes_free(planes);
		return NULL;
	}
	return planes;
}

void
img_planes_add(ImgPlanes *planes, int number, const uint8_t *row)
{
	img_reducer_add(planes->reducers[number], row);
}

void
img_planes_free(ImgPlanes *planes)
{
	for (int i = 0; i < planes->count; i++)
		if (planes->reducers[i])
			img_reducer_free(planes->reducers[i]);
	free(planes->pixels.data);
	free(planes);
}

void
img_planes_take(ImgPlanes *planes, ImgPixels *pixels)
{
	*pixels = planes->pixels;
	planes->pixels.data = NULL;
}

static inline uint8_t
clamp(int value)
{
	return (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
}

/* By JPEG's formulas, in libjpeg's numbers. */
static void
convert(uint8_t *pixel)
{
	int			light = pixel[0];
	int			cb = pixel[1] - CENTRE;
	int			cr = pixel[2] - CENTRE;

	pixel[0] = clamp(light + ((91881 * cr + HALF) >> 16));
	pixel[1] = clamp(light + ((-22554 * cb - 46802 * cr + HALF) >> 16));
	pixel[2] = clamp(light + ((116130 * cb + HALF) >> 16));
}

uint8_t *
img_planes_join(const ImgPlanes *planes, bool ycc)
{
	size_t		count = (size_t) planes->pixels.width * planes->pixels.height;
	int			bands = planes->count;
	uint8_t    *joined = malloc(count * bands);

	if (!joined)
		return NULL;
	for (int b = 0; b < bands; b++)
	{
		const uint8_t *from = img_plane(&planes->pixels, b).data;

		for (size_t i = 0; i < count; i++)
			joined[i * bands + b] = from[i];
	}
	for (size_t i = 0; ycc && i < count; i++)
		convert(joined + i * bands);
	return joined;
}
