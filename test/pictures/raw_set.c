/*
 * raw_set.c
 *		Makes RAW files as cameras build them, with a few bytes of rubbish as sensor data, and
 *		previews.
 *
 * The camera was held in EXIF orientation 6.  The large preview shows scene_test(), the
 * small one and one of another shape its negative, so that taking the wrong one shows.
 * The sensor has 6000 x 4500 pixels, so upright the picture has 4500 x 6000.
 */
#include "older_raw.h"
#include "shot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENSOR_WIDTH	6000
#define SENSOR_HEIGHT	4500

static const Shot shot = {"Fictor", "Fictor RAW 1", "2024:05:06 07:08:09", "25", "+02:00", true, 48.8584, 2.2945, 6};

#define TAKEN			1714979289	/* the same as seconds since 1970 */

static const uint8_t rubbish[64] = "no pixels";

typedef struct Previews
{
	Bytes		large,
				small,
				wide;			/* of another shape: 640 x 300, the negative too */
} Previews;

static Bytes
preview(int width, int height, bool negative)
{
	Canvas		scene = scene_test(height, width);	/* upright, width and height change places */
	Canvas		stored = scene_as_stored(&scene, 6);
	VipsImage  *image;
	Bytes		jpeg;

	if (negative)
		for (int i = 0; i < stored.width * stored.height * 3; i++)
			stored.rgb[i] = 255 - stored.rgb[i];
	image = picture_image(&stored);
	jpeg = picture_encode(image, ".jpg[Q=90,strip]");
	g_object_unref(image);
	canvas_free(&scene);
	canvas_free(&stored);
	return jpeg;
}

/* The sensor's directory. */
static void
add_sensor(ExifBlock *block, int ifd, int photometric, int compression)
{
	exif_block_long(block, ifd, 0x00FE, 0);
	exif_block_long(block, ifd, 0x0100, SENSOR_WIDTH);
	exif_block_long(block, ifd, 0x0101, SENSOR_HEIGHT);
	exif_block_short(block, ifd, 0x0102, 14);
	exif_block_short(block, ifd, 0x0103, compression);
	exif_block_short(block, ifd, 0x0106, photometric);
	exif_block_blob(block, ifd, 0x0111, rubbish, sizeof(rubbish));
	exif_block_short(block, ifd, 0x0115, 1);
	exif_block_long(block, ifd, 0x0117, sizeof(rubbish));
}

/* A directory with a preview: as an old-style JPEG, or as a strip of a compression. */
static void
add_preview(ExifBlock *block, int ifd, const Bytes *jpeg, int width, int height, int compression)
{
	exif_block_long(block, ifd, 0x00FE, 1);
	exif_block_long(block, ifd, 0x0100, width);
	exif_block_long(block, ifd, 0x0101, height);
	exif_block_short(block, ifd, 0x0103, compression ? compression : 6);
	if (compression)
		exif_block_short(block, ifd, 0x0106, 6);
	exif_block_blob(block, ifd, compression ? 0x0111 : 0x0201, jpeg->data, jpeg->length);
	exif_block_long(block, ifd, compression ? 0x0117 : 0x0202, (uint32_t) jpeg->length);
}

static Bytes
build(ExifBlock *block)
{
	Bytes		bytes;

	bytes.data = exif_block_build(block, &bytes.length);
	exif_block_free(block);
	return bytes;
}

static void
put(const char *name, Bytes bytes)
{
	picture_write(name, &bytes);
	bytes_free(&bytes);
}

/* Nikon's NEF: a small one in IFD0's place, sensor and large preview in SubIFDs.  Sony's, Samsung's: alike. */
static void
nef(const Previews *previews, const char *name, int flags, int compression)
{
	ExifBlock  *block = shot_block(&shot, flags);

	add_preview(block, EB_IFD0, &previews->small, 160, 120, 0);
	exif_block_link(block, EB_IFD0, 0x014A, 6);
	exif_block_link(block, EB_IFD0, 0x014A, 7);
	exif_block_link(block, EB_IFD0, 0x014A, 8);
	add_preview(block, 6, &previews->wide, 640, 300, 0);
	add_preview(block, 7, &previews->large, 640, 480, 0);
	add_sensor(block, 8, 32803, compression);
	put(name, build(block));
}

/* Adobe's DNG: previews as strips of compression 7, the sensor's data as lossless JPEG. */
static void
dng(const Previews *previews)
{
	static const uint8_t lossless[] = {0xFF, 0xD8, 0xFF, 0xC3, 0, 11, 14, 0x11, 0x94, 0x17, 0x70, 1, 1, 0x11, 0, 0xFF, 0xDA};
	ExifBlock  *block = shot_block(&shot, 0);

	exif_block_add(block, EB_IFD0, 0xC612, EB_BYTE, 4, "\1\4\0\0");
	add_preview(block, EB_IFD0, &previews->small, 160, 120, 7);
	exif_block_link(block, EB_IFD0, 0x014A, 6);
	exif_block_link(block, EB_IFD0, 0x014A, 7);
	exif_block_long(block, 6, 0x00FE, 0);
	exif_block_long(block, 6, 0x0100, SENSOR_WIDTH);
	exif_block_long(block, 6, 0x0101, SENSOR_HEIGHT);
	exif_block_short(block, 6, 0x0103, 7);
	exif_block_short(block, 6, 0x0106, 34892);
	exif_block_blob(block, 6, 0x0111, lossless, sizeof(lossless));
	exif_block_long(block, 6, 0x0117, sizeof(lossless));
	add_preview(block, 7, &previews->large, 640, 480, 7);
	put("photo.dng", build(block));
}

/* Canon's CR2: the large preview is IFD0, the size is in the Exif directory. */
static void
cr2(const Previews *previews)
{
	ExifBlock  *block = shot_block(&shot, 0);
	Bytes		bytes;

	exif_block_pad(block, 8);
	exif_block_long(block, EB_IFD0, 0x0100, 640);
	exif_block_long(block, EB_IFD0, 0x0101, 480);
	exif_block_short(block, EB_IFD0, 0x0103, 6);
	exif_block_blob(block, EB_IFD0, 0x0111, previews->large.data, previews->large.length);
	exif_block_long(block, EB_IFD0, 0x0117, (uint32_t) previews->large.length);
	exif_block_long(block, EB_EXIF, 0xA002, SENSOR_WIDTH);
	exif_block_long(block, EB_EXIF, 0xA003, SENSOR_HEIGHT);
	exif_block_chain(block, EB_IFD0, EB_IFD1);
	exif_block_blob(block, EB_IFD1, 0x0201, previews->small.data, previews->small.length);
	exif_block_long(block, EB_IFD1, 0x0202, (uint32_t) previews->small.length);
	bytes = build(block);
	memcpy(bytes.data + 8, "CR\2\0", 4);
	put("photo.cr2", bytes);
}

/* Olympus' ORF: another magic number, and the preview in the maker's notes, where we do not look. */
static void
orf(const Previews *previews)
{
	ExifBlock  *block = shot_block(&shot, 0);
	Bytes		bytes;

	add_sensor(block, EB_IFD0, 1, 1);
	exif_block_add(block, EB_EXIF, 0x927C, EB_UNDEFINED, previews->small.length, previews->small.data);
	exif_block_add(block, EB_EXIF, 0xFFFE, EB_UNDEFINED, previews->large.length, previews->large.data);
	bytes = build(block);
	memcpy(bytes.data, "IIRO", 4);
	put("photo.orf", bytes);
}

/* Panasonic's RW2: a magic number and tags of its own, the JPEG is the value of one. */
static void
rw2(const Previews *previews, const char *name, int flags)
{
	ExifBlock  *block = exif_block_new(flags);
	Bytes		exif = shot_exif(&shot, 0);
	Bytes		bytes;

	exif_block_short(block, EB_IFD0, 0x0002, SENSOR_WIDTH + 40);
	exif_block_short(block, EB_IFD0, 0x0003, SENSOR_HEIGHT + 20);
	exif_block_short(block, EB_IFD0, 0x0004, 4);
	exif_block_short(block, EB_IFD0, 0x0005, 8);
	exif_block_short(block, EB_IFD0, 0x0006, SENSOR_HEIGHT + 4);
	exif_block_short(block, EB_IFD0, 0x0007, SENSOR_WIDTH + 8);
	bytes.data = exif_block_into_jpeg(previews->large.data, previews->large.length, exif.data, exif.length,
									  &bytes.length);
	exif_block_add(block, EB_IFD0, 0x002E, EB_UNDEFINED, bytes.length, bytes.data);
	bytes_free(&bytes);
	exif_block_ascii(block, EB_IFD0, 0x010F, shot.make);
	exif_block_ascii(block, EB_IFD0, 0x0110, shot.model);
	exif_block_short(block, EB_IFD0, 0x0112, shot.orientation);
	bytes = build(block);
	bytes.data[flags & EB_BIG_ENDIAN ? 3 : 2] = 0x55;
	put(name, bytes);
	bytes_free(&exif);
}

static void
put_be(uint8_t *to, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t) (value >> (8 * (bytes - 1 - i)));
}

/* Fujifilm's RAF: a header with the places of a JPEG and of records. */
static void
raf(const Previews *previews)
{
	uint8_t		head[0x94] = "FUJIFILMCCD-RAW 0201FF123456";
	uint8_t		records[28] = {0};
	Bytes		exif = shot_exif(&shot, 0);
	Bytes		jpeg,
				out;

	jpeg.data = exif_block_into_jpeg(previews->large.data, previews->large.length, exif.data, exif.length,
									 &jpeg.length);
	put_be(head + 0x54, sizeof(head), 4);
	put_be(head + 0x58, (uint32_t) jpeg.length, 4);
	put_be(head + 0x5C, (uint32_t) (sizeof(head) + jpeg.length), 4);
	put_be(head + 0x60, sizeof(records), 4);
	put_be(records, 2, 4);
	put_be(records + 4, 0x0100, 2);
	put_be(records + 6, 4, 2);
	put_be(records + 8, SENSOR_HEIGHT + 32, 2);
	put_be(records + 10, SENSOR_WIDTH + 64, 2);
	put_be(records + 12, 0x0111, 2);
	put_be(records + 14, 4, 2);
	put_be(records + 16, SENSOR_HEIGHT, 2);
	put_be(records + 18, SENSOR_WIDTH, 2);
	out = bytes_copy(head, sizeof(head));
	bytes_add(&out, jpeg.data, jpeg.length);
	bytes_add(&out, records, sizeof(records));
	put("photo.raf", out);
	bytes_free(&jpeg);
	bytes_free(&exif);
}

static void
add_box(Bytes *file, const char *type, const Bytes *content)
{
	uint8_t		head[8];

	put_be(head, (uint32_t) content->length + 8, 4);
	memcpy(head + 4, type, 4);
	bytes_add(file, head, 8);
	bytes_add(file, content->data, content->length);
}

/* Canon's CR3: boxes; the directories and the small preview in one uuid, the large one in another. */
static void
cr3(const Previews *previews)
{
	static const uint8_t canon[16] = {0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A, 0x48};
	static const uint8_t preview_name[16] = {0xEA, 0xF4, 0x2B, 0x5E, 0x1C, 0x98, 0x4B, 0x88, 0xB9, 0xFB, 0xB7, 0xDC, 0x40, 0x6E, 0x4D, 0x16};
	ExifBlock  *first = exif_block_new(0);
	ExifBlock  *second = exif_block_new(0);
	Bytes		file = {0};
	Bytes		cmt1;
	Bytes		cmt2;
	Bytes		box = bytes_copy(canon, 16);
	Bytes		moov = {0};
	Bytes		content = bytes_copy("crx \0\0\0\1crx isom", 16);

	add_box(&file, "ftyp", &content);
	exif_block_long(first, EB_IFD0, 0x0100, SENSOR_WIDTH);
	exif_block_long(first, EB_IFD0, 0x0101, SENSOR_HEIGHT);
	exif_block_ascii(first, EB_IFD0, 0x010F, shot.make);
	exif_block_ascii(first, EB_IFD0, 0x0110, shot.model);
	exif_block_short(first, EB_IFD0, 0x0112, shot.orientation);
	exif_block_ascii(second, EB_IFD0, 0x9003, shot.taken);
	cmt1 = build(first);
	cmt2 = build(second);
	add_box(&box, "CMT1", &cmt1);
	add_box(&box, "CMT2", &cmt2);
	bytes_free(&content);
	content = bytes_copy("\0\0\0\0\0\xA0\0\x78\0\0\0\0\0\1\0\0", 16);
	bytes_add(&content, previews->small.data, previews->small.length);
	add_box(&box, "THMB", &content);
	add_box(&moov, "uuid", &box);
	add_box(&file, "moov", &moov);

	bytes_free(&box);
	bytes_free(&content);
	box = bytes_copy(preview_name, 16);
	bytes_add(&box, "\0\0\0\0\0\0\0\1", 8);
	content = bytes_copy("\0\0\0\0\0\1\2\x80\1\xE0\0\1\0\0\0\0", 16);
	bytes_add(&content, previews->large.data, previews->large.length);
	add_box(&box, "PRVW", &content);
	add_box(&file, "uuid", &box);
	put("photo.cr3", file);
	bytes_free(&box);
	bytes_free(&content);
	bytes_free(&moov);
	bytes_free(&cmt1);
	bytes_free(&cmt2);
}

/* Minolta's MRW: the maker note says where the preview is, whose first byte is not that of a JPEG. */
static void
mrw(const Previews *previews)
{
	static const uint8_t note[] = {0, 2, 0, 0x88, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x89, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	const OlderRaw raw = {.width = SENSOR_WIDTH, .height = SENSOR_HEIGHT};
	ExifBlock  *block = shot_block(&shot, EB_BIG_ENDIAN);
	Bytes		jpeg = bytes_copy(previews->large.data, previews->large.length);
	Bytes		tiff;
	uint8_t    *in_tiff;

	jpeg.data[0] = 'Z';
	exif_block_add(block, EB_EXIF, 0x927C, EB_UNDEFINED, sizeof(note), note);
	exif_block_add(block, EB_EXIF, 0xFFFE, EB_UNDEFINED, jpeg.length, jpeg.data);
	exif_block_chain(block, EB_IFD0, EB_IFD1);
	exif_block_blob(block, EB_IFD1, 0x0201, previews->small.data, previews->small.length);
	exif_block_long(block, EB_IFD1, 0x0202, (uint32_t) previews->small.length);
	tiff = build(block);
	in_tiff = memmem(tiff.data, tiff.length, note, sizeof(note));
	put_be(in_tiff + 10, (uint32_t) ((uint8_t *) memmem(tiff.data, tiff.length, jpeg.data, jpeg.length) - tiff.data), 4);
	put_be(in_tiff + 22, (uint32_t) jpeg.length, 4);
	put("photo.mrw", mrw_build(&raw, &tiff));
	bytes_free(&jpeg);
	bytes_free(&tiff);
}

/* Canon's CRW and Sigma's X3F: EXIF in a structure of the maker's, or in the preview. */
static void
others(const Previews *previews)
{
	OlderRaw	raw = {shot.make, shot.model, TAKEN, SENSOR_WIDTH, SENSOR_HEIGHT, 90, previews->large, previews->small};
	Bytes		exif = shot_exif(&shot, 0);
	Bytes		jpeg;

	put("photo.crw", crw_build(&raw, false));
	put("big-endian.crw", crw_build(&raw, true));
	put("properties.x3f", x3f_build(&raw, 2));
	put("no-jpeg.x3f", x3f_uncompressed(&raw));
	jpeg.data = exif_block_into_jpeg(previews->large.data, previews->large.length, exif.data, exif.length, &jpeg.length);
	raw = (OlderRaw) {.width = SENSOR_WIDTH, .height = SENSOR_HEIGHT, .rotation = 90, .large = jpeg, .small = previews->small};
	put("photo.x3f", x3f_build(&raw, 4));
	bytes_free(&jpeg);
	bytes_free(&exif);
}

void
make_raw_set(void)
{
	Previews	previews = {preview(640, 480, false), preview(160, 120, true), preview(640, 300, true)};
	Shot		turned = shot;
	Canvas		scene,
				stored;
	ExifBlock  *block;

	turned.orientation = 0;		/* tiff_with_exif writes it */
	nef(&previews, "photo.nef", EB_BIG_ENDIAN, 34713);
	nef(&previews, "photo.arw", 0, 32767);
	nef(&previews, "photo.srw", 0, 32770);
	dng(&previews);
	cr2(&previews);
	orf(&previews);
	rw2(&previews, "photo.rw2", 0);
	rw2(&previews, "big-endian.rw2", EB_BIG_ENDIAN);
	raf(&previews);
	cr3(&previews);
	mrw(&previews);
	others(&previews);

	/* one whose only preview is not a JPEG */
	scene = scene_test(480, 640);
	stored = scene_as_stored(&scene, 6);
	block = shot_block(&turned, 0);
	exif_block_add(block, EB_IFD0, 0xC612, EB_BYTE, 4, "\1\4\0\0");
	exif_block_long(block, EB_IFD0, 0x00FE, 1);
	exif_block_link(block, EB_IFD0, 0x014A, 6);
	add_sensor(block, 6, 32803, 1);
	put("plain.dng", tiff_with_exif(&stored, block, 6));
	exif_block_free(block);
	canvas_free(&scene);
	canvas_free(&stored);

	/* one that has no preview at all */
	block = shot_block(&shot, 0);
	add_sensor(block, EB_IFD0, 32803, 65535);
	put("no-preview.pef", build(block));
	bytes_free(&previews.large);
	bytes_free(&previews.small);
	bytes_free(&previews.wide);
}
