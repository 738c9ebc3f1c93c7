/*
 * exif_cases_gps.c
 *		Cases of GPS positions.
 */
#include "test/unit/exif_cases.h"

#define RATIONALS(...) (const uint32_t[]){__VA_ARGS__}

/* References as texts, values as pairs of numbers. */
static void
add_place(ExifBlock *block, const char *north, int type, int parts, const void *latitude,
		  const char *east, const void *longitude)
{
	link_gps(block);
	if (north)
		exif_block_ascii(block, EB_GPS, 1, north);
	if (latitude)
		exif_block_add(block, EB_GPS, 2, type, parts, latitude);
	if (east)
		exif_block_ascii(block, EB_GPS, 3, east);
	if (longitude)
		exif_block_add(block, EB_GPS, 4, type, parts, longitude);
}

#define PLACE_CASE(function, north, latitude, east, longitude) \
	static void \
	function(ExifBlock *block) \
	{ \
		add_place(block, north, EB_RATIONAL, 3, latitude, east, longitude); \
	}

#define PARIS_LATITUDE	RATIONALS(48, 1, 51, 1, 3024, 100)
#define PARIS_LONGITUDE	RATIONALS(2, 1, 17, 1, 4020, 100)

PLACE_CASE(north_east, "N", PARIS_LATITUDE, "E", PARIS_LONGITUDE)
PLACE_CASE(south_west, "S", PARIS_LATITUDE, "W", PARIS_LONGITUDE)
PLACE_CASE(lower_case, "s", PARIS_LATITUDE, "w", PARIS_LONGITUDE)
PLACE_CASE(spelled_out, "South", PARIS_LATITUDE, "West", PARIS_LONGITUDE)
PLACE_CASE(decimal_minutes, "N", RATIONALS(48, 1, 515040, 10000, 0, 1), "E", RATIONALS(2, 1, 1767, 100, 0, 1))
PLACE_CASE(seconds_zero_by_zero, "N", RATIONALS(48, 1, 51, 1, 0, 0), "E", PARIS_LONGITUDE)
PLACE_CASE(one_by_zero, "N", PARIS_LATITUDE, "E", RATIONALS(2, 0, 17, 1, 40, 1))
PLACE_CASE(no_reference, NULL, PARIS_LATITUDE, "E", PARIS_LONGITUDE)
PLACE_CASE(empty_reference, "N", PARIS_LATITUDE, "", PARIS_LONGITUDE)
PLACE_CASE(null_island, "N", RATIONALS(0, 1, 0, 1, 0, 1), "E", RATIONALS(0, 1, 0, 1, 0, 1))
PLACE_CASE(null_island_south, "S", RATIONALS(0, 1, 0, 1, 0, 1), "W", RATIONALS(0, 1, 0, 1, 0, 1))
PLACE_CASE(on_the_equator, "S", RATIONALS(0, 1, 0, 1, 0, 1), "W", PARIS_LONGITUDE)
PLACE_CASE(at_greenwich, "N", PARIS_LATITUDE, "W", RATIONALS(0, 1, 0, 1, 0, 1))
PLACE_CASE(latitude_91, "N", RATIONALS(91, 1, 0, 1, 0, 1), "E", PARIS_LONGITUDE)
PLACE_CASE(longitude_181, "N", PARIS_LATITUDE, "E", RATIONALS(181, 1, 0, 1, 0, 1))
PLACE_CASE(at_the_pole, "S", RATIONALS(90, 1, 0, 1, 0, 1), "W", RATIONALS(180, 1, 0, 1, 0, 1))
PLACE_CASE(latitude_only, "N", PARIS_LATITUDE, NULL, NULL)
PLACE_CASE(references_only, "N", NULL, "E", NULL)

static void
reference_with_nul(ExifBlock *block)
{
	add_place(block, NULL, EB_RATIONAL, 3, PARIS_LATITUDE, NULL, PARIS_LONGITUDE);
	ADD_BYTES(block, EB_GPS, 1, EB_ASCII, "S\0\0\0\0\0");
	ADD_BYTES(block, EB_GPS, 3, EB_ASCII, "W");
}

static void
two_parts(ExifBlock *block)
{
	add_place(block, "N", EB_RATIONAL, 2, RATIONALS(48, 1, 515040, 10000), "E", RATIONALS(2, 1, 1767, 100));
}

static void
one_part(ExifBlock *block)
{
	add_place(block, "S", EB_RATIONAL, 1, RATIONALS(48858400, 1000000), "E", RATIONALS(22945, 10000));
}

static void
signed_parts(ExifBlock *block)
{
	static const int32_t latitude[] = {-48, 1, -51, 1, -3024, 100};
	static const int32_t longitude[] = {2, 1, 17, 1, 4020, 100};

	add_place(block, "S", EB_SRATIONAL, 3, latitude, "E", longitude);
}

static void
doubles(ExifBlock *block)
{
	static const double latitude[] = {48, 51, 30.24};
	static const double longitude[] = {2, 17, 40.2};

	add_place(block, "N", EB_DOUBLE, 3, latitude, "W", longitude);
}

static void
floats(ExifBlock *block)
{
	static const float latitude[] = {48.5f};
	static const float longitude[] = {2.25f};

	add_place(block, "N", EB_FLOAT, 1, latitude, "E", longitude);
}

static void
whole_numbers(ExifBlock *block)
{
	add_place(block, "N", EB_LONG, 3, RATIONALS(48, 51, 36), "E", RATIONALS(2, 17, 36));
}

/* No position, but the rest of the directory. */
static void
other_tags(ExifBlock *block)
{
	static const uint8_t version[] = {2, 3, 0, 0};

	link_gps(block);
	exif_block_add(block, EB_GPS, 0, EB_BYTE, 4, version);
	exif_block_add(block, EB_GPS, 5, EB_BYTE, 1, "\1");
	exif_block_rational(block, EB_GPS, 6, 1234, 10);
	exif_block_add(block, EB_GPS, 7, EB_RATIONAL, 3, RATIONALS(14, 1, 27, 1, 724, 100));
	exif_block_ascii(block, EB_GPS, 18, "WGS-84");
	ADD_BYTES(block, EB_GPS, 27, EB_UNDEFINED, "ASCII\0\0\0GPS");
	exif_block_ascii(block, EB_GPS, 29, "2024:05:06");
	exif_block_short(block, EB_GPS, 30, 1);
	exif_block_short(block, EB_GPS, 0x77, 7);
}

#define PLACE(title, function, where) {.name = title, .build = function, .position = where}

const ExifCase exif_gps_cases[] = {
	{.name = "gps-north-east", .build = north_east, .position = "48.858400 2.294500",
		.has = {"\"GPSLatitudeRef\":\"N\"", "\"GPSLatitude\":[48,51,30.24]", "\"GPSLongitude\":[2,17,40.2]"},
	.lacks = {"GPSInfo", "0x8825"}},
	PLACE("gps-south-west", south_west, "-48.858400 -2.294500"),
	PLACE("gps-lower-case", lower_case, "-48.858400 -2.294500"),
	PLACE("gps-spelled-out", spelled_out, "-48.858400 -2.294500"),
	PLACE("gps-reference-with-nul", reference_with_nul, "-48.858400 -2.294500"),
	PLACE("gps-decimal-minutes", decimal_minutes, "48.858400 2.294500"),
	PLACE("gps-two-parts", two_parts, "48.858400 2.294500"),
	PLACE("gps-one-part", one_part, "-48.858400 2.294500"),
	PLACE("gps-signed", signed_parts, "-48.858400 2.294500"),
	PLACE("gps-doubles", doubles, "48.858400 -2.294500"),
	PLACE("gps-floats", floats, "48.500000 2.250000"),
	PLACE("gps-whole-numbers", whole_numbers, "48.860000 2.293333"),
	{.name = "gps-zero-by-zero", .build = seconds_zero_by_zero, .has = {"\"GPSLatitude\":[48,51,null]"}},
	{.name = "gps-one-by-zero", .build = one_by_zero, .has = {"\"GPSLongitude\":[null,17,40]"}},
	PLACE("gps-no-reference", no_reference, NULL),
	PLACE("gps-empty-reference", empty_reference, NULL),
	PLACE("gps-null-island", null_island, NULL),
	PLACE("gps-null-island-south", null_island_south, NULL),
	PLACE("gps-on-the-equator", on_the_equator, "0.000000 -2.294500"),
	PLACE("gps-at-greenwich", at_greenwich, "48.858400 0.000000"),
	PLACE("gps-latitude-91", latitude_91, NULL),
	PLACE("gps-longitude-181", longitude_181, NULL),
	PLACE("gps-at-the-pole", at_the_pole, "-90.000000 -180.000000"),
	PLACE("gps-latitude-only", latitude_only, NULL),
	PLACE("gps-references-only", references_only, NULL),
	{.name = "gps-other-tags", .build = other_tags,
		.has = {"\"GPSVersionID\":[2,3,0,0]", "\"GPSAltitudeRef\":1", "\"GPSAltitude\":123.4",
			"\"GPSTimeStamp\":[14,27,7.24]", "\"GPSProcessingMethod\":\"GPS\"", "\"GPSDateStamp\":\"2024:05:06\"",
	"\"GPSDifferential\":1", "\"0x0077\":7"}},
	{NULL}
};
