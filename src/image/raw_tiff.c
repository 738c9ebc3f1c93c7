/*
 * raw_tiff.c
 *		Recognizes RAW files built on TIFF, and reads their size and previews.
 */
#include "image/raw.h"

#include <string.h>

#include "container/raw_jpeg.h"
#include "container/tiff.h"

#define TAG_SUBFILE_TYPE	0x00FE
#define TAG_WIDTH			0x0100
#define TAG_HEIGHT			0x0101
#define TAG_COMPRESSION		0x0103
#define TAG_PHOTOMETRIC		0x0106
#define TAG_SUBIFDS			0x014A
#define TAG_JPEG_OFFSET		0x0201
#define TAG_JPEG_LENGTH		0x0202
#define TAG_EXIF_WIDTH		0xA002
#define TAG_EXIF_HEIGHT		0xA003
#define TAG_DNG_VERSION		0xC612

/* Panasonic's own meaning of a low tag: top, left, bottom, right of the picture on the sensor. */
#define TAG_RW2_TOP			0x0004

#define PHOTOMETRIC_RGB		2
#define PHOTOMETRIC_CFA		32803
#define PHOTOMETRIC_LINEAR	34892

#define MAX_SIDE			(UINT16_MAX * 4)	/* largest plausible side of a sensor in pixels */

/* State of a walk over all directories of a TIFF. */
typedef struct Walk
{
	Tiff		tiff;
	ImgRaw	   *raw;			/* NULL to find out only whether it is RAW */
	bool		is_raw;
	uint64_t	largest;		/* pixels of the largest full picture, and */
	uint64_t	largest_any;	/* of any */
} Walk;

/* Add a part of the file that a directory names as a preview. */
static void
add_piece(Walk *walk, uint64_t offset, uint64_t length)
{
	if (offset >= walk->tiff.length || length == 0)
		return;
	if (length > walk->tiff.length - offset)
		length = walk->tiff.length - offset;
	if (walk->raw)
		img_raw_add_preview(walk->raw, walk->tiff.data + offset, (size_t) length);
}

static void
look_at_size(Walk *walk, const TiffDir *dir)
{
	uint64_t	width = tiff_find_uint(&walk->tiff, dir, TAG_WIDTH, 0);
	uint64_t	height = tiff_find_uint(&walk->tiff, dir, TAG_HEIGHT, 0);
	bool		full = tiff_find_uint(&walk->tiff, dir, TAG_SUBFILE_TYPE, 1) == 0;
	uint64_t	pixels = width * height;

	if (width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE)
		return;
	if ((full && pixels > walk->largest) || (walk->largest == 0 && pixels > walk->largest_any))
	{
		walk->raw->width = (uint32_t) width;
		walk->raw->height = (uint32_t) height;
	}
	if (full && pixels > walk->largest)
		walk->largest = pixels;
	if (pixels > walk->largest_any)
		walk->largest_any = pixels;
}

static void
look_at_dir(Walk *walk, const TiffDir *dir)
{
	const Tiff *tiff = &walk->tiff;
	uint64_t	photometric = tiff_find_uint(tiff, dir, TAG_PHOTOMETRIC, 0);
	uint64_t	compression = tiff_find_uint(tiff, dir, TAG_COMPRESSION, 0);
	bool		sensor = photometric == PHOTOMETRIC_CFA || photometric == PHOTOMETRIC_LINEAR;
	TiffEntry	entry;

	if (sensor || tiff_find(tiff, dir, TAG_DNG_VERSION, &entry))
		walk->is_raw = true;
	if (!walk->raw)
		return;
	look_at_size(walk, dir);
	if (tiff->opened == 1 && photometric == PHOTOMETRIC_RGB)
		walk->raw->plain = true;
	add_piece(walk, tiff_find_uint(tiff, dir, TAG_JPEG_OFFSET, UINT64_MAX),
			  tiff_find_uint(tiff, dir, TAG_JPEG_LENGTH, 0));
	if (!sensor && (compression == 6 || compression == 7) &&
		tiff_find(tiff, dir, TIFF_TAG_STRIP_OFFSETS, &entry) && entry.count == 1)
		add_piece(walk, tiff_find_uint(tiff, dir, TIFF_TAG_STRIP_OFFSETS, UINT64_MAX),
				  tiff_find_uint(tiff, dir, TIFF_TAG_STRIP_COUNTS, 0));
}

/* A directory, those below it, and the next ones in its chain; tiff_dir limits their number. */
static void
walk_chain(Walk *walk, uint64_t offset, int depth)
{
	TiffDir		dir;

	while (offset != 0 && tiff_dir(&walk->tiff, offset, &dir))
	{
		TiffEntry	sub;
		uint64_t	below;

		look_at_dir(walk, &dir);
		if (depth < 3 && tiff_find(&walk->tiff, &dir, TAG_SUBIFDS, &sub))
			for (uint64_t i = 0; i < sub.count && tiff_uint(&walk->tiff, &sub, i, &below); i++)
				walk_chain(walk, below, depth + 1);
		offset = dir.next;
	}
}

/* In files of Canon and Phase One, IFD0 has the size of a preview, and the Exif directory that of the image. */
static void
size_from_exif(Walk *walk)
{
	Tiff		tiff = walk->tiff;
	TiffDir		dir;
	uint64_t	width,
				height;

	tiff.opened = 0;
	if (!tiff_dir(&tiff, tiff.first, &dir) ||
		!tiff_dir(&tiff, tiff_find_uint(&tiff, &dir, TIFF_TAG_EXIF, 0), &dir))
		return;
	width = tiff_find_uint(&tiff, &dir, TAG_EXIF_WIDTH, 0);
	height = tiff_find_uint(&tiff, &dir, TAG_EXIF_HEIGHT, 0);
	if (width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE)
	{
		walk->raw->width = (uint32_t) width;
		walk->raw->height = (uint32_t) height;
	}
}

static void
read_rw2(Walk *walk)
{
	TiffDir		dir;
	const uint8_t *jpeg;
	size_t		jpeg_length;
	uint64_t	sides[4];

	if (!tiff_dir(&walk->tiff, walk->tiff.first, &dir))
		return;
	for (int i = 0; i < 4; i++)
		sides[i] = tiff_find_uint(&walk->tiff, &dir, TAG_RW2_TOP + i, 0);
	if (sides[2] > sides[0] && sides[3] > sides[1] && sides[2] <= UINT16_MAX && sides[3] <= UINT16_MAX)
	{
		walk->raw->width = (uint32_t) (sides[3] - sides[1]);
		walk->raw->height = (uint32_t) (sides[2] - sides[0]);
	}
	if (rw2_jpeg(&walk->tiff, &dir, &jpeg, &jpeg_length))
		img_raw_add_preview(walk->raw, jpeg, jpeg_length);
}

static bool
is_canon(const ImgFile *file)
{
	return file->length > 10 && memcmp(file->data + 8, "CR", 2) == 0;
}

static bool
is_phase_one(const ImgFile *file)
{
	return file->length > 12 && memcmp(file->data + 8, "IIII", 4) == 0;
}

void
img_raw_read_tiff(const ImgFile *file, ImgRaw *raw)
{
	Walk		walk = {.raw = raw};

	if (!tiff_open(&walk.tiff, file->data, file->length))
		return;
	if (walk.tiff.magic == TIFF_MAGIC_PANASONIC)
		read_rw2(&walk);
	else
		walk_chain(&walk, walk.tiff.first, 0);
	if (is_canon(file) || is_phase_one(file))
		size_from_exif(&walk);
}

bool
img_is_raw(const ImgFile *file)
{
	Walk		walk = {0};

	if (is_canon(file) || is_phase_one(file))
		return true;
	if (!tiff_open(&walk.tiff, file->data, file->length))
		return false;
	walk_chain(&walk, walk.tiff.first, 0);
	return walk.is_raw;
}
