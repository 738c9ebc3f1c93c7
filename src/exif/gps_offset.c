/*
 * gps_offset.c
 *		Tells a camera's offset from UTC by the time of GPS.
 *
 * The difference between the wall clock and GPS is the offset, and how wrong the clock was, and how old the position was.  It
 * counts only if it is an offset that some place on Earth has, within two minutes: then a clock that was set
 * wrongly is rarely taken for one of another time zone.
 */
#include "exif/gps_offset.h"

#include <math.h>
#include <string.h>

#include "exif/text.h"

#define GPS_TIME		0x0007
#define GPS_DATE		0x001D

#define STEP_MINUTES	15		/* offsets are multiples of this */
#define MAX_ERROR_SECONDS	120
#define EAST_MINUTES	(14 * 60)
#define WEST_MINUTES	(-12 * 60)

/* Does a place have this offset, or has had it since there are cameras with GPS? */
static bool
is_in_use(int minutes)
{
	static const int16_t broken[] = {-570, -270, -210, -150, 210, 270, 330, 345, 390, 510, 525, 570, 585, 630, 690, 765, 825};

	if (minutes < WEST_MINUTES || minutes > EAST_MINUTES)
		return false;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (broken[i] == minutes)
			return true;
	return minutes % 60 == 0;
}

/* Days since a day long ago. */
static int64_t
day_number(const TeTime *time)
{
	int64_t		year = time->month > 2 ? time->year : time->year - 1;	/* begins in March */
	int64_t		month = (time->month + 9) % 12;

	return 365 * year + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + time->day;
}

/* "2024:05:06", also with - or /. */
static bool
read_date(const ExifList *list, TeTime *date)
{
	static const char form[] = "dddd:dd:dd";
	const uint8_t *text;
	size_t		length;
	int			number[3] = {0};
	int			part = 0;

	if (!exif_lookup_text(list, EXIF_DIR_GPS, GPS_DATE, &text, &length) ||
		text_trimmed(text, length) != sizeof(form) - 1)
		return false;
	for (int i = 0; form[i] != '\0'; i++)
	{
		if (form[i] == 'd')
		{
			if (text[i] < '0' || text[i] > '9')
				return false;
			number[part] = number[part] * 10 + (text[i] - '0');
		}
		else if (text[i] != ':' && text[i] != '-' && text[i] != '/')
			return false;
		else
			part++;
	}
	memset(date, 0, sizeof(*date));
	date->year = number[0];
	date->month = number[1];
	date->day = number[2];
	return te_time_is_valid(date);
}

/* Seconds since midnight, UTC.  Midnight itself is what is written of a time that is not known. */
static bool
read_time(const ExifList *list, double *seconds)
{
	static const double limit[] = {24, 60, 60};
	const ExifFound *found = exif_lookup(list, EXIF_DIR_GPS, GPS_TIME);
	double		part;

	if (found == NULL || found->entry.count != 3)
		return false;
	*seconds = 0;
	for (uint64_t i = 0; i < 3; i++)
	{
		if (!tiff_number(found->tiff, &found->entry, i, &part) || !(part >= 0 && part < limit[i]))
			return false;
		*seconds = *seconds * 60 + part;
	}
	return *seconds > 0;
}

bool
exif_gps_offset(const ExifList *list, const TeTime *wall_clock, int32_t *minutes)
{
	TeTime		date;
	double		seconds;
	double		difference;
	double		rounded;

	if (!read_date(list, &date) || !read_time(list, &seconds))
		return false;
	difference = (double) (day_number(wall_clock) - day_number(&date)) * 86400 +
		wall_clock->hour * 3600 + wall_clock->minute * 60 + wall_clock->second - seconds;
	if (fabs(difference) > 86400)
		return false;
	rounded = floor(difference / (STEP_MINUTES * 60) + 0.5) * STEP_MINUTES;
	if (fabs(difference - rounded * 60) > MAX_ERROR_SECONDS || !is_in_use((int) rounded))
		return false;
	*minutes = (int32_t) rounded;
	return true;
}
