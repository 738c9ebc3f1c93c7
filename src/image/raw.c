/*
 * raw.c
 *		RAW files: how large the picture is, and the JPEGs that the camera put beside
 *		it for displays.  The sensor's own data are not developed.
 *
 * Directories and boxes are walked with the bounded walkers that the EXIF code has.
 * Where they name no preview (some makers hide it in their notes), the beginning of
 * the file is searched for one.
 */
#include "image/internal.h"

#include <string.h>

#include "container/tiff.h"
#include "image/raw.h"

/*
 * Where no directory names a preview: how far into a file it is searched for, how many
 * beginnings are tried, and how far its frame header may be from there.
 */
#define SEARCH_BYTES (8 * 1024 * 1024)
#define SEARCH_TRIES 400
#define SEARCH_HEADER (256 * 1024)

/* A preview of another shape than the picture, by so many percent, has bars or is cropped. */
#define SAME_SHAPE 6

#define TAG_SUBFILE_TYPE	0x00FE
#define TAG_WIDTH			0x0100
#define TAG_HEIGHT			0x0101
#define TAG_COMPRESSION		0x0103
#define TAG_PHOTOMETRIC		0x0106
#define TAG_STRIP_OFFSETS	0x0111
#define TAG_STRIP_COUNTS	0x0117
#define TAG_SUBIFDS			0x014A
#define TAG_TILE_OFFSETS	0x0144
#define TAG_TILE_COUNTS		0x0145
#define TAG_JPEG_OFFSET		0x0201
#define TAG_JPEG_LENGTH		0x0202
#define TAG_EXIF			0x8769
#define TAG_EXIF_WIDTH		0xA002
#define TAG_EXIF_HEIGHT		0xA003
#define TAG_DNG_VERSION		0xC612

/* Panasonic's own meaning of low tags. */
#define TAG_RW2_TOP			0x0004	/* top, left, bottom, right of the picture on the sensor */
#define TAG_RW2_JPEG		0x002E

#define PHOTOMETRIC_RGB		2
#define PHOTOMETRIC_CFA		32803
#define PHOTOMETRIC_LINEAR	34892

#define MAGIC_RW2			0x0055

/* What all directories of a TIFF together say. */
typedef struct Walk
{
	Tiff		tiff;
	ImgRaw	   *raw;			/* NULL: only look whether it is RAW, or cut */
	bool		is_raw;
	bool		cut;			/* something named lies behind the end of the file */
	uint64_t	largest;		/* pixels of the largest full picture, and */
	uint64_t	largest_any;	/* of any */
} Walk;

void
img_raw_add_preview(ImgRaw *raw, const uint8_t *data, size_t length)
{
	ImgPreview *preview = &raw->previews[raw->count];

	if (raw->count == RAW_MAX_PREVIEWS || length < 4 || memcmp(data, "\xFF\xD8\xFF", 3) != 0)
		return;
	for (int i = 0; i < raw->count; i++)
		if (raw->previews[i].file.data == data)
			return;
	preview->file = (ImgFile) {TE_FORMAT_JPEG, data, length};
	if (img_jpeg_viewable(&preview->file, &preview->width, &preview->height))
		raw->count++;
}

/* A piece of the file that a directory names. */
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

/* Do strips or tiles lie behind the end of the file? */
static bool
pixels_are_cut(const Walk *walk, const TiffDir *dir, uint16_t offsets_tag, uint16_t counts_tag)
{
	TiffEntry	offsets,
				counts;

	if (!tiff_find(&walk->tiff, dir, offsets_tag, &offsets) ||
		!tiff_find(&walk->tiff, dir, counts_tag, &counts))
		return false;
	for (uint64_t i = 0; i < offsets.count; i++)
	{
		uint64_t	offset,
					count;

		if (tiff_uint(&walk->tiff, &offsets, i, &offset) && tiff_uint(&walk->tiff, &counts, i, &count) &&
			(offset > walk->tiff.length || count > walk->tiff.length - offset))
			return true;
	}
	return false;
}

static void
look_at_size(Walk *walk, const TiffDir *dir)
{
	uint64_t	width = tiff_find_uint(&walk->tiff, dir, TAG_WIDTH, 0);
	uint64_t	height = tiff_find_uint(&walk->tiff, dir, TAG_HEIGHT, 0);
	bool		full = tiff_find_uint(&walk->tiff, dir, TAG_SUBFILE_TYPE, 1) == 0;
	uint64_t	pixels = width * height;

	if (width == 0 || height == 0 || width > UINT16_MAX * 4 || height > UINT16_MAX * 4)
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
	if (pixels_are_cut(walk, dir, TAG_STRIP_OFFSETS, TAG_STRIP_COUNTS) ||
		pixels_are_cut(walk, dir, TAG_TILE_OFFSETS, TAG_TILE_COUNTS))
		walk->cut = true;
	if (!walk->raw)
		return;
	look_at_size(walk, dir);
	if (tiff->opened == 1 && photometric == PHOTOMETRIC_RGB)
		walk->raw->plain = true;
	add_piece(walk, tiff_find_uint(tiff, dir, TAG_JPEG_OFFSET, UINT64_MAX),
			  tiff_find_uint(tiff, dir, TAG_JPEG_LENGTH, 0));
	if (!sensor && (compression == 6 || compression == 7) &&
		tiff_find(tiff, dir, TAG_STRIP_OFFSETS, &entry) && entry.count == 1)
		add_piece(walk, tiff_find_uint(tiff, dir, TAG_STRIP_OFFSETS, UINT64_MAX),
				  tiff_find_uint(tiff, dir, TAG_STRIP_COUNTS, 0));
}

/* A directory, those below it, and the next ones in its chain; the walker bounds their number. */
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

/* Canon's and Phase One's directories give the size of previews; the picture's is in the Exif one. */
static void
size_from_exif(Walk *walk)
{
	Tiff		tiff = walk->tiff;
	TiffDir		dir;
	uint64_t	width,
				height;

	tiff.opened = 0;
	if (!tiff_dir(&tiff, tiff.first, &dir) ||
		!tiff_dir(&tiff, tiff_find_uint(&tiff, &dir, TAG_EXIF, 0), &dir))
		return;
	width = tiff_find_uint(&tiff, &dir, TAG_EXIF_WIDTH, 0);
	height = tiff_find_uint(&tiff, &dir, TAG_EXIF_HEIGHT, 0);
	if (width > 0 && height > 0 && width <= UINT16_MAX * 4 && height <= UINT16_MAX * 4)
	{
		walk->raw->width = (uint32_t) width;
		walk->raw->height = (uint32_t) height;
	}
}

static void
read_rw2(Walk *walk)
{
	TiffDir		dir;
	TiffEntry	jpeg;
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
	if (tiff_find(&walk->tiff, &dir, TAG_RW2_JPEG, &jpeg))
		img_raw_add_preview(walk->raw, jpeg.value, jpeg.bytes);
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
	if (walk.tiff.magic == MAGIC_RW2)
		read_rw2(&walk);
	else
		walk_chain(&walk, walk.tiff.first, 0);
	if (is_canon(file) || is_phase_one(file))
		size_from_exif(&walk);
}

/* Look for JPEGs that nobody names. */
static void
search(const ImgFile *file, ImgRaw *raw)
{
	const uint8_t *end = file->data + MIN(file->length, SEARCH_BYTES);
	const uint8_t *at = file->data;

	for (int i = 0; i < SEARCH_TRIES && (at = memmem(at, end - at, "\xFF\xD8\xFF", 3)) != NULL; i++, at += 3)
	{
		size_t		rest = file->data + file->length - at;
		ImgFile		head = {TE_FORMAT_JPEG, at, MIN(rest, SEARCH_HEADER)};
		uint32_t	width,
					height;

		if (img_jpeg_viewable(&head, &width, &height))
			img_raw_add_preview(raw, at, rest);
	}
}

void
img_raw_read(const ImgFile *file, ImgRaw *raw)
{
	memset(raw, 0, sizeof(*raw));
	if (file->length > 0x64 && memcmp(file->data, "FUJIFILMCCD-RAW", 15) == 0)
		img_raw_read_raf(file, raw);
	else if (file->length > 8 && memcmp(file->data + 4, "ftyp", 4) == 0)
		img_raw_read_canon(file, raw);
	else
		img_raw_read_tiff(file, raw);
}

/* Is it large enough, and all of the picture? */
static bool
suffices(const ImgRaw *raw, const ImgPreview *preview, uint32_t side)
{
	uint64_t	ours = (uint64_t) preview->width * raw->height;
	uint64_t	full = (uint64_t) preview->height * raw->width;

	return MAX(preview->width, preview->height) >= MIN(side, MAX(raw->width, raw->height)) &&
		(ours > full ? ours - full : full - ours) * 100 <= MAX(ours, full) * SAME_SHAPE;
}

const ImgPreview *
img_raw_choose(const ImgFile *file, ImgRaw *raw, uint32_t side)
{
	for (int pass = 0; pass < 2; pass++)
	{
		const ImgPreview *best = NULL;
		const ImgPreview *largest = NULL;

		for (int i = 0; i < raw->count; i++)
		{
			const ImgPreview *preview = &raw->previews[i];
			uint64_t	pixels = (uint64_t) preview->width * preview->height;

			if (suffices(raw, preview, side) &&
				(!best || pixels < (uint64_t) best->width * best->height))
				best = preview;
			if (!largest || pixels > (uint64_t) largest->width * largest->height)
				largest = preview;
		}
		if (best || pass == 1)
			return best ? best : largest;
		search(file, raw);
	}
	return NULL;
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

bool
img_tiff_is_cut(const ImgFile *file)
{
	Walk		walk = {0};
	TiffDir		dir;
	TiffEntry	entry;

	if (!tiff_open(&walk.tiff, file->data, file->length))
		return file->length < 8;
	if (!tiff_dir(&walk.tiff, walk.tiff.first, &dir))
		return walk.tiff.first >= file->length;
	for (uint32_t i = 0; i < dir.count; i++)
		if (tiff_entry(&walk.tiff, &dir, i, &entry) == TIFF_BAD_VALUE)
			return true;
	if (dir.truncated)
		return true;
	look_at_dir(&walk, &dir);
	return walk.cut;
}
