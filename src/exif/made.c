/*
 * made.c
 *		Makes an Exif block of what a file says by other means.
 *
 * The block is little-endian and has room for a fixed number of entries in each directory; texts follow behind.
 */
#include "exif/made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/tiff.h"

#define MAX_ENTRIES		12		/* of each directory */
#define DIRECTORY		(2 + (MAX_ENTRIES + 1) * 12 + 4)	/* and the pointer to the other one */
#define FIRST			8
#define TEXTS			(FIRST + 2 * DIRECTORY)
#define SIZE			(TEXTS + 2 * MAX_ENTRIES * (MADE_MAX_TEXT + 1))

#define TAG_ORIENTATION	0x0112
#define TAG_ORIGINAL	0x9003

static void
put(uint8_t *to, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t) (value >> (8 * i));
}

/* The place of a directory in the block. */
static size_t
place(ExifDir dir)
{
	return dir == EXIF_DIR_IFD0 ? FIRST : FIRST + DIRECTORY;
}

/* Add an entry.  "value" is it, or where it is. */
static void
add(ExifMade *made, ExifDir dir, uint16_t tag, uint16_t type, uint32_t count, uint32_t value)
{
	uint8_t    *entry = made->block + place(dir) + 2 + (size_t) made->count[dir]++ * 12;

	put(entry, tag, 2);
	put(entry + 2, type, 2);
	put(entry + 4, count, 4);
	put(entry + 8, value, 4);
}

bool
made_begin(ExifMade *made)
{
	*made = (ExifMade) {.block = calloc(1, SIZE), .length = TEXTS};
	return made->block != NULL;
}

void
made_text(ExifMade *made, ExifDir dir, uint16_t tag, const char *text, size_t length)
{
	uint8_t    *to = made->block + made->length;
	size_t		bytes = strnlen(text, length < MADE_MAX_TEXT ? length : MADE_MAX_TEXT);

	if (bytes == 0 || made->count[dir] == MAX_ENTRIES)
		return;
	memcpy(to, text, bytes);	/* behind it are NULs */
	if (bytes < 4)				/* it lies in the entry itself */
	{
		add(made, dir, tag, TIFF_ASCII, (uint32_t) bytes + 1,
			to[0] | (uint32_t) to[1] << 8 | (uint32_t) to[2] << 16);
		memset(to, 0, bytes);
		return;
	}
	add(made, dir, tag, TIFF_ASCII, (uint32_t) bytes + 1, (uint32_t) made->length);
	made->length += bytes + 1;
}

void
made_short(ExifMade *made, ExifDir dir, uint16_t tag, uint16_t value)
{
	if (made->count[dir] < MAX_ENTRIES)
		add(made, dir, tag, TIFF_SHORT, 1, value);
}

void
made_float(ExifMade *made, ExifDir dir, uint16_t tag, float value)
{
	uint32_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	if (made->count[dir] < MAX_ENTRIES)
		add(made, dir, tag, TIFF_FLOAT, 1, bits);
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month] + (month == 1 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
}

/* Without gmtime_r(), which looks for files of time zones. */
void
made_time(ExifMade *made, uint32_t seconds)
{
	int			day = (int) (seconds / 86400);
	int			rest = (int) (seconds % 86400);
	int			year = 1970,
				month = 0;
	char		text[80];		/* as long as the compiler believes that numbers may be */

	if (seconds == 0)
		return;
	while (day >= days_of_month(year, month))
	{
		day -= days_of_month(year, month);
		month = (month + 1) % 12;
		year += month == 0;
	}
	snprintf(text, sizeof(text), "%04d:%02d:%02d %02d:%02d:%02d", year, month + 1, day + 1, rest / 3600, rest / 60 % 60, rest % 60);
	made_text(made, EXIF_DIR_EXIF, TAG_ORIGINAL, text, sizeof(text));
}

void
made_rotation(ExifMade *made, int32_t degrees)
{
	static const uint16_t orientations[] = {1, 6, 3, 8};

	if (degrees % 90 == 0 && degrees >= -270 && degrees < 360)
		made_short(made, EXIF_DIR_IFD0, TAG_ORIENTATION, orientations[(degrees + 360) / 90 % 4]);
}

void
made_end(ExifMade *made, ExifBlocks *blocks)
{
	if (made->count[EXIF_DIR_IFD0] + made->count[EXIF_DIR_EXIF] == 0)
	{
		free(made->block);
		return;
	}
	memcpy(made->block, "II*\0", 4);
	put(made->block + 4, FIRST, 4);
	if (made->count[EXIF_DIR_EXIF] > 0)
		add(made, EXIF_DIR_IFD0, TIFF_TAG_EXIF, TIFF_LONG, 1, (uint32_t) place(EXIF_DIR_EXIF));
	put(made->block + place(EXIF_DIR_IFD0), (uint32_t) made->count[EXIF_DIR_IFD0], 2);
	put(made->block + place(EXIF_DIR_EXIF), (uint32_t) made->count[EXIF_DIR_EXIF], 2);
	exif_blocks_add(blocks, EXIF_DIR_IFD0, made->block, made->length, made->block);
}
