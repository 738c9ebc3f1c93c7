/*
 * exif_display.c
 *		SQL function thumbexif_display(): a value of an EXIF object as people read it.
 *
 * A value that is not as its tag demands is shown as it is.  Nothing here raises an ERROR (exif_value.c).
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "exif_value.h"
#include "pg/compat.h"

PG_FUNCTION_INFO_V1(thumbexif_display);

#define MAX_LENGTH	1000		/* bytes of a result: what an index of type btree takes */
#define MAX_SHOWN	1e7			/* larger numbers are shown as they are */

/* --- numbers */

/* A number with so many decimals (1 or more) at most, without zeros at its end. */
static char *
decimal(double number, int decimals)
{
	char	   *text = psprintf("%.*f", decimals, number);
	size_t		length = strlen(text);

	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	text[length] = '\0';
	return strcmp(text, "-0") == 0 ? pstrdup("0") : text;
}

static char *
show_seconds(double number)
{
	if (number <= 0 || number < 1 / MAX_SHOWN)
		return NULL;
	/* as cameras show them: shorter than a third of a second, as a fraction */
	if (number < 0.3)
		return psprintf("1/%.0f s", 1 / number);
	return psprintf("%s s", decimal(number, 1));
}

static char *
show_f_number(double number)
{
	return number > 0 ? psprintf("f/%s", decimal(number, 1)) : NULL;
}

/* APEX values: the binary logarithms of the time and of the squared f-number. */
static char *
show_apex_seconds(double number)
{
	return fabs(number) < 24 ? show_seconds(pow(2, -number)) : NULL;
}

static char *
show_apex_f_number(double number)
{
	return fabs(number) < 24 ? show_f_number(pow(2, number / 2)) : NULL;
}

static char *
show_iso(double number)
{
	return number > 0 ? psprintf("ISO %.0f", number) : NULL;
}

static char *
show_millimetres(double number)
{
	return number > 0 ? psprintf("%s mm", decimal(number, 1)) : NULL;
}

static char *
show_stops(double number)
{
	char	   *text = decimal(number, 1);

	return psprintf("%s%s EV", text[0] == '-' || strcmp(text, "0") == 0 ? "" : "+", text);
}

static char *
show_degrees(double number)
{
	return psprintf("%s deg", decimal(number, 1));
}

static char *
show_orientation(double number)
{
	static const char *const words[] = {
		NULL, "upright", "mirrored", "rotated 180 deg", "mirrored, rotated 180 deg",
		"mirrored, rotated 270 deg clockwise", "rotated 90 deg clockwise",
		"mirrored, rotated 90 deg clockwise", "rotated 270 deg clockwise"
	};

	if (number < 1 || number > 8 || number != floor(number))
		return NULL;
	return pstrdup(words[(int) number]);
}

static char *
show_flash(double number)
{
	if (number < 0 || number > 255 || number != floor(number))
		return NULL;
	return pstrdup(((int) number & 1) ? "fired" : "did not fire");
}

static const struct
{
	const char *key;
	char	   *(*show) (double number);	/* NULL if the number is none for this tag */
}			numbers[] = {
	{"ExposureTime", show_seconds}, {"ShutterSpeedValue", show_apex_seconds}, {"FNumber", show_f_number},
	{"ApertureValue", show_apex_f_number}, {"MaxApertureValue", show_apex_f_number}, {"ISOSpeedRatings", show_iso},
	{"ISOSpeed", show_iso}, {"StandardOutputSensitivity", show_iso}, {"RecommendedExposureIndex", show_iso},
	{"FocalLength", show_millimetres}, {"FocalLengthIn35mmFilm", show_millimetres},
	{"ExposureBiasValue", show_stops}, {"Orientation", show_orientation}, {"Flash", show_flash},
	{"GPSImgDirection", show_degrees}, {"GPSTrack", show_degrees}, {"GPSDestBearing", show_degrees}
};

/* --- dates and positions */

/* "2024:05:01 12:00:00" or "2024:05:01" with hyphens.  NULL if it is neither. */
static char *
date(const JsonbValue *value)
{
	static const char form[] = "0000:00:00 00:00:00";
	char	   *text = value->type == jbvString ? te_exif_value_text(value) : NULL;
	size_t		length = text != NULL ? strlen(text) : 0;

	if (length != sizeof(form) - 1 && length != 10)
		return NULL;
	for (size_t i = 0; i < length; i++)
	{
		if (form[i] == '0' ? (text[i] < '0' || text[i] > '9') : text[i] != form[i])
			return NULL;
	}
	if (strncmp(text, "0000", 4) == 0)
		return NULL;
	text[4] = text[7] = '-';
	return text;
}

/* The first letter of the tag that tells to which side a value counts, in upper case; 0 if there is none. */
static char
side(const Jsonb *exif, const char *key)
{
	JsonbValue	value;
	char	   *ref = psprintf("%sRef", key);

	if (!te_exif_value_get(exif, ref, (int) strlen(ref), &value) || value.type != jbvString || value.val.string.len == 0)
		return 0;
	return (char) pg_ascii_toupper((unsigned char) value.val.string.val[0]);
}

/* Degrees, minutes and seconds: 48 deg 51' 30.24" N. */
static char *
coordinate(const Jsonb *exif, const char *key, const JsonbValue *value)
{
	bool		latitude = strstr(key, "Latitude") != NULL;
	char		ref = side(exif, key);
	double		part[3];
	double		total;
	int64		hundredths;

	if (!te_exif_value_numbers(value, part, lengthof(part)) || ref == 0 || strchr(latitude ? "NS" : "EW", ref) == NULL)
		return NULL;
	for (int i = 0; i < 3; i++)
		if (part[i] < 0 || part[i] > 100000)
			return NULL;
	total = part[0] + part[1] / 60 + part[2] / 3600;
	if (total > (latitude ? 90 : 180))
		return NULL;
	hundredths = llround(total * 360000);
	return psprintf("%d deg %d' %s\" %c", (int) (hundredths / 360000), (int) (hundredths / 6000 % 60),
					decimal((double) (hundredths % 6000) / 100, 2), ref);
}

/* Metres, negative below sea level. */
static char *
altitude(const Jsonb *exif, const JsonbValue *value)
{
	JsonbValue	ref;
	double		below = 0;
	double		metres;

	if (!te_exif_value_number(value, &metres) || fabs(metres) > MAX_SHOWN)
		return NULL;
	if (te_exif_value_get(exif, "GPSAltitudeRef", (int) strlen("GPSAltitudeRef"), &ref))
		(void) te_exif_value_number(&ref, &below);
	return psprintf("%s m", decimal(below == 1 || below == 3 ? -metres : metres, 1));
}

/* --- all */

/* The value of a tag as people read it; NULL if it is not as the tag demands, or if the tag is not known here. */
static char *
display(const Jsonb *exif, const char *key, const JsonbValue *value)
{
	double		number;

	if (strcmp(key, "DateTimeOriginal") == 0 || strcmp(key, "DateTimeDigitized") == 0 || strcmp(key, "DateTime") == 0 ||
		strcmp(key, "GPSDateStamp") == 0)
		return date(value);
	if (strcmp(key, "GPSLatitude") == 0 || strcmp(key, "GPSLongitude") == 0 ||
		strcmp(key, "GPSDestLatitude") == 0 || strcmp(key, "GPSDestLongitude") == 0)
		return coordinate(exif, key, value);
	if (strcmp(key, "GPSAltitude") == 0)
		return altitude(exif, value);
	for (size_t i = 0; i < lengthof(numbers); i++)
		if (strcmp(key, numbers[i].key) == 0)
			return te_exif_value_number(value, &number) && fabs(number) < MAX_SHOWN ? numbers[i].show(number) : NULL;
	return NULL;
}

char *
te_exif_display(const Jsonb *exif, const char *key, const JsonbValue *value)
{
	char	   *shown = display(exif, key, value);

	if (shown == NULL)
		shown = te_exif_value_text(value);
	if (shown != NULL)
		shown[pg_mbcliplen(shown, (int) strlen(shown), MAX_LENGTH)] = '\0';
	return shown;
}

/* thumbexif_display(exif jsonb, key text) RETURNS text */
Datum
thumbexif_display(PG_FUNCTION_ARGS)
{
	Jsonb	   *exif = PG_GETARG_JSONB_P(0);
	char	   *key = text_to_cstring(PG_GETARG_TEXT_PP(1));
	JsonbValue	value;
	char	   *shown;

	if (!te_exif_value_get(exif, key, (int) strlen(key), &value))
		PG_RETURN_NULL();
	shown = te_exif_display(exif, key, &value);
	if (shown == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(shown));
}
