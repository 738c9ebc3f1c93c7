/*
 * test_exif_containers.c
 *		Tests that the same EXIF gives the same result in every container, and that truncated and
 *		inconsistent containers are read without harm.
 */
#include <stdlib.h>

#include "exif/exif.h"
#include "test/pictures/exif_wrap.h"
#include "test/pictures/older_raw.h"
#include "test/unit/exif_cases.h"
#include "test/unit/tap.h"

static TeFormat
format_of(ExifWrap how)
{
	return how <= WRAP_JPEG_UPPER ? TE_FORMAT_JPEG : how <= WRAP_PNG_ITEXT ? TE_FORMAT_PNG :
		how <= WRAP_WEBP_HEADER ? TE_FORMAT_WEBP : how < WRAP_AVIF ? TE_FORMAT_HEIC :
		how == WRAP_AVIF ? TE_FORMAT_AVIF : how <= WRAP_JXL_BROTLI ? TE_FORMAT_JXL :
		how < WRAP_JP2 ? TE_FORMAT_RAW : TE_FORMAT_JP2;
}

static void
same(const ExifResult *expected, TeFormat format, const Bytes *file, const char *what)
{
	ExifResult	result = {0};
	char		title[200];

	exif_read(format, file->data, file->length, true, &result);
	is_int(result.status, TE_EXIF_FOUND, what);
	snprintf(title, sizeof(title), "%s: JSON", what);
	is_text(result.json, expected->json, title);
	ok(memcmp(&result.taken_at, &expected->taken_at, sizeof(TeTime)) == 0 &&
	   result.latitude == expected->latitude && result.longitude == expected->longitude &&
	   strcmp(result.make, expected->make) == 0 && strcmp(result.model, expected->model) == 0,
	   "%s: columns", what);
	is_int(exif_orientation(format, file->data, file->length), 6, "its orientation");
	exif_result_free(&result);
}

/* Every length of it, from nothing to all: no read beyond the end, and an answer. */
static void
cut(TeFormat format, const Bytes *file, const char *what)
{
	int			found = 0;

	for (size_t length = 0; length < file->length; length++)
	{
		ExifResult	result = {0};
		uint8_t    *part = malloc(length ? length : 1);

		memcpy(part, file->data, length);
		exif_read(format, part, length, true, &result);
		exif_orientation(format, part, length);
		found += result.status == TE_EXIF_FOUND;
		exif_result_free(&result);
		free(part);
	}
	ok(found < (int) file->length, "%s: cut anywhere", what);
}

static uint8_t *
sample(int flags, int magic, size_t *length)
{
	ExifBlock  *block = exif_block_new(flags);
	uint8_t    *built;

	exif_block_pad(block, 8);
	exif_sample(block);
	built = exif_block_build(block, length);
	exif_block_free(block);
	if (magic)
	{
		built[2] = (uint8_t) (flags & EB_BIG_ENDIAN ? magic >> 8 : magic);
		built[3] = (uint8_t) (flags & EB_BIG_ENDIAN ? magic : magic >> 8);
	}
	return built;
}

/* TIFF, BigTIFF and RAW files that are TIFF under another number. */
static void
test_tiff(const ExifResult *expected)
{
	static const struct
	{
		const char *what;
		int			flags,
					magic;
	}			kinds[] = {
		{"TIFF", 0, 0}, {"big-endian TIFF", EB_BIG_ENDIAN, 0}, {"BigTIFF", EB_BIGTIFF, 0},
		{"big-endian BigTIFF", EB_BIGTIFF | EB_BIG_ENDIAN, 0}, {"ORF", 0, 0x4F52},
		{"other ORF", 0, 0x5352}, {"big-endian ORF", EB_BIG_ENDIAN, 0x4F52}
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		Bytes		file = {0};

		file.data = sample(kinds[i].flags, kinds[i].magic, &file.length);
		same(expected, kinds[i].magic ? TE_FORMAT_RAW : TE_FORMAT_TIFF, &file, kinds[i].what);
		cut(TE_FORMAT_TIFF, &file, kinds[i].what);
		bytes_free(&file);
	}
}

/* The directories of a CR3 are blocks of their own. */
static void
test_cr3(void)
{
	ExifBlock  *block[3];
	Bytes		part[3] = {{0}};
	ExifResult	result = {0};
	Bytes		file;
	static const uint32_t degrees[] = {48858400, 1000000};

	for (int i = 0; i < 3; i++)
		block[i] = exif_block_new(0);
	exif_block_ascii(block[0], EB_IFD0, 0x010F, "Canon");
	exif_block_ascii(block[1], EB_IFD0, 0x9003, "2024:05:06 07:08:09");
	exif_block_ascii(block[2], EB_IFD0, 1, "N");
	exif_block_add(block[2], EB_IFD0, 2, EB_RATIONAL, 1, degrees);
	exif_block_ascii(block[2], EB_IFD0, 3, "W");
	exif_block_add(block[2], EB_IFD0, 4, EB_RATIONAL, 1, degrees);
	for (int i = 0; i < 3; i++)
	{
		part[i].data = exif_block_build(block[i], &part[i].length);
		exif_block_free(block[i]);
	}
	file = exif_wrap_cr3(&part[0], &part[1], &part[2]);
	exif_read(TE_FORMAT_RAW, file.data, file.length, true, &result);
	is_text(result.json, "{\"DateTimeOriginal\":\"2024:05:06 07:08:09\",\"Make\":\"Canon\","
			"\"GPSLatitudeRef\":\"N\",\"GPSLatitude\":48.8584,\"GPSLongitudeRef\":\"W\",\"GPSLongitude\":48.8584}",
			"CR3: JSON");
	ok(result.has_taken_at && result.taken_at.year == 2024, "CR3: time");
	ok(result.has_gps && result.latitude == 48.8584 && result.longitude == -48.8584, "CR3: place");
	exif_result_free(&result);

	memset(&result, 0, sizeof(result));
	exif_read(TE_FORMAT_RAW, file.data, file.length, false, &result);
	ok(!result.has_gps && strstr(result.json, "GPS") == NULL, "CR3: without GPS");
	exif_result_free(&result);
	cut(TE_FORMAT_RAW, &file, "CR3");
	bytes_free(&file);
	for (int i = 0; i < 3; i++)
		bytes_free(&part[i]);
}

/* Panasonic's own tags, with the rest in the JPEG inside. */
static void
test_rw2(int flags)
{
	ExifBlock  *block = exif_block_new(flags);
	ExifResult	result = {0};
	size_t		inner_length;
	uint8_t    *inner = sample(0, 0, &inner_length);
	Bytes		jpeg = exif_wrap(WRAP_JPEG, inner, inner_length);
	Bytes		file = {0};

	exif_block_short(block, EB_IFD0, 0x0002, 4060);
	exif_block_short(block, EB_IFD0, 0x0011, 640);
	exif_block_add(block, EB_IFD0, 0x002E, EB_UNDEFINED, jpeg.length, jpeg.data);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Panasonic");
	exif_block_short(block, EB_IFD0, 0x0120, 1);
	file.data = exif_block_build(block, &file.length);
	file.data[flags & EB_BIG_ENDIAN ? 3 : 2] = 0x55;
	exif_read(TE_FORMAT_RAW, file.data, file.length, true, &result);
	is_text(result.make, "Panasonic", "RW2: its own make");
	is_text(result.model, "Fictor X100", "RW2: the model of the JPEG inside");
	ok(strstr(result.json, "\"SensorWidth\":4060") && strstr(result.json, "\"RedBalance\":2.5"),
	   "RW2: its own tags");
	ok(result.has_taken_at && result.has_gps, "RW2: time and place of the JPEG inside");
	exif_result_free(&result);
	free(inner);
	bytes_free(&jpeg);
	bytes_free(&file);
	exif_block_free(block);
}

/* What a file says by other means than EXIF, as JSON and columns. */
static void
says(const Bytes *file, const char *what, const char *json, const char *model, int orientation)
{
	ExifResult	result = {0};

	exif_read(TE_FORMAT_RAW, file->data, file->length, true, &result);
	is_text(result.json, json, what);
	is_text(result.model, model, what);
	ok(result.has_taken_at == (strstr(json, "DateTimeOriginal") != NULL), "%s: a time if it says one", what);
	ok(!result.has_taken_at || (result.taken_at.year == 2024 && result.taken_at.month == 2 && result.taken_at.day == 29 &&
								result.taken_at.hour == 23 && result.taken_at.minute == 59 && result.taken_at.second == 58 &&
								!result.taken_at.has_offset), "%s: the right one", what);
	is_int(exif_orientation(TE_FORMAT_RAW, file->data, file->length), orientation, what);
	exif_result_free(&result);
}

#define LEAP_DAY	1709251198	/* 2024-02-29 23:59:58 */

static void
test_crw(void)
{
	OlderRaw	raw = {"Canon", "Canon EOS 10D", LEAP_DAY, 3072, 2048, 270};

	for (int big_endian = 0; big_endian < 2; big_endian++)
	{
		Bytes		file = crw_build(&raw, big_endian);

		says(&file, "CRW", "{\"DateTimeOriginal\":\"2024:02:29 23:59:58\",\"ExposureBiasValue\":0.33333334,\"ShutterSpeedValue\":8,"
			 "\"ApertureValue\":5,\"Make\":\"Canon\",\"Model\":\"Canon EOS 10D\",\"Orientation\":8}", "Canon EOS 10D", 8);
		cut(TE_FORMAT_RAW, &file, "CRW");
		bytes_free(&file);
	}
	raw = (OlderRaw) {.width = 3072, .height = 2048, .rotation = 45};
	for (int big_endian = 0; big_endian < 2; big_endian++)
	{
		Bytes		file = crw_build(&raw, big_endian);

		says(&file, "CRW without names and time, held askew", "{\"ExposureBiasValue\":0.33333334,\"ShutterSpeedValue\":8,\"ApertureValue\":5}", "", 1);
		bytes_free(&file);
	}
}

/* Without EXIF in a preview: the properties. */
static void
test_x3f(void)
{
	OlderRaw	raw = {"SIGMA", "SIGMA SD10", LEAP_DAY, 2268, 1512, 90};
	Bytes		file = x3f_build(&raw, 2);

	says(&file, "X3F", "{\"ExposureTime\":0.004,\"FNumber\":8,\"FocalLength\":24.2,\"ISOSpeedRatings\":100,"
		 "\"DateTimeOriginal\":\"2024:02:29 23:59:58\",\"Make\":\"SIGMA\",\"Model\":\"SIGMA SD10\",\"Orientation\":6}", "SIGMA SD10", 6);
	cut(TE_FORMAT_RAW, &file, "X3F");
	bytes_free(&file);
}

/* A directory that claims more entries than there is room for: those before the first bad one. */
static void
test_lying_count(void)
{
	ExifResult	result = {0};
	size_t		length;
	uint8_t    *built = sample(0, 0, &length);
	size_t		first = built[4];

	built[first] = built[first + 1] = 0xFF;
	exif_read(TE_FORMAT_TIFF, built, length, true, &result);
	is_int(result.status, TE_EXIF_FOUND, "a count that lies");
	ok(result.json && strstr(result.json, "\"Orientation\":6"), "its good entries");
	exif_result_free(&result);
	free(built);
}

static void
expect(TeFormat format, const char *bytes, size_t length, TeExifStatus status, const char *what)
{
	ExifResult	result = {0};
	uint8_t    *copy = malloc(length ? length : 1);

	memcpy(copy, bytes, length);
	exif_read(format, copy, length, true, &result);
	is_int(result.status, status, what);
	ok((result.error[0] != '\0') == (status == TE_EXIF_ERROR), "a reason for it");
	ok(result.json == NULL, "and no JSON");
	exif_result_free(&result);
	free(copy);
}

#define EXPECT(format, literal, status, what) expect(format, literal, sizeof(literal) - 1, status, what)

static void
test_without(void)
{
	EXPECT(TE_FORMAT_JPEG, "", TE_EXIF_NONE, "nothing at all");
	EXPECT(TE_FORMAT_JPEG, "\xFF\xD8\xFF\xD9", TE_EXIF_NONE, "a JPEG without EXIF");
	EXPECT(TE_FORMAT_JPEG, "\xFF\xD8\xFF\xE1\0\x12" "Exif\0\0rubbish!!!\xFF\xD9", TE_EXIF_ERROR, "an EXIF block of rubbish");
	EXPECT(TE_FORMAT_JPEG, "\xFF\xD8\xFF\xE1\0\x10" "Exif\0\0II*\0\x99\0\0\0\xFF\xD9", TE_EXIF_ERROR, "a directory outside");
	EXPECT(TE_FORMAT_JPEG, "\xFF\xD8\xFF\xE1\0\x16" "Exif\0\0II*\0\x8\0\0\0\0\0\0\0\0\0\xFF\xD9", TE_EXIF_NONE, "an empty directory");
	EXPECT(TE_FORMAT_JPEG, "\xFF\xD8\xFF\xE1\0\x7F" "Exif\0\0II*\0", TE_EXIF_ERROR, "a segment that is cut");
	EXPECT(TE_FORMAT_PNG, "\x89PNG\r\n\x1A\n\0\0\0\0IEND\0\0\0\0", TE_EXIF_NONE, "a PNG without EXIF");
	EXPECT(TE_FORMAT_PNG, "\x89PNG\r\n\x1A\n\0\0\1\0eXIf\0\0\0\0", TE_EXIF_ERROR, "a chunk that is cut");
	EXPECT(TE_FORMAT_PNG, "\x89PNG\r\n\x1A\n\0\0\0\x1AzTXtRaw profile type exif\0\0rub\0\0\0\0", TE_EXIF_ERROR, "a text that does not unpack");
	EXPECT(TE_FORMAT_WEBP, "RIFF\0\0\0\0WEBP", TE_EXIF_NONE, "a WebP without EXIF");
	EXPECT(TE_FORMAT_WEBP, "RIFF\0\0\0\0WEBPEXIF\xFF\0\0\0", TE_EXIF_ERROR, "a WebP chunk that is cut");
	EXPECT(TE_FORMAT_JXL, "\xFF\x0A", TE_EXIF_NONE, "a bare codestream");
	EXPECT(TE_FORMAT_JXL, "\0\0\0\x0CJXL \r\n\x87\n\0\0\0\x10" "brobExifrubb", TE_EXIF_ERROR, "Brotli that does not unpack");
	EXPECT(TE_FORMAT_RAW, "no format we know", TE_EXIF_NONE, "no format we know");
	EXPECT(TE_FORMAT_GIF, "GIF89aII*\0", TE_EXIF_NONE, "a format that has no EXIF");
	EXPECT(TE_FORMAT_TIFF, "II*\0\xFF\xFF\xFF\xFF", TE_EXIF_ERROR, "a TIFF without a directory");
	EXPECT(TE_FORMAT_RAW, "II\x1A\0\0\0HEAPCCDR\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xFF\0\0", TE_EXIF_ERROR, "a CRW without its directory");
	EXPECT(TE_FORMAT_RAW, "\0MRM\0\0\0\x08\0WBG\0\0\0\0", TE_EXIF_ERROR, "an MRW without EXIF");
	EXPECT(TE_FORMAT_RAW, "FOVb\0\0\2\0 and not enough for a header, but a bit more", TE_EXIF_ERROR, "an X3F without its directory");
	EXPECT(TE_FORMAT_JP2, "\0\0\0\x0CjP  \r\n\x87\n", TE_EXIF_NONE, "a JPEG 2000 without EXIF");
	EXPECT(TE_FORMAT_JP2, "\0\0\0\x0CjP  \r\n\x87\n\0\0\0\x7FuuidJpgTiffExif->JP2II*\0", TE_EXIF_ERROR, "a JPEG 2000 box that is cut");
	EXPECT(TE_FORMAT_JP2, "\xFF\x4F\xFF\x51\0\x29", TE_EXIF_NONE, "a bare codestream of JPEG 2000");
	EXPECT(TE_FORMAT_PNM, "P5 1 1 255 x", TE_EXIF_NONE, "a PGM");
}

int
main(void)
{
	size_t		length;
	uint8_t    *built = sample(0, 0, &length);
	Bytes		plain = exif_wrap(WRAP_JPEG, built, length);
	ExifResult	expected = {0};

	exif_read(TE_FORMAT_JPEG, plain.data, plain.length, true, &expected);
	ok(expected.has_gps && expected.has_taken_at && expected.json, "the sample is whole");
	for (int how = 0; how <= WRAP_LAST; how++)
	{
		Bytes		file = exif_wrap((ExifWrap) how, built, length);

		same(&expected, format_of((ExifWrap) how), &file, exif_wrap_name((ExifWrap) how));
		cut(format_of((ExifWrap) how), &file, exif_wrap_name((ExifWrap) how));
		bytes_free(&file);
	}
	test_tiff(&expected);
	test_cr3();
	test_rw2(0);
	test_rw2(EB_BIG_ENDIAN);
	test_crw();
	test_x3f();
	test_lying_count();
	test_without();
	free(expected.json);
	free(built);
	bytes_free(&plain);
	return done_testing();
}
