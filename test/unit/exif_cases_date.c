/*
 * exif_cases_date.c
 *		Cases of dates and times.
 */
#include "test/unit/exif_cases.h"

#include <string.h>

#define DATE_TIME	0x0132
#define ORIGINAL	0x9003
#define DIGITIZED	0x9004
#define OFFSET		0x9010

const ExifCase *const exif_case_sets[EXIF_CASE_SETS] = {
	exif_date_cases, exif_gps_cases, exif_text_cases, exif_value_cases, exif_structure_cases, exif_apple_cases
};

void
link_exif(ExifBlock *block)
{
	exif_block_link(block, EB_IFD0, 0x8769, EB_EXIF);
}

void
link_gps(ExifBlock *block)
{
	exif_block_link(block, EB_IFD0, 0x8825, EB_GPS);
}

void
add_text(ExifBlock *block, int ifd, int tag, int type, const char *bytes, size_t length)
{
	exif_block_add(block, ifd, tag, type, length, bytes);
}

/* A date with its subseconds and offset; NULL leaves one out. */
static void
add_date(ExifBlock *block, int tag, const char *date, const char *subsecond, const char *offset)
{
	if (date)
		exif_block_ascii(block, EB_EXIF, tag, date);
	if (subsecond)
		exif_block_ascii(block, EB_EXIF, tag == ORIGINAL ? 0x9291 : 0x9292, subsecond);
	if (offset)
		exif_block_ascii(block, EB_EXIF, tag == ORIGINAL ? 0x9011 : 0x9012, offset);
}

#define DATE_CASE(function, original, original_subsecond, original_offset, \
				  digitized, digitized_subsecond, digitized_offset) \
	static void \
	function(ExifBlock *block) \
	{ \
		exif_block_ascii(block, EB_IFD0, DATE_TIME, "2030:01:01 00:00:00"); \
		link_exif(block); \
		add_date(block, ORIGINAL, original, original_subsecond, original_offset); \
		add_date(block, DIGITIZED, digitized, digitized_subsecond, digitized_offset); \
		exif_block_ascii(block, EB_EXIF, OFFSET, "+11:00"); \
		exif_block_ascii(block, EB_EXIF, 0x9290, "99"); \
	}

DATE_CASE(full, "2024:05:06 07:08:09", "25", "+02:00", "2023:01:01 01:01:01", "99", "-01:00")
DATE_CASE(no_offset, "2024:05:06 07:08:09", NULL, NULL, NULL, NULL, "-01:00")
DATE_CASE(negative_offset, "2024:05:06 07:08:09", "5", "-09:30", NULL, NULL, NULL)
DATE_CASE(zulu, "2024:05:06 07:08:09", NULL, "Z", NULL, NULL, NULL)
DATE_CASE(blank_offset, "2024:05:06 07:08:09", NULL, "   :  ", NULL, NULL, NULL)
DATE_CASE(far_offset, "2024:05:06 07:08:09", NULL, "+25:00", NULL, NULL, NULL)
DATE_CASE(odd_offset, "2024:05:06 07:08:09", NULL, "+02:60", NULL, NULL, NULL)
DATE_CASE(subsecond_zeros, "2024:05:06 07:08:09", "054", NULL, NULL, NULL, NULL)
DATE_CASE(subsecond_blanks, "2024:05:06 07:08:09", "7    ", NULL, NULL, NULL, NULL)
DATE_CASE(subsecond_long, "2024:05:06 07:08:09", "123456789", NULL, NULL, NULL, NULL)
DATE_CASE(subsecond_words, "2024:05:06 07:08:09", "12x", NULL, NULL, NULL, NULL)
DATE_CASE(digitized_only, NULL, "11", "+05:00", "2023:12:31 23:59:59", "75", "-03:00")
DATE_CASE(original_zeros, "0000:00:00 00:00:00", "11", "+05:00", "2023:12:31 23:59:59", "75", "-03:00")
DATE_CASE(original_blank, "    :  :     :  :  ", NULL, NULL, "2023:12:31 23:59:59", NULL, NULL)
DATE_CASE(original_empty, "", NULL, NULL, "2023:12:31 23:59:59", NULL, NULL)
DATE_CASE(thirtieth_of_february, "2024:02:30 07:08:09", "11", NULL, "2023:12:31 23:59:59", NULL, NULL)
DATE_CASE(leap_day, "2024:02:29 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(leap_day_2000, "2000:02:29 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(no_leap_day_1900, "1900:02:29 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(no_leap_day_2023, "2023:02:29 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(month_13, "2024:13:01 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(month_0, "2024:00:01 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(day_0, "2024:01:00 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(day_31_of_april, "2024:04:31 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(hour_24, "2024:05:06 24:00:00", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(minute_60, "2024:05:06 07:60:00", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(second_60, "2024:05:06 07:59:60", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(year_0, "0000:05:06 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(date_only, "2024:05:06", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(words, "yesterday at teatime", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(last_moment, "9999:12:31 23:59:59", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(neither, NULL, "11", "+05:00", NULL, "75", "-03:00")
DATE_CASE(dashes, "2024-05-06 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(slashes, "2024/05/06 07:08:09", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(fraction, "2024-05-06 07:08:09.25", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(zone, "2024:05:06 07:08:09+02:00", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(fraction_and_zone, "2024-05-06T07:08:09.5Z", "75", "-03:00", NULL, NULL, NULL)
DATE_CASE(junk, "2024:05:06 07:08:09 PM", NULL, NULL, NULL, NULL, NULL)
DATE_CASE(iso, "2024-05-06T07:08:09", NULL, NULL, NULL, NULL, NULL)

static void
in_ifd0(ExifBlock *block)
{
	exif_block_ascii(block, EB_IFD0, ORIGINAL, "2024:05:06 07:08:09");
	exif_block_ascii(block, EB_IFD0, 0x9011, "+02:00");
	exif_block_ascii(block, EB_IFD0, 0x9291, "25");
}

static void
exif_before_ifd0(ExifBlock *block)
{
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, ORIGINAL, "2001:01:01 01:01:01");
	exif_block_ascii(block, EB_EXIF, ORIGINAL, "2024:05:06 07:08:09");
}

static void
undefined_type(ExifBlock *block)
{
	link_exif(block);
	ADD_BYTES(block, EB_EXIF, ORIGINAL, EB_UNDEFINED, "2024:05:06 07:08:09");
}

static void
unterminated(ExifBlock *block)
{
	link_exif(block);
	ADD_BYTES(block, EB_EXIF, ORIGINAL, EB_ASCII, "2024:05:06 07:08:09");
}

static void
nul_and_garbage(ExifBlock *block)
{
	link_exif(block);
	ADD_BYTES(block, EB_EXIF, ORIGINAL, EB_ASCII, "2024:05:06 07:08:09\0\xFF\xFExx");
}

#define TAKEN(title, function, time) {.name = title, .build = function, .taken_at = time}

const ExifCase exif_date_cases[] = {
	{.name = "date-full", .build = full, .taken_at = "2024-05-06 07:08:09.250000 +120",
		.has = {"\"DateTimeOriginal\":\"2024:05:06 07:08:09\"", "\"SubSecTimeOriginal\":\"25\"",
	"\"OffsetTimeOriginal\":\"+02:00\"", "\"DateTimeDigitized\":\"2023:01:01 01:01:01\"", "\"DateTime\":\"2030:01:01 00:00:00\""}},
	TAKEN("date-no-offset", no_offset, "2024-05-06 07:08:09.000000"),
	TAKEN("date-negative-offset", negative_offset, "2024-05-06 07:08:09.500000 -570"),
	TAKEN("date-zulu", zulu, "2024-05-06 07:08:09.000000 +0"),
	TAKEN("date-blank-offset", blank_offset, "2024-05-06 07:08:09.000000"),
	TAKEN("date-far-offset", far_offset, "2024-05-06 07:08:09.000000"),
	TAKEN("date-odd-offset", odd_offset, "2024-05-06 07:08:09.000000"),
	TAKEN("date-subsecond-zeros", subsecond_zeros, "2024-05-06 07:08:09.054000"),
	TAKEN("date-subsecond-blanks", subsecond_blanks, "2024-05-06 07:08:09.700000"),
	TAKEN("date-subsecond-long", subsecond_long, "2024-05-06 07:08:09.123456"),
	TAKEN("date-subsecond-words", subsecond_words, "2024-05-06 07:08:09.000000"),
	TAKEN("date-digitized", digitized_only, "2023-12-31 23:59:59.750000 -180"),
	TAKEN("date-original-zeros", original_zeros, "2023-12-31 23:59:59.750000 -180"),
	TAKEN("date-original-blank", original_blank, "2023-12-31 23:59:59.000000"),
	TAKEN("date-original-empty", original_empty, "2023-12-31 23:59:59.000000"),
	TAKEN("date-february-30", thirtieth_of_february, "2023-12-31 23:59:59.000000"),
	TAKEN("date-leap-day", leap_day, "2024-02-29 07:08:09.000000"),
	TAKEN("date-leap-day-2000", leap_day_2000, "2000-02-29 07:08:09.000000"),
	TAKEN("date-no-leap-day-1900", no_leap_day_1900, NULL),
	TAKEN("date-no-leap-day-2023", no_leap_day_2023, NULL),
	TAKEN("date-month-13", month_13, NULL),
	TAKEN("date-month-0", month_0, NULL),
	TAKEN("date-day-0", day_0, NULL),
	TAKEN("date-april-31", day_31_of_april, NULL),
	TAKEN("date-hour-24", hour_24, NULL),
	TAKEN("date-minute-60", minute_60, NULL),
	TAKEN("date-second-60", second_60, NULL),
	TAKEN("date-year-0", year_0, NULL),
	TAKEN("date-without-time", date_only, NULL),
	TAKEN("date-words", words, NULL),
	TAKEN("date-last-moment", last_moment, "9999-12-31 23:59:59.000000"),
	TAKEN("date-only-datetime", neither, NULL),
	TAKEN("date-dashes", dashes, "2024-05-06 07:08:09.000000"),
	TAKEN("date-slashes", slashes, "2024-05-06 07:08:09.000000"),
	TAKEN("date-iso", iso, "2024-05-06 07:08:09.000000"),
	TAKEN("date-fraction", fraction, "2024-05-06 07:08:09.250000"),
	TAKEN("date-zone", zone, "2024-05-06 07:08:09.000000 +120"),
	TAKEN("date-fraction-and-zone", fraction_and_zone, "2024-05-06 07:08:09.750000 -180"),
	TAKEN("date-junk", junk, NULL),
	TAKEN("date-in-ifd0", in_ifd0, "2024-05-06 07:08:09.250000 +120"),
	TAKEN("date-exif-before-ifd0", exif_before_ifd0, "2024-05-06 07:08:09.000000"),
	TAKEN("date-undefined-type", undefined_type, "2024-05-06 07:08:09.000000"),
	TAKEN("date-unterminated", unterminated, "2024-05-06 07:08:09.000000"),
	TAKEN("date-nul-and-garbage", nul_and_garbage, "2024-05-06 07:08:09.000000"),
	{NULL}
};
