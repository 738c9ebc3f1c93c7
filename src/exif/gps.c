/*
 * gps.c
 *		Reads where a photo was taken.
 */
#include "exif/gps.h"

#include <math.h>


#define LATITUDE_REF	0x0001
#define LATITUDE		0x0002
#define LONGITUDE_REF	0x0003
#define LONGITUDE		0x0004

/*
 * The sign that a reference gives, by its first letter in either case, so that
 * "South" and "s" are accepted.  0 if it is neither of the two.
 */
static int
reference_sign(const ExifList *list, uint16_t tag, char positive, char negative)
{
	const uint8_t *text;
	size_t		length;
	char		letter;

	if (!exif_lookup_text(list, EXIF_DIR_GPS, tag, &text, &length))
		return 0;
	while (length > 0 && *text == ' ')
	{
		text++;
		length--;
	}
	if (length == 0)
		return 0;
	letter = (char) (*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
	return letter == positive ? 1 : letter == negative ? -1 : 0;
}

/*
 * Degrees, minutes and seconds; two components may be degrees and decimal minutes,
 * one decimal degrees.  The sign comes from the reference only.
 */
static bool
read_axis(const ExifList *list, uint16_t tag, int sign, double limit, double *degrees)
{
	static const double unit[] = {1, 60, 3600};
	const ExifFound *found = exif_lookup(list, EXIF_DIR_GPS, tag);
	double		sum = 0;

	if (sign == 0 || found == NULL || found->entry.count == 0)
		return false;
	for (uint64_t i = 0; i < found->entry.count && i < 3; i++)
	{
		double		part;

		if (!tiff_number(found->tiff, &found->entry, i, &part))
			return false;
		sum += part / unit[i];
	}
	sum = fabs(sum);
	*degrees = sum == 0 ? 0 : sign * sum;
	return sum <= limit;
}

bool
exif_position(const ExifList *list, double *latitude, double *longitude)
{
	return read_axis(list, LATITUDE, reference_sign(list, LATITUDE_REF, 'N', 'S'), 90, latitude) &&
		read_axis(list, LONGITUDE, reference_sign(list, LONGITUDE_REF, 'E', 'W'), 180, longitude) &&
		(*latitude != 0 || *longitude != 0);
}
