/*
 * older_raw.c
 *		Builds CRW, MRW, X3F and the boxes of JPEG 2000.
 */
#include "older_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put(uint8_t *to, uint32_t value, int bytes, bool big_endian)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t) (value >> (8 * (big_endian ? bytes - 1 - i : i)));
}

static void
add_number(Bytes *to, uint32_t value, int bytes, bool big_endian)
{
	uint8_t		number[4];

	put(number, value, bytes, big_endian);
	bytes_add(to, number, (size_t) bytes);
}

/* --- CRW */

typedef struct Heap
{
	bool		big_endian;
	Bytes		values;
	Bytes		directory;
	int			count;
} Heap;

static void
heap_add(Heap *heap, uint16_t number, const void *data, size_t length)
{
	add_number(&heap->directory, number, 2, heap->big_endian);
	add_number(&heap->directory, (uint32_t) length, 4, heap->big_endian);
	add_number(&heap->directory, (uint32_t) heap->values.length, 4, heap->big_endian);
	bytes_add(&heap->values, data, length);
	heap->count++;
}

static void
heap_add_numbers(Heap *heap, uint16_t number, const uint32_t *numbers, int count)
{
	Bytes		bytes = {0};

	for (int i = 0; i < count; i++)
		add_number(&bytes, numbers[i], 4, heap->big_endian);
	if (count == 2)				/* in the entry itself */
	{
		add_number(&heap->directory, number | 0x4000, 2, heap->big_endian);
		bytes_add(&heap->directory, bytes.data, bytes.length);
		heap->count++;
	}
	else
		heap_add(heap, number, bytes.data, bytes.length);
	bytes_free(&bytes);
}

static Bytes
heap_end(Heap *heap)
{
	Bytes		bytes = heap->values;
	uint32_t	at = (uint32_t) bytes.length;

	add_number(&bytes, (uint32_t) heap->count, 2, heap->big_endian);
	bytes_add(&bytes, heap->directory.data, heap->directory.length);
	add_number(&bytes, at, 4, heap->big_endian);
	bytes_free(&heap->directory);
	return bytes;
}

static uint32_t
float_bits(float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* The heap of what a camera says about the picture. */
static Bytes
crw_properties(const OlderRaw *raw, bool big_endian)
{
	Heap		camera = {big_endian},
				properties = {big_endian};
	Bytes		names = {0},
				inner;
	const uint32_t image[7] = {raw->width, raw->height, float_bits(1), (uint32_t) raw->rotation, 8, 24, 1};
	const uint32_t exposure[3] = {float_bits(1.0f / 3), float_bits(8), float_bits(5)};
	const uint32_t time[2] = {raw->time, 0};

	if (raw->make)
	{
		bytes_add(&names, raw->make, strlen(raw->make) + 1);
		bytes_add(&names, raw->model, strlen(raw->model) + 1);
		heap_add(&camera, 0x080A, names.data, names.length);
	}
	heap_add(&camera, 0x080B, "Firmware 1", 11);
	inner = heap_end(&camera);
	heap_add(&properties, 0x2807, inner.data, inner.length);
	heap_add_numbers(&properties, 0x1810, image, 7);
	heap_add_numbers(&properties, 0x1818, exposure, 3);
	if (raw->time)
		heap_add_numbers(&properties, 0x180E, time, 2);
	bytes_free(&inner);
	bytes_free(&names);
	return heap_end(&properties);
}

Bytes
crw_build(const OlderRaw *raw, bool big_endian)
{
	Heap		root = {big_endian};
	Bytes		file = bytes_copy(big_endian ? "MM" : "II", 2);
	Bytes		properties = crw_properties(raw, big_endian);
	Bytes		heap;
	static const uint8_t rest[12];

	heap_add(&root, 0x2005, "no pixels", 9);
	if (raw->large.length)
		heap_add(&root, 0x2007, raw->large.data, raw->large.length);
	if (raw->small.length)
		heap_add(&root, 0x2008, raw->small.data, raw->small.length);
	heap_add(&root, 0x300A, properties.data, properties.length);
	heap = heap_end(&root);
	add_number(&file, 26, 4, big_endian);
	bytes_add(&file, "HEAPCCDR", 8);
	bytes_add(&file, rest, sizeof(rest));
	bytes_add(&file, heap.data, heap.length);
	bytes_free(&properties);
	bytes_free(&heap);
	return file;
}

/* --- MRW */

Bytes
mrw_build(const OlderRaw *raw, const Bytes *tiff)
{
	Bytes		file = bytes_copy("\0MRM\0\0\0\0\0PRD\0\0\0\x18" "27820001", 24);

	add_number(&file, raw->height + 20, 2, true);
	add_number(&file, raw->width + 12, 2, true);
	add_number(&file, raw->height, 2, true);
	add_number(&file, raw->width, 2, true);
	file.data[15] = 16;			/* a block of that length */
	bytes_add(&file, "\0TTW", 4);
	add_number(&file, (uint32_t) tiff->length, 4, true);
	bytes_add(&file, tiff->data, tiff->length);
	put(file.data + 4, (uint32_t) file.length - 8, 4, true);
	bytes_add(&file, "no pixels", 9);
	return file;
}

/* --- X3F */

typedef struct Sections
{
	Bytes		file;
	Bytes		directory;
	int			count;
} Sections;

static Sections
x3f_begin(const OlderRaw *raw, int version)
{
	Sections	sections = {bytes_copy("FOVb", 4)};
	static const uint8_t zeros[0x300];
	size_t		length = version >= 4 ? 0x300 : 72 + 160;
	uint8_t    *sizes;

	bytes_add(&sections.file, zeros, length - 4);
	sizes = sections.file.data + (version >= 4 ? 40 : 28);
	put(sections.file.data + 6, (uint32_t) version, 2, false);
	put(sizes, raw->width, 4, false);
	put(sizes + 4, raw->height, 4, false);
	put(sizes + 8, (uint32_t) raw->rotation, 4, false);
	return sections;
}

static void
x3f_add(Sections *sections, const char *type, const Bytes *data)
{
	add_number(&sections->directory, (uint32_t) sections->file.length, 4, false);
	add_number(&sections->directory, (uint32_t) data->length, 4, false);
	bytes_add(&sections->directory, type, 4);
	bytes_add(&sections->file, data->data, data->length);
	sections->count++;
}

static void
x3f_add_image(Sections *sections, const char *type, int kind, int format, const Bytes *data)
{
	Bytes		image = bytes_copy("SECi\0\0\2\0", 8);

	add_number(&image, (uint32_t) kind, 4, false);
	add_number(&image, (uint32_t) format, 4, false);
	bytes_add(&image, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
	bytes_add(&image, data->data, data->length);
	x3f_add(sections, type, &image);
	bytes_free(&image);
}

static void
x3f_add_properties(Sections *sections, const OlderRaw *raw)
{
	char		time[16];
	const char *texts[][2] = {
		{"AEMODE", "8"}, {"APERTURE", "8.00000000"}, {"CAMMANUF", raw->make}, {"CAMMODEL", raw->model}, {"FLENGTH", "24.2"},
		{"ISO", "100"}, {"SHUTTER", "0.00400000"}, {"TIME", time}
	};
	Bytes		section = bytes_copy("SECp\0\0\2\0", 8);
	Bytes		characters = {0};
	Bytes		entries = {0};
	int			count = 0;

	snprintf(time, sizeof(time), "%u", raw->time);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		if (!texts[i][1])
			continue;
		count++;
		for (int j = 0; j < 2; j++)
		{
			add_number(&entries, (uint32_t) characters.length / 2, 4, false);
			for (const char *c = texts[i][j];; c++)
			{
				add_number(&characters, (uint8_t) *c, 2, false);
				if (!*c)
					break;
			}
		}
	}
	add_number(&section, (uint32_t) count, 4, false);
	add_number(&section, 0, 4, false);
	add_number(&section, 0, 4, false);
	add_number(&section, (uint32_t) characters.length / 2, 4, false);
	bytes_add(&section, entries.data, entries.length);
	bytes_add(&section, characters.data, characters.length);
	x3f_add(sections, "PROP", &section);
	bytes_free(&section);
	bytes_free(&characters);
	bytes_free(&entries);
}

static Bytes
x3f_end(Sections *sections)
{
	uint32_t	at = (uint32_t) sections->file.length;

	bytes_add(&sections->file, "SECd\0\0\2\0", 8);
	add_number(&sections->file, (uint32_t) sections->count, 4, false);
	bytes_add(&sections->file, sections->directory.data, sections->directory.length);
	add_number(&sections->file, at, 4, false);
	bytes_free(&sections->directory);
	return sections->file;
}

Bytes
x3f_build(const OlderRaw *raw, int version)
{
	Sections	sections = x3f_begin(raw, version);
	static const Bytes sensor = {(uint8_t *) "no pixels", 9};

	x3f_add_properties(&sections, raw);
	x3f_add_image(&sections, "IMAG", 2, 3, &sensor);
	if (raw->small.length)
		x3f_add_image(&sections, "IMA2", 2, 18, &raw->small);
	if (raw->large.length)
		x3f_add_image(&sections, "IMA2", 2, 18, &raw->large);
	x3f_add_image(&sections, "IMAG", 1, 6, &sensor);
	return x3f_end(&sections);
}

Bytes
x3f_uncompressed(const OlderRaw *raw)
{
	OlderRaw	bare = *raw;

	bare.large.length = bare.small.length = 0;
	return x3f_build(&bare, 2);
}

/* --- JPEG 2000 */

static void
add_box(Bytes *file, const char *type, const void *data, size_t length)
{
	add_number(file, (uint32_t) length + 8, 4, true);
	bytes_add(file, type, 4);
	bytes_add(file, data, length);
}

Bytes
jp2_build(const Bytes *stream, int width, int height, const Bytes *exif)
{
	Bytes		file = {0},
				header = {0},
				size = {0};
	const uint8_t *at = stream ? memmem(stream->data, stream->length, "\xFF\x4F\xFF\x51", 4) : NULL;

	add_box(&file, "jP  ", "\r\n\x87\n", 4);
	add_box(&file, "ftyp", "jp2 \0\0\0\0jp2 ", 12);
	add_number(&size, (uint32_t) height, 4, true);
	add_number(&size, (uint32_t) width, 4, true);
	bytes_add(&size, "\0\3\7\7\0\0", 6);
	add_box(&header, "ihdr", size.data, size.length);
	add_box(&header, "colr", "\1\0\0\0\0\0\x10", 7);
	add_box(&file, "jp2h", header.data, header.length);
	bytes_free(&header);
	if (exif)
	{
		header = bytes_copy("JpgTiffExif->JP2", 16);
		bytes_add(&header, exif->data, exif->length);
		add_box(&file, "uuid", header.data, header.length);
	}
	if (at)
		add_box(&file, "jp2c", at, (size_t) (stream->data + stream->length - at));
	bytes_free(&size);
	bytes_free(&header);
	return file;
}
