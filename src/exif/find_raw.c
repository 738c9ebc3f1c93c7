/*
 * find_raw.c
 *		Finds the Exif blocks of RAW files, and makes one for those that say the same in another way.
 */
#include <math.h>
#include <string.h>

#include "container/ciff.h"
#include "container/mrw.h"
#include "container/raw_jpeg.h"
#include "container/tiff.h"
#include "container/x3f.h"
#include "exif/field.h"
#include "exif/find_internal.h"
#include "exif/made.h"

#define TAG_MAKE			0x010F
#define TAG_MODEL			0x0110
#define TAG_EXPOSURE_TIME	0x829A
#define TAG_F_NUMBER		0x829D
#define TAG_ISO				0x8827
#define TAG_SHUTTER_SPEED	0x9201
#define TAG_APERTURE		0x9202
#define TAG_EXPOSURE_BIAS	0x9204
#define TAG_FOCAL_LENGTH	0x920A

#define MAX_APEX			100 /* beyond it, and at it, cameras write that they do not know */

static void
find_raf(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	const uint8_t *jpeg;
	size_t		jpeg_length;

	if (raf_jpeg(data, length, &jpeg, &jpeg_length))
		exif_find_jpeg(jpeg, jpeg_length, blocks);
	else
		blocks->problem = "embedded JPEG lies outside the file";
}

/*
 * Panasonic's RW2 has a few tags of its own in its directories; the rest are
 * those of the JPEG inside.  The file's own come last and override them.
 */
static void
find_panasonic(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	Tiff		tiff;
	TiffDir		dir;
	const uint8_t *jpeg;
	size_t		jpeg_length;

	if (tiff_open(&tiff, data, length) && tiff_dir(&tiff, tiff.first, &dir) &&
		rw2_jpeg(&tiff, &dir, &jpeg, &jpeg_length))
		exif_find_jpeg(jpeg, jpeg_length, blocks);
}

static void
find_mrw(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	const uint8_t *block;
	size_t		block_length;

	if (mrw_block(data, length, MRW_TIFF, &block, &block_length))
		exif_blocks_add(blocks, EXIF_DIR_IFD0, block, block_length, NULL);
	else
		blocks->problem = "there is no block with EXIF";
}

/* CRW: maker and model are two texts behind each other. */
static void
add_make_and_model(ExifMade *made, const CiffValue *value)
{
	const char *text = (const char *) value->data;
	size_t		make = strnlen(text, value->length);

	made_text(made, EXIF_DIR_IFD0, TAG_MAKE, text, value->length);
	if (make < value->length)
		made_text(made, EXIF_DIR_IFD0, TAG_MODEL, text + make + 1, value->length - make - 1);
}

/* CRW: exposure in APEX, as Exif has it. */
static void
add_exposure(ExifMade *made, const Ciff *ciff, const CiffValue *value)
{
	static const uint16_t tags[] = {TAG_EXPOSURE_BIAS, TAG_SHUTTER_SPEED, TAG_APERTURE};
	uint32_t	bits;
	float		number;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]) && ciff_long(ciff, value, i, &bits); i++)
	{
		memcpy(&number, &bits, sizeof(number));
		if (isfinite(number) && fabsf(number) < MAX_APEX)
			made_float(made, EXIF_DIR_EXIF, tags[i], number);
	}
}

static void
find_crw(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	Ciff		ciff;
	CiffValue	value;
	ExifMade	made;
	uint32_t	number;

	if (!ciff_open(&ciff, data, length))
	{
		blocks->problem = "directory of the CRW lies outside the file";
		return;
	}
	if (!made_begin(&made))
		return;
	if (ciff_find(&ciff, CIFF_MAKE_MODEL, &value))
		add_make_and_model(&made, &value);
	if (ciff_find(&ciff, CIFF_IMAGE, &value) && ciff_long(&ciff, &value, 3, &number))
		made_rotation(&made, (int32_t) number);
	if (ciff_find(&ciff, CIFF_TIME, &value) && ciff_long(&ciff, &value, 0, &number))
		made_time(&made, number);
	if (ciff_find(&ciff, CIFF_EXPOSURE, &value))
		add_exposure(&made, &ciff, &value);
	made_end(&made, blocks);
}

/* A property that is a number. */
static bool
number_property(const X3f *x3f, const char *name, double *number)
{
	char		text[64];

	return x3f_property(x3f, name, text, sizeof(text)) &&
		field_parse_number((const uint8_t *) text, strlen(text), number);
}

/* X3F: the properties of cameras that put no EXIF into a preview. */
static void
make_of_properties(const X3f *x3f, ExifBlocks *blocks)
{
	static const struct
	{
		const char *name;
		uint16_t	tag;
	}			numbers[] = {
		{"SHUTTER", TAG_EXPOSURE_TIME}, {"APERTURE", TAG_F_NUMBER}, {"FLENGTH", TAG_FOCAL_LENGTH}
	};
	ExifMade	made;
	char		text[MADE_MAX_TEXT + 1];
	double		number;

	if (!made_begin(&made))
		return;
	if (x3f_property(x3f, "CAMMANUF", text, sizeof(text)))
		made_text(&made, EXIF_DIR_IFD0, TAG_MAKE, text, sizeof(text));
	if (x3f_property(x3f, "CAMMODEL", text, sizeof(text)))
		made_text(&made, EXIF_DIR_IFD0, TAG_MODEL, text, sizeof(text));
	made_rotation(&made, (int32_t) x3f->rotation);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (number_property(x3f, numbers[i].name, &number) && number > 0)
			made_float(&made, EXIF_DIR_EXIF, numbers[i].tag, (float) number);
	if (number_property(x3f, "ISO", &number) && number > 0 && number <= UINT16_MAX && number == floor(number))
		made_short(&made, EXIF_DIR_EXIF, TAG_ISO, (uint16_t) number);
	if (number_property(x3f, "TIME", &number) && number > 0 && number <= UINT32_MAX)
		made_time(&made, (uint32_t) number);
	made_end(&made, blocks);
}

static void
find_x3f(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	X3f			x3f;
	X3fSection	section;
	const uint8_t *jpeg;
	size_t		jpeg_length;

	if (!x3f_open(&x3f, data, length))
	{
		blocks->problem = "directory of the X3F lies outside the file";
		return;
	}
	for (uint32_t i = 0; i < x3f.count && blocks->count == 0; i++)
		if (x3f_section(&x3f, i, &section) && x3f_image(&section, &jpeg, &jpeg_length) == X3F_JPEG)
			exif_find_jpeg(jpeg, jpeg_length, blocks);
	if (blocks->count == 0)
		make_of_properties(&x3f, blocks);
}

void
exif_find_raw(const uint8_t *data, size_t length, ExifBlocks *blocks)
{
	if (ciff_is(data, length))
		find_crw(data, length, blocks);
	else if (exif_has_byte_order(data, length))
	{
		find_panasonic(data, length, blocks);
		exif_blocks_add(blocks, EXIF_DIR_IFD0, data, length, NULL);
	}
	else if (raf_is(data, length))
		find_raf(data, length, blocks);
	else if (mrw_is(data, length))
		find_mrw(data, length, blocks);
	else if (x3f_is(data, length))
		find_x3f(data, length, blocks);
	else if (length >= 12 && memcmp(data + 4, "ftyp", 4) == 0)
		exif_find_boxes(data, length, blocks);
}
