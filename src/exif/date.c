/*
 * date.c
 *		Reads when a photo was taken.
 *
 * DateTime (0x0132) and OffsetTime belong to the last change of the file and are
 * never used.
 */
#include "exif/date.h"

#include <string.h>

#include "exif/gps_offset.h"
#include "exif/text.h"

#define MAX_OFFSET_MINUTES	(15 * 60 + 59)	/* limit of timestamptz */

/* The tags of one date. */
typedef struct DateTags
{
	uint16_t	date,
				subsecond,
				offset;
} DateTags;

static const DateTags original = {0x9003, 0x9291, 0x9011};
static const DateTags digitized = {0x9004, 0x9292, 0x9012};

/* Exactly so many digits. */
static bool
digits(const uint8_t *text, int count, int32_t *value)
{
	*value = 0;
	for (int i = 0; i < count; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

/* "+05:30" or "Z"; blank or nonsense is no offset. */
static bool
parse_offset(const uint8_t *text, size_t length, int32_t *minutes)
{
	int32_t		hour,
				minute;

	length = text_trimmed(text, length);
	if (length == 1 && text[0] == 'Z')
	{
		*minutes = 0;
		return true;
	}
	if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
		!digits(text + 1, 2, &hour) || !digits(text + 4, 2, &minute) || minute > 59)
		return false;
	minute += hour * 60;
	if (minute > MAX_OFFSET_MINUTES)
		return false;
	*minutes = text[0] == '-' ? -minute : minute;
	return true;
}

/* "5" is half a second, "054" 54 milliseconds; digits below a microsecond are ignored. */
static int32_t
microseconds(const uint8_t *text, size_t length)
{
	int32_t		value = 0;
	int32_t		unit = 100000;

	length = text_trimmed(text, length);
	for (size_t i = 0; i < length; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return 0;
		value += (text[i] - '0') * unit;
		unit /= 10;
	}
	return value;
}

/*
 * After the seconds, programs that copy XMP into EXIF write a fraction, an offset, or both.
 * False if it is anything else.
 */
static bool
parse_rest(const uint8_t *text, size_t length, TeTime *time)
{
	size_t		fraction = 0;

	if (length > 1 && text[0] == '.')
	{
		while (1 + fraction < length && text[1 + fraction] >= '0' && text[1 + fraction] <= '9')
			fraction++;
		if (fraction == 0)
			return false;
		time->microsecond = microseconds(text + 1, fraction);
		text += 1 + fraction;
		length -= 1 + fraction;
	}
	if (length == 0)
		return true;
	time->has_offset = parse_offset(text, length, &time->offset_minutes) ? TE_OFFSET_EXIF : TE_OFFSET_NONE;
	return time->has_offset != TE_OFFSET_NONE;
}

/*
 * One text of the form "2024:05:06 07:08:09", also with - or / or T, and with a fraction
 * or an offset behind it.
 */
static bool
parse_date(const uint8_t *text, size_t length, TeTime *time)
{
	uint8_t		separator;

	memset(time, 0, sizeof(*time));
	length = text_trimmed(text, length);
	if (length < 19 || !parse_rest(text + 19, length - 19, time))
		return false;
	separator = text[4];
	if ((separator != ':' && separator != '-' && separator != '/') || text[7] != separator ||
		(text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':')
		return false;
	if (!digits(text, 4, &time->year) || !digits(text + 5, 2, &time->month) ||
		!digits(text + 8, 2, &time->day) || !digits(text + 11, 2, &time->hour) ||
		!digits(text + 14, 2, &time->minute) || !digits(text + 17, 2, &time->second))
		return false;
	return te_time_is_valid(time) && time->second <= 59;
}

/* A text of the Exif directory, else of IFD0. */
static bool
look_up(const ExifList *list, uint16_t tag, const uint8_t **text, size_t *length)
{
	return exif_lookup_text(list, EXIF_DIR_EXIF, tag, text, length) ||
		exif_lookup_text(list, EXIF_DIR_IFD0, tag, text, length);
}

static bool
read_date(const ExifList *list, const DateTags *tags, TeTime *time)
{
	const uint8_t *text;
	size_t		length;
	bool		good;

	good = exif_lookup_text(list, EXIF_DIR_EXIF, tags->date, &text, &length) &&
		parse_date(text, length, time);
	if (!good)
		good = exif_lookup_text(list, EXIF_DIR_IFD0, tags->date, &text, &length) &&
			parse_date(text, length, time);
	if (!good)
		return false;
	if (look_up(list, tags->subsecond, &text, &length))
		time->microsecond = microseconds(text, length);
	if (look_up(list, tags->offset, &text, &length))
	{
		int32_t		minutes;

		if (parse_offset(text, length, &minutes))
		{
			time->has_offset = TE_OFFSET_EXIF;
			time->offset_minutes = minutes;
		}
	}
	if (time->has_offset == TE_OFFSET_NONE && exif_gps_offset(list, time, &time->offset_minutes))
		time->has_offset = TE_OFFSET_GPS;
	return true;
}

bool
exif_taken_at(const ExifList *list, TeTime *taken_at)
{
	if (read_date(list, &original, taken_at) || read_date(list, &digitized, taken_at))
		return true;
	memset(taken_at, 0, sizeof(*taken_at));
	return false;
}
