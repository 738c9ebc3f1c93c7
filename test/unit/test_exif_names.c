/*
 * test_exif_names.c
 *		Tests that the documentation has every name of exif_metadata, and that the tables of names are
 *		sorted.
 */
#include <stdlib.h>

#include "exif/tags.h"
#include "test/unit/tap.h"

#define DOCUMENT "src/exif/EXIF.md"

/* Is the name there as a word? */
static bool
documented(const char *text, const char *name)
{
	size_t		length = strlen(name);

	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
		if (at > text && strchr(" \n", at[-1]) && strchr(",\n", at[length]))
			return true;
	return false;
}

static int
missing_names(const char *text, ExifDir dir, uint16_t magic)
{
	int			missing = 0;

	for (int tag = 0; tag <= 0xFFFF; tag++)
	{
		char		buffer[EXIF_MAX_NAME];
		const char *name;
		TagKind		kind = exif_tag_kind(dir, (uint16_t) tag, magic, &name, buffer);

		if (name == buffer || kind == TAG_POINTER || documented(text, name))
			continue;
		fprintf(stderr, "# not in %s: 0x%04X %s\n", DOCUMENT, (unsigned) tag, name);
		missing++;
	}
	return missing;
}

static void
test_name(ExifDir dir, uint16_t tag, uint16_t magic, const char *expected)
{
	char		buffer[EXIF_MAX_NAME];
	const char *name;

	exif_tag_kind(dir, tag, magic, &name, buffer);
	is_text(name, expected, expected);
}

int
main(void)
{
	static char text[256 * 1024];
	FILE	   *file = fopen(DOCUMENT, "rb");

	if (ok(file != NULL, "there is a document"))
	{
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		is_int(missing_names(text, EXIF_DIR_EXIF, 42), 0, "Exif directory");
		is_int(missing_names(text, EXIF_DIR_IFD0, 42), 0, "IFD0");
		is_int(missing_names(text, EXIF_DIR_GPS, 42), 0, "GPS directory");
		is_int(missing_names(text, EXIF_DIR_INTEROP, 42), 0, "interoperability");
		is_int(missing_names(text, EXIF_DIR_IFD0, 0x55), 0, "Panasonic's IFD0");
	}

	/* Where versions of libexif differ, or have it otherwise than the standard. */
	test_name(EXIF_DIR_EXIF, 0x8827, 42, "ISOSpeedRatings");
	test_name(EXIF_DIR_EXIF, 0x8833, 42, "ISOSpeed");
	test_name(EXIF_DIR_EXIF, 0x9004, 42, "DateTimeDigitized");
	test_name(EXIF_DIR_EXIF, 0x9011, 42, "OffsetTimeOriginal");
	test_name(EXIF_DIR_EXIF, 0x9290, 42, "SubSecTime");
	test_name(EXIF_DIR_EXIF, 0xA43A, 42, "RAWDevelopingSoftware");
	test_name(EXIF_DIR_EXIF, 0x010F, 42, "Make");
	test_name(EXIF_DIR_IFD0, 0x829A, 42, "ExposureTime");
	test_name(EXIF_DIR_IFD0, 0x0101, 42, "ImageLength");
	test_name(EXIF_DIR_IFD0, 0x0002, 0x55, "SensorWidth");
	test_name(EXIF_DIR_GPS, 0x0002, 42, "GPSLatitude");
	test_name(EXIF_DIR_GPS, 0x0020, 42, "0x0020");
	test_name(EXIF_DIR_IFD0, 0xFFFF, 42, "0xFFFF");
	test_name(EXIF_DIR_INTEROP, 0x0001, 42, "InteroperabilityIndex");
	return done_testing();
}
