/*
 * exif_cases_value.c
 *		Cases of values of all types.
 */
#include "test/unit/exif_cases.h"

#define UINTS(...) (const uint32_t[]){__VA_ARGS__}
#define INTS(...) (const int32_t[]){__VA_ARGS__}
#define SHORTS(...) (const uint16_t[]){__VA_ARGS__}

static void
numbers(ExifBlock *block)
{
	static const int8_t sbytes[] = {-128, 127};
	static const int16_t sshorts[] = {-32768, 32767};
	static const float single = 0.1f;
	static const double twice = 0.1;
	static const double odd[] = {1e300, -2.5e-10, 1.0 / 3};

	exif_block_short(block, EB_IFD0, 0x0112, 6);
	exif_block_long(block, EB_IFD0, 0x0100, 4294967295u);
	exif_block_add(block, EB_IFD0, 0x0102, EB_SHORT, 3, SHORTS(8, 8, 65535));
	exif_block_add(block, EB_IFD0, 0xC612, EB_BYTE, 4, "\1\4\0\0");
	exif_block_add(block, EB_IFD0, 0xD001, EB_SBYTE, 2, sbytes);
	exif_block_add(block, EB_IFD0, 0xD002, EB_SSHORT, 2, sshorts);
	exif_block_add(block, EB_IFD0, 0xD003, EB_SLONG, 2, INTS(-2147483647 - 1, 2147483647));
	exif_block_add(block, EB_IFD0, 0xD004, EB_FLOAT, 1, &single);
	exif_block_add(block, EB_IFD0, 0xD005, EB_DOUBLE, 1, &twice);
	exif_block_add(block, EB_IFD0, 0xD006, EB_DOUBLE, 3, odd);
	exif_block_add(block, EB_IFD0, 0xD007, EB_IFD, 1, UINTS(77));
}

static void
no_numbers(ExifBlock *block)
{
	static const uint64_t doubles[] = {0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000001};
	static const uint32_t singles[] = {0x7F800000, 0xFFC00000};

	link_exif(block);
	exif_block_rational(block, EB_EXIF, 0x829A, 0, 0);
	exif_block_rational(block, EB_EXIF, 0x829D, 28, 0);
	exif_block_add(block, EB_EXIF, 0xA432, EB_RATIONAL, 4, UINTS(24, 1, 70, 1, 0, 0, 28, 10));
	exif_block_add(block, EB_EXIF, 0xD001, EB_DOUBLE, 3, doubles);
	exif_block_add(block, EB_EXIF, 0xD002, EB_FLOAT, 2, singles);
}

static void
rationals(ExifBlock *block)
{
	link_exif(block);
	exif_block_rational(block, EB_EXIF, 0x829A, 1, 3);
	exif_block_rational(block, EB_EXIF, 0x829D, 28, 10);
	exif_block_rational(block, EB_EXIF, 0x9206, 4294967295u, 1);
	exif_block_rational(block, EB_EXIF, 0xA404, 4294967295u, 4294967294u);
	exif_block_rational(block, EB_EXIF, 0x920A, 500, 10);
	exif_block_add(block, EB_EXIF, 0x9203, EB_SRATIONAL, 1, INTS(-7, 2));
	exif_block_add(block, EB_EXIF, 0x9201, EB_SRATIONAL, 1, INTS(-2147483647 - 1, -1));
	exif_block_add(block, EB_EXIF, 0x9204, EB_RATIONAL, 1, INTS(-1, 3));
	exif_block_rational(block, EB_EXIF, 0x9202, 5, 1);
	exif_block_rational(block, EB_EXIF, 0x9102, 1, 4294967295u);
}

static void
names(ExifBlock *block)
{
	link_exif(block);
	exif_block_short(block, EB_IFD0, 0x0101, 1);
	exif_block_long(block, EB_IFD0, 0x00FE, 2);
	exif_block_ascii(block, EB_IFD0, 0x0132, "2024:01:01 00:00:00");
	exif_block_ascii(block, EB_IFD0, 0x013C, "host");
	exif_block_ascii(block, EB_IFD0, 0xC614, "camera");
	exif_block_short(block, EB_EXIF, 0x8827, 3);
	exif_block_long(block, EB_EXIF, 0x8833, 4);
	exif_block_long(block, EB_EXIF, 0x8834, 5);
	exif_block_ascii(block, EB_EXIF, 0x9290, "6");
	exif_block_short(block, EB_EXIF, 0xA002, 7);
	exif_block_short(block, EB_EXIF, 0xA405, 8);
	exif_block_ascii(block, EB_EXIF, 0xA430, "owner");
	exif_block_ascii(block, EB_EXIF, 0xA436, "title");
	exif_block_short(block, EB_EXIF, 0x9FFF, 9);
}

/* Bytes that are numbers, text, or too many. */
static void
bytes(ExifBlock *block)
{
	static uint8_t many[3000];
	static const uint8_t version[] = {'0', '2', '3', '2'};

	link_exif(block);
	many[7] = 1;
	exif_block_add(block, EB_EXIF, 0x9000, EB_UNDEFINED, 4, version);
	exif_block_add(block, EB_EXIF, 0x9101, EB_UNDEFINED, 4, "\1\2\3\0");
	exif_block_add(block, EB_EXIF, 0xA300, EB_UNDEFINED, 1, "\3");
	exif_block_add(block, EB_EXIF, 0xA301, EB_UNDEFINED, 1, "\1");
	exif_block_add(block, EB_EXIF, 0x927C, EB_UNDEFINED, sizeof(many), many);
	exif_block_add(block, EB_EXIF, 0xD001, EB_UNDEFINED, sizeof(many), many);
	exif_block_add(block, EB_EXIF, 0xD002, EB_UNDEFINED, 64, many);
	exif_block_add(block, EB_EXIF, 0xD003, EB_UNDEFINED, 65, many);
	ADD_BYTES(block, EB_EXIF, 0xD004, EB_UNDEFINED, "plain text\0\0");
	exif_block_add(block, EB_EXIF, 0xD005, EB_BYTE, 65, many);
	exif_block_add(block, EB_EXIF, 0xEA1C, EB_UNDEFINED, 6, many);
	exif_block_add(block, EB_IFD0, 0xC65D, EB_BYTE, 4, "\x01\xAB\x00\xFF");
	exif_block_add(block, EB_IFD0, 0x02BC, EB_BYTE, 5, "<xmp>");
}

static void
long_arrays(ExifBlock *block)
{
	static uint16_t values[257];

	for (int i = 0; i < 257; i++)
		values[i] = 1;
	exif_block_add(block, EB_IFD0, 0x0111, EB_SHORT, 256, values);
	exif_block_add(block, EB_IFD0, 0x0117, EB_SHORT, 257, values);
}

static void
no_values(ExifBlock *block)
{
	exif_block_literal(block, EB_IFD0, 0x010E, EB_ASCII, 0, 0);
	exif_block_literal(block, EB_IFD0, 0x0100, EB_LONG, 0, 0);
}

static void
filters(ExifBlock *block)
{
	link_exif(block);
	exif_block_add(block, EB_EXIF, 0xA302, EB_UNDEFINED, 8, "\2\0\2\0\0\1\1\2");
}

static void
filters_swapped(ExifBlock *block)
{
	link_exif(block);
	exif_block_add(block, EB_EXIF, 0xA302, EB_UNDEFINED, 8, "\0\2\0\2\0\1\1\2");
}

static void
filters_digits(ExifBlock *block)
{
	link_exif(block);
	exif_block_add(block, EB_EXIF, 0xA302, EB_UNDEFINED, 8, "02020112");
}

static void
filters_broken(ExifBlock *block)
{
	link_exif(block);
	exif_block_add(block, EB_EXIF, 0xA302, EB_UNDEFINED, 6, "\7\7\7\7\0\1");
}

/* What is one thing in Exif and has another number in TIFF/EP. */
static void
tiff_ep(ExifBlock *block)
{
	link_exif(block);
	exif_block_rational(block, EB_IFD0, 0x920E, 3000, 1);
	exif_block_short(block, EB_IFD0, 0x9217, 2);
	exif_block_short(block, EB_EXIF, 0xA217, 3);
	exif_block_short(block, EB_EXIF, 0x9214, 5);
}

/* Together more than the JSON may have. */
static void
too_much(ExifBlock *block)
{
	static char text[60001];

	link_exif(block);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = 'x';
	exif_block_ascii(block, EB_IFD0, 0x010D, text);
	exif_block_ascii(block, EB_IFD0, 0x010E, text);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Nikon");
	exif_block_ascii(block, EB_EXIF, 0x9003, "2024:05:06 07:08:09");
}

#define FLAG "\"_truncated\":true"

const ExifCase exif_value_cases[] = {
	{.name = "value-numbers", .build = numbers,
		.has = {"\"Orientation\":6", "\"ImageWidth\":4294967295", "\"BitsPerSample\":[8,8,65535]",
			"\"DNGVersion\":[1,4,0,0]", "\"0xD001\":[-128,127],\"0xD002\":[-32768,32767],\"0xD003\":[-2147483648,2147483647]",
		"\"0xD004\":0.1,\"0xD005\":0.1,\"0xD006\":[1e+300,-2.5e-10,0.3333333333333333]", "\"0xD007\":77"},
	.lacks = {FLAG}},
	{.name = "value-numbers-big-endian", .build = numbers, .flags = EB_BIG_ENDIAN,
		.has = {"\"BitsPerSample\":[8,8,65535]", "\"0xD003\":[-2147483648,2147483647]",
	"\"0xD004\":0.1,\"0xD005\":0.1,\"0xD006\":[1e+300,-2.5e-10,0.3333333333333333]"}},
	{.name = "value-no-numbers", .build = no_numbers,
		.has = {"\"ExposureTime\":null", "\"FNumber\":null", "\"LensSpecification\":[24,70,null,2.8]",
	"\"0xD001\":[null,null,null]", "\"0xD002\":[null,null]"}},
	{.name = "value-rationals", .build = rationals,
		.has = {"\"ExposureTime\":0.3333333333", "\"FNumber\":2.8", "\"SubjectDistance\":4294967295",
			"\"FocalLength\":50", "\"BrightnessValue\":-3.5", "\"ShutterSpeedValue\":2147483648",
	"\"ExposureBiasValue\":-0.3333333333", "\"ApertureValue\":5"}},
	{.name = "value-names", .build = names,
		.has = {"\"ImageLength\":1", "\"NewSubfileType\":2", "\"DateTime\":\"2024:01:01 00:00:00\"",
			"\"HostComputer\":\"host\"", "\"UniqueCameraModel\":\"camera\"", "\"ISOSpeedRatings\":3,\"ISOSpeed\":4,\"ISOSpeedLatitudeyyy\":5",
			"\"SubSecTime\":\"6\",\"PixelXDimension\":7,\"FocalLengthIn35mmFilm\":8",
	"\"CameraOwnerName\":\"owner\",\"ImageTitle\":\"title\",\"0x9FFF\":9"}},
	{.name = "value-bytes", .build = bytes,
		.has = {"\"ExifVersion\":\"0232\"", "\"ComponentsConfiguration\":[1,2,3,0],\"FileSource\":3,\"SceneType\":1,\"MakerNote\":3000", "\"0xD001\":3000,\"0xD002\":[0,0,0,0,0,0,0,1,",
			"\"0xD003\":65,\"0xD004\":\"plain text\",\"0xD005\":65", "\"Padding\":6",
	"\"RawDataUniqueID\":\"01AB00FF\"", "\"XMLPacket\":5"}},
	{.name = "value-long-arrays", .build = long_arrays,
	.has = {"\"StripOffsets\":[1,1,1,", "\"StripByteCounts\":514"}},
	{.name = "value-none", .build = no_values, .has = {"\"ImageDescription\":null", "\"ImageWidth\":null"}},
	{.name = "value-filters", .build = filters, .has = {"\"CFAPattern\":[2,2,0,1,1,2]"}},
	{.name = "value-filters-swapped", .build = filters_swapped, .has = {"\"CFAPattern\":[2,2,0,1,1,2]"}},
	{.name = "value-filters-digits", .build = filters_digits, .has = {"\"CFAPattern\":[2,2,0,1,1,2]"}},
	{.name = "value-filters-broken", .build = filters_broken, .has = {"\"CFAPattern\":[7,7,7,7,0,1]"}},
	{.name = "value-tiff-ep", .build = tiff_ep,
		.has = {"\"FocalPlaneXResolution\":3000", "\"SensingMethod\":3", "\"SubjectArea\":5"},
	.lacks = {"\"SensingMethod\":2"}},
	{.name = "value-too-much", .build = too_much, .flags = EB_BIGTIFF, .make = "Nikon",
		.taken_at = "2024-05-06 07:08:09.000000",
		.has = {"\"DateTimeOriginal\":", "\"Make\":\"Nikon\"", "\"DocumentName\":\"xxx", FLAG "}"},
	.lacks = {"ImageDescription"}},
	{NULL}
};
