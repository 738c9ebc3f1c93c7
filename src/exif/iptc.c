/*
 * iptc.c
 *		Reads IPTC records.
 *
 * A record is a sequence of data sets: a marker, the numbers of record and data set, a length, the value.
 * Those that belong to one value need not stand together.
 */
#include "exif/iptc.h"

#include "container/bytes.h"

#define MARKER		0x1C
#define HEAD		5			/* bytes of marker, numbers and a length of two bytes */
#define IS_LONG		0x8000		/* the length is the number of bytes of a longer length */

#define CODED_CHARACTER_SET	0x015A	/* 1:90 */

static const struct
{
	uint16_t	number;			/* record and data set */
	ExifField	field;
}			values[] = {
	{0x0205, FIELD_IPTC_OBJECT_NAME},
	{0x0219, FIELD_IPTC_KEYWORDS},
	{0x0250, FIELD_IPTC_BY_LINE},
	{0x0274, FIELD_IPTC_COPYRIGHT},
	{0x0278, FIELD_IPTC_CAPTION}
};

typedef struct DataSet
{
	uint16_t	number;
	const uint8_t *value;
	size_t		length;
} DataSet;

/* The next data set, which moves *at behind it.  False at the end and at anything else. */
static bool
next(const uint8_t **at, const uint8_t *end, DataSet *set)
{
	const uint8_t *value;
	size_t		length;

	if (end - *at < HEAD || (*at)[0] != MARKER)
		return false;
	value = *at + HEAD;
	length = be16(*at + 3);
	if (length & IS_LONG)
	{
		int			bytes = length & ~IS_LONG;

		if (bytes < 1 || bytes > 8 || end - value < bytes)
			return false;
		length = be_number(value, bytes);
		value += bytes;
	}
	if (length > (size_t) (end - value))
		return false;
	set->number = (uint16_t) be16(*at + 1);
	set->value = value;
	set->length = length;
	*at = value + length;
	return true;
}

/* Does an escape sequence of ISO 2022 choose the right half of Latin-1? */
static bool
is_latin1(const DataSet *set)
{
	return set->length >= 3 && set->value[0] == 0x1B && (set->value[1] == '-' || set->value[1] == '.') &&
		set->value[2] == 'A';
}

static void
add_item(ExifFields *fields, const DataSet *set, bool latin1)
{
	if (!latin1)
		field_add(fields, set->value, set->length);
	for (size_t i = 0; latin1 && i < set->length; i++)
	{
		uint8_t		c = set->value[i];
		uint8_t		utf8[2] = {(uint8_t) (0xC0 | c >> 6), (uint8_t) (0x80 | (c & 0x3F))};

		field_add(fields, c < 0x80 ? &c : utf8, c < 0x80 ? 1 : 2);
	}
	field_end_item(fields);
}

void
iptc_read(const uint8_t *data, size_t length, ExifFields *fields)
{
	const uint8_t *end = data + length;
	const uint8_t *at = data;
	bool		latin1 = false;
	DataSet		set;

	while (next(&at, end, &set))
		if (set.number == CODED_CHARACTER_SET)
			latin1 = is_latin1(&set);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
	{
		field_begin(fields);
		for (at = data; next(&at, end, &set);)
			if (set.number == values[i].number)
				add_item(fields, &set, latin1);
		field_commit(fields, values[i].field);
	}
}
