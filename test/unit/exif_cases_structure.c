/*
 * exif_cases_structure.c
 *		Cases of directories: valid, unusual and broken.
 */
#include "test/unit/exif_cases.h"

static void
photo(ExifBlock *block)
{
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Fictor");
	exif_block_ascii(block, EB_IFD0, 0x0110, "Fictor X100");
	exif_block_ascii(block, EB_EXIF, 0x9003, "2024:05:06 07:08:09");
	exif_block_short(block, EB_EXIF, 0x8827, 200);
}

static void
preview(ExifBlock *block)
{
	photo(block);
	exif_block_chain(block, EB_IFD0, EB_IFD1);
	exif_block_ascii(block, EB_IFD1, 0x010F, "Thumbnail maker");
	exif_block_short(block, EB_IFD1, 0x0103, 6);
	exif_block_long(block, EB_IFD1, 0x0201, 8);
	exif_block_long(block, EB_IFD1, 0x0202, 8);
	exif_block_ascii(block, EB_IFD1, 0x9003, "2001:01:01 01:01:01");
}

void
exif_sample(ExifBlock *block)
{
	static const uint32_t latitude[] = {33, 1, 26, 1, 5604, 100};
	static const uint32_t longitude[] = {70, 1, 40, 1, 948, 100};

	preview(block);
	exif_block_short(block, EB_IFD0, 0x0112, 6);
	ADD_BYTES(block, EB_EXIF, 0x9286, EB_UNDEFINED, "ASCII\0\0\0a comment that is long enough to be cut");
	exif_block_ascii(block, EB_EXIF, 0x9011, "-03:00");
	exif_block_ascii(block, EB_EXIF, 0x9291, "25");
	exif_block_rational(block, EB_EXIF, 0x829A, 1, 250);
	link_gps(block);
	exif_block_ascii(block, EB_GPS, 1, "S");
	exif_block_add(block, EB_GPS, 2, EB_RATIONAL, 3, latitude);
	exif_block_ascii(block, EB_GPS, 3, "W");
	exif_block_add(block, EB_GPS, 4, EB_RATIONAL, 3, longitude);
}

static void
padded(ExifBlock *block)
{
	exif_block_pad(block, 1001);
	photo(block);
}

static void
loops(ExifBlock *block)
{
	photo(block);
	exif_block_link(block, EB_EXIF, 0x8769, EB_EXIF);
	exif_block_link(block, EB_EXIF, 0x8825, EB_IFD0);
	exif_block_chain(block, EB_IFD0, EB_IFD0);
	exif_block_chain(block, EB_EXIF, EB_IFD0);
}

static void
offsets_astray(ExifBlock *block)
{
	photo(block);
	exif_block_literal(block, EB_IFD0, 0x0131, EB_ASCII, 20, 0xFFFFFFF0);
	exif_block_literal(block, EB_IFD0, 0x013B, EB_ASCII, 20, 100000);
	exif_block_literal(block, EB_IFD0, 0x8825, EB_LONG, 1, 0xFFFFFFFF);
	exif_block_ascii(block, EB_IFD0, 0x010E, "here");
}

static void
large_counts(ExifBlock *block)
{
	photo(block);
	exif_block_literal(block, EB_IFD0, 0x0131, EB_ASCII, 0xFFFFFFFF, 8);
	exif_block_literal(block, EB_IFD0, 0x013B, EB_RATIONAL, 0x20000000, 8);
	exif_block_literal(block, EB_IFD0, 0x011A, EB_RATIONAL, 0xFFFFFFFF, 8);
	exif_block_ascii(block, EB_IFD0, 0x010E, "here");
}

/* Values that lie within each other and within the directory. */
static void
overlaps(ExifBlock *block)
{
	photo(block);
	exif_block_literal(block, EB_IFD0, 0xD001, EB_SHORT, 4, 8);
	exif_block_literal(block, EB_IFD0, 0xD002, EB_LONG, 2, 8);
	exif_block_literal(block, EB_IFD0, 0xD003, EB_UNDEFINED, 8, 0);
	exif_block_literal(block, EB_IFD0, 0x010E, EB_ASCII, 5, 20);
}

static void
bad_type_inside(ExifBlock *block)
{
	photo(block);
	exif_block_literal(block, EB_IFD0, 0x0111, 0, 1, 1);
	exif_block_literal(block, EB_IFD0, 0x0112, 77, 1, 6);
	exif_block_ascii(block, EB_IFD0, 0x010E, "here");
}

static void
bad_type_first(ExifBlock *block)
{
	exif_block_literal(block, EB_IFD0, 0x0112, 77, 1, 6);
	photo(block);
}

static void
unsorted(ExifBlock *block)
{
	exif_block_ascii(block, EB_IFD0, 0x8298, "me");
	exif_block_ascii(block, EB_IFD0, 0x0110, "Fictor X100");
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Fictor");
	exif_block_short(block, EB_EXIF, 0x8827, 200);
	exif_block_ascii(block, EB_EXIF, 0x9003, "2024:05:06 07:08:09");
}

/* Twice in one directory: the last one counts. */
static void
twice(ExifBlock *block)
{
	exif_block_ascii(block, EB_IFD0, 0x010F, "Fictor");
	exif_block_ascii(block, EB_IFD0, 0x010F, "Lumen");
	link_exif(block);
	exif_block_ascii(block, EB_EXIF, 0x9003, "2024:05:06 07:08:09");
	exif_block_ascii(block, EB_EXIF, 0x9003, "2020:01:01 00:00:00");
}

/* In both directories: each tag's own one counts. */
static void
in_both(ExifBlock *block)
{
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Fictor");
	exif_block_ascii(block, EB_EXIF, 0x010F, "Lumen");
	exif_block_short(block, EB_IFD0, 0x8827, 100);
	exif_block_short(block, EB_EXIF, 0x8827, 200);
	exif_block_short(block, EB_EXIF, 0x0112, 3);
}

static void
only_ifd0(ExifBlock *block)
{
	exif_block_short(block, EB_IFD0, 0x8827, 200);
	exif_block_rational(block, EB_IFD0, 0x829A, 1, 50);
	exif_block_ascii(block, EB_IFD0, 0x9004, "2024:05:06 07:08:09");
}

static void
interoperability(ExifBlock *block)
{
	photo(block);
	exif_block_link(block, EB_EXIF, 0xA005, EB_INTEROP);
	exif_block_ascii(block, EB_INTEROP, 0x0001, "R98");
	ADD_BYTES(block, EB_INTEROP, 0x0002, EB_UNDEFINED, "0100");
	exif_block_short(block, EB_INTEROP, 0x1001, 640);
}

static void
pointer_to_nothing(ExifBlock *block)
{
	exif_block_ascii(block, EB_IFD0, 0x010F, "Fictor");
	exif_block_literal(block, EB_IFD0, 0x8769, EB_LONG, 1, 5);
	exif_block_literal(block, EB_IFD0, 0x8825, EB_ASCII, 1, 8);
}

#define PHOTO(title, function, flag) \
	{.name = title, .build = function, .flags = flag, .make = "Fictor", .model = "Fictor X100", \
	.taken_at = "2024-05-06 07:08:09.000000", .has = {"\"ISOSpeedRatings\":200", "\"Model\":\"Fictor X100\""}}

const ExifCase exif_structure_cases[] = {
	PHOTO("structure-little-endian", photo, 0),
	PHOTO("structure-big-endian", photo, EB_BIG_ENDIAN),
	PHOTO("structure-bigtiff", photo, EB_BIGTIFF),
	PHOTO("structure-bigtiff-big-endian", photo, EB_BIGTIFF | EB_BIG_ENDIAN),
	PHOTO("structure-padded", padded, 0),
	{.name = "structure-preview", .build = preview, .make = "Fictor", .model = "Fictor X100",
	.taken_at = "2024-05-06 07:08:09.000000", .lacks = {"Thumbnail maker", "Compression", "JPEGInterchangeFormat"}},
	PHOTO("structure-loops", loops, 0),
	{.name = "structure-astray", .build = offsets_astray, .make = "Fictor", .model = "Fictor X100",
		.taken_at = "2024-05-06 07:08:09.000000",
	.has = {"\"ImageDescription\":\"here\"", "\"ISOSpeedRatings\":200"}, .lacks = {"Software", "Artist"}},
	{.name = "structure-large-counts", .build = large_counts, .make = "Fictor", .model = "Fictor X100",
		.taken_at = "2024-05-06 07:08:09.000000",
	.has = {"\"ImageDescription\":\"here\"", "\"ISOSpeedRatings\":200"}, .lacks = {"Software", "Artist", "XResolution"}},
	{.name = "structure-overlaps", .build = overlaps, .make = "Fictor", .model = "Fictor X100",
		.taken_at = "2024-05-06 07:08:09.000000", .has = {"\"ISOSpeedRatings\":200"},
	.lacks = {"0xD00", "ImageDescription"}},
	{.name = "structure-bad-type", .build = bad_type_inside, .make = "Fictor", .model = "Fictor X100",
	.taken_at = "2024-05-06 07:08:09.000000", .has = {"\"ImageDescription\":\"here\""}, .lacks = {"StripOffsets", "Orientation"}},
	{.name = "structure-bad-type-first", .build = bad_type_first, .lacks = {"Make"}},
	PHOTO("structure-unsorted", unsorted, 0),
	{.name = "structure-twice", .build = twice, .make = "Lumen", .taken_at = "2020-01-01 00:00:00.000000",
	.has = {"\"Make\":\"Lumen\"", "\"DateTimeOriginal\":\"2020:01:01 00:00:00\""}, .lacks = {"Fictor", "2024"}},
	{.name = "structure-in-both", .build = in_both, .make = "Fictor",
		.has = {"\"Make\":\"Fictor\"", "\"ISOSpeedRatings\":200", "\"Orientation\":3"},
	.lacks = {"Lumen", "\"ISOSpeedRatings\":100"}},
	{.name = "structure-only-ifd0", .build = only_ifd0, .taken_at = "2024-05-06 07:08:09.000000",
	.has = {"\"ISOSpeedRatings\":200", "\"ExposureTime\":0.02", "\"DateTimeDigitized\":"}},
	{.name = "structure-interoperability", .build = interoperability, .make = "Fictor", .model = "Fictor X100",
		.taken_at = "2024-05-06 07:08:09.000000",
	.has = {"\"InteroperabilityIndex\":\"R98\"", "\"InteroperabilityVersion\":\"0100\"", "\"RelatedImageWidth\":640"}},
	{.name = "structure-pointer-to-nothing", .build = pointer_to_nothing, .make = "Fictor"},
	{NULL}
};
