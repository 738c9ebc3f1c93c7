/*
 * facts.c
 *		Reads what has a column of its own beside date, camera and position.
 *
 * Nothing is worked out of other values.  A number counts only if it is a single one (of ISO, whose tag may have several,
 * the standard's first one), and within what can be.  What the standard calls unknown (0) is none.
 */
#include "exif/facts.h"

#include <stdlib.h>
#include <string.h>

#include "exif/text.h"

#define TAG_DESCRIPTION	0x010E
#define TAG_ORIENTATION	0x0112
#define TAG_RATING		0x4746	/* Windows' */
#define TAG_EXPOSURE	0x829A
#define TAG_F_NUMBER	0x829D
#define TAG_ISO			0x8827
#define TAG_SENSITIVITY_TYPE	0x8830
#define TAG_STANDARD_OUTPUT		0x8831
#define TAG_RECOMMENDED_INDEX	0x8832
#define TAG_ISO_SPEED	0x8833
#define TAG_FOCAL_LENGTH	0x920A
#define TAG_FOCAL_LENGTH_35MM	0xA405
#define TAG_LENS		0xA434

#define GPS_ALTITUDE_REF	0x0005
#define GPS_ALTITUDE	0x0006
#define GPS_DIRECTION	0x0011

#define ISO_OVERFLOW	65535	/* the tag holds no more: another one has the value */

/* --- numbers */

/* A tag of the Exif directory, else of IFD0. */
static const ExifFound *
look_up(const ExifList *list, uint16_t tag)
{
	const ExifFound *found = exif_lookup(list, EXIF_DIR_EXIF, tag);

	return found != NULL ? found : exif_lookup(list, EXIF_DIR_IFD0, tag);
}

/* The number of a tag that has one. */
static bool
read_number(const ExifFound *found, double *number)
{
	return found != NULL && found->entry.count == 1 && tiff_number(found->tiff, &found->entry, 0, number);
}

static void
set_quantity(const ExifList *list, uint16_t tag, TeFacts *facts, uint32_t fact, double *value)
{
	double		number;

	if (!read_number(look_up(list, tag), &number) || !(number > 0 && number <= TE_MAX_QUANTITY))
		return;
	*value = number;
	facts->known |= fact;
}

/* A whole number between two limits. */
static bool
read_whole(const ExifFound *found, uint64_t low, uint64_t high, int32_t *whole)
{
	uint64_t	number;

	if (found == NULL || !tiff_uint(found->tiff, &found->entry, 0, &number) || number < low || number > high)
		return false;
	*whole = (int32_t) number;
	return true;
}

/*
 * The sensitivity.  If it is more than its tag holds, or if there is only one of the newer tags, it is in the one that
 * SensitivityType names first, else in the recommended index, the speed or the standard output, in that order.
 */
static bool
read_iso(const ExifList *list, int32_t *iso)
{
	static const uint16_t named[] = {0, TAG_STANDARD_OUTPUT, TAG_RECOMMENDED_INDEX, TAG_ISO_SPEED,
	TAG_RECOMMENDED_INDEX, TAG_ISO_SPEED, TAG_RECOMMENDED_INDEX, TAG_RECOMMENDED_INDEX};
	const ExifFound *plain = look_up(list, TAG_ISO);
	int32_t		type;

	*iso = 0;
	if (read_whole(plain, 1, TE_MAX_ISO, iso) && *iso != ISO_OVERFLOW)
		return true;
	if (plain != NULL && *iso != ISO_OVERFLOW)
		return false;
	if (read_whole(look_up(list, TAG_SENSITIVITY_TYPE), 1, 7, &type) &&
		read_whole(look_up(list, named[type]), 1, TE_MAX_ISO, iso))
		return true;
	return read_whole(look_up(list, TAG_RECOMMENDED_INDEX), 1, TE_MAX_ISO, iso) ||
		read_whole(look_up(list, TAG_ISO_SPEED), 1, TE_MAX_ISO, iso) ||
		read_whole(look_up(list, TAG_STANDARD_OUTPUT), 1, TE_MAX_ISO, iso);
}

/* Metres above sea level; a reference of 1 or 3 is below it, and no reference above. */
static bool
read_altitude(const ExifList *list, double *altitude)
{
	const ExifFound *reference = exif_lookup(list, EXIF_DIR_GPS, GPS_ALTITUDE_REF);
	uint64_t	below = 0;

	if (reference != NULL && (!tiff_uint(reference->tiff, &reference->entry, 0, &below) || below > 3))
		return false;
	if (!read_number(exif_lookup(list, EXIF_DIR_GPS, GPS_ALTITUDE), altitude) ||
		!(*altitude >= 0 && *altitude <= TE_MAX_QUANTITY))
		return false;
	if ((below & 1) && *altitude > 0)
		*altitude = -*altitude;
	return true;
}

static bool
read_rating(const ExifList *list, const ExifFields *fields, int32_t *rating)
{
	const uint8_t *text;
	size_t		length;
	double		number;

	if (field_text(fields, FIELD_XMP_RATING, &text, &length) && field_parse_number(text, length, &number) &&
		number >= -1 && number <= 5 && number == (int32_t) number)
	{
		*rating = (int32_t) number;
		return true;
	}
	return read_whole(exif_lookup(list, EXIF_DIR_IFD0, TAG_RATING), 0, 5, rating);
}

static void
set_numbers(const ExifList *list, const ExifFields *fields, TeFacts *facts)
{
	const ExifFound *orientation = exif_lookup(list, EXIF_DIR_IFD0, TAG_ORIENTATION);

	if (read_iso(list, &facts->iso))
		facts->known |= TE_FACT_ISO;
	set_quantity(list, TAG_F_NUMBER, facts, TE_FACT_F_NUMBER, &facts->f_number);
	set_quantity(list, TAG_EXPOSURE, facts, TE_FACT_EXPOSURE_TIME, &facts->exposure_time);
	set_quantity(list, TAG_FOCAL_LENGTH, facts, TE_FACT_FOCAL_LENGTH, &facts->focal_length);
	set_quantity(list, TAG_FOCAL_LENGTH_35MM, facts, TE_FACT_FOCAL_LENGTH_35MM, &facts->focal_length_35mm);
	if (orientation != NULL && orientation->entry.count == 1 && read_whole(orientation, 1, 8, &facts->orientation))
		facts->known |= TE_FACT_ORIENTATION;
	if (read_altitude(list, &facts->altitude))
		facts->known |= TE_FACT_ALTITUDE;
	if (read_number(exif_lookup(list, EXIF_DIR_GPS, GPS_DIRECTION), &facts->direction) &&
		facts->direction >= 0 && facts->direction <= 360)
		facts->known |= TE_FACT_DIRECTION;
	if (read_rating(list, fields, &facts->rating))
		facts->known |= TE_FACT_RATING;
}

/* --- texts */

/*
 * Write a text without blanks at either end, cut where the room ends.  Unless "lines", tabs and line ends become blanks.
 * Returns its length.
 */
static size_t
write_text(char *to, size_t size, bool lines, const uint8_t *text, size_t length)
{
	ExifOut		out = {.text = to, .size = size, .lines = true};

	(void) text_stripped(&out, text, length);
	out_end(&out);
	for (char *at = to; !lines && *at != '\0'; at++)
		if (*at == '\t' || *at == '\n' || *at == '\r')
			*at = ' ';
	return out.length;
}

/* The last item of a field, which is the one that is written as JSON.  False if nothing is left of it. */
static bool
write_field(char *to, size_t size, bool lines, const ExifFields *fields, ExifField field)
{
	const FieldItem *item;

	if (fields->value[field].count == 0)
		return false;
	item = &fields->item[fields->value[field].first + fields->value[field].count - 1];
	return write_text(to, size, lines, fields->text + item->start, item->length) > 0;
}

/* A tag of the Exif directory, else of IFD0, unless it is made of dashes and the like only, which cameras write without a lens. */
static void
write_lens(const ExifList *list, char *lens)
{
	const uint8_t *text;
	size_t		length;
	bool		has_name = false;

	if (!exif_lookup_text(list, EXIF_DIR_EXIF, TAG_LENS, &text, &length) &&
		!exif_lookup_text(list, EXIF_DIR_IFD0, TAG_LENS, &text, &length))
		return;
	(void) write_text(lens, TE_MAX_TEXT, false, text, length);
	for (const char *at = lens; *at != '\0'; at++)
		has_name |= (*at >= '0' && *at <= '9') || ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z') || (*at & 0x80) != 0;
	if (!has_name)
		lens[0] = '\0';
}

static void
write_description(const ExifList *list, const ExifFields *fields, char *description)
{
	const uint8_t *text;
	size_t		length;

	if (write_field(description, TE_MAX_DESCRIPTION, true, fields, FIELD_XMP_DESCRIPTION) ||
		write_field(description, TE_MAX_DESCRIPTION, true, fields, FIELD_IPTC_CAPTION))
		return;
	if (exif_lookup_text(list, EXIF_DIR_IFD0, TAG_DESCRIPTION, &text, &length) ||
		exif_lookup_text(list, EXIF_DIR_EXIF, TAG_DESCRIPTION, &text, &length))
		(void) write_text(description, TE_MAX_DESCRIPTION, true, text, length);
}

/* The keywords of a field, each once, as far as there is room.  False if there is none. */
static bool
write_keywords(const ExifFields *fields, ExifField field, char *keywords)
{
	const FieldItem *item;
	uint16_t	start[TE_MAX_KEYWORDS];
	uint16_t	length[TE_MAX_KEYWORDS];
	size_t		used = 0;		/* with the NUL or line end behind each */
	int			count = 0;

	if (fields->value[field].count == 0)
		return false;
	item = &fields->item[fields->value[field].first];
	for (int i = 0; i < fields->value[field].count && count < TE_MAX_KEYWORDS; i++)
	{
		size_t		room = TE_MAX_KEYWORD_TEXT - used;
		size_t		written;
		bool		is_new = true;

		if (item[i].length > TE_MAX_TEXT || room <= 2 * TE_MAX_TEXT + 1)	/* Latin-1 may double its length */
			continue;
		written = write_text(keywords + used, room, false, fields->text + item[i].start, item[i].length);
		for (int j = 0; j < count && is_new; j++)
			is_new = length[j] != written || memcmp(keywords + start[j], keywords + used, written) != 0;
		if (written == 0 || !is_new)
			continue;
		start[count] = (uint16_t) used;
		length[count++] = (uint16_t) written;
		used += written + 1;
		keywords[used - 1] = '\n';
	}
	if (used > 0)
		keywords[used - 1] = '\0';
	return used > 0;
}

ExifTexts *
exif_facts(const ExifList *list, const ExifFields *fields, TeFacts *facts)
{
	ExifTexts  *texts = malloc(sizeof(ExifTexts));

	set_numbers(list, fields, facts);
	if (texts == NULL)
		return NULL;
	texts->lens[0] = texts->title[0] = texts->description[0] = texts->keywords[0] = '\0';
	write_lens(list, texts->lens);
	if (!write_field(texts->title, TE_MAX_TEXT, false, fields, FIELD_XMP_TITLE))
		(void) write_field(texts->title, TE_MAX_TEXT, false, fields, FIELD_IPTC_OBJECT_NAME);
	write_description(list, fields, texts->description);
	if (!write_keywords(fields, FIELD_XMP_SUBJECT, texts->keywords))
		(void) write_keywords(fields, FIELD_IPTC_KEYWORDS, texts->keywords);
	return texts;
}
