/*
 * damaged.c
 *		Takes the rows that can still be decoded from an image whose file ends early or is corrupt.
 *
 * Loaders report an error at the first row that is wrong, and give none after it: so no row is made of memory that was not
 * written, and what is shown is what the file has.  A row for which there is no memory is no such row.
 */
#include "image/internal.h"

#include <string.h>

/* White, or without ink.  Of rare formats the rest becomes black. */
static int
blank_byte(VipsImage *image)
{
	VipsBandFormat format = vips_image_get_format(image);

	return (format == VIPS_FORMAT_UCHAR || format == VIPS_FORMAT_USHORT) &&
		vips_image_guess_interpretation(image) != VIPS_INTERPRETATION_CMYK ? 0xFF : 0;
}

/* An image in memory like this one, without its pixels; NULL with libvips' reason. */
static VipsImage *
new_like(VipsImage *image)
{
	VipsImage  *memory = vips_image_new_memory();

	if (memory && (vips_image_pipelinev(memory, VIPS_DEMAND_STYLE_ANY, image, NULL) != 0 || vips_image_write_prepare(memory) != 0))
		g_clear_object(&memory);
	return memory;
}

/* Copy rows until one is wrong.  Returns how many were right. */
static int
copy_rows(VipsImage *from, VipsImage *to)
{
	VipsRegion *region = vips_region_new(from);
	VipsRect	row = {0, 0, vips_image_get_width(from), 1};

	while (region && row.top < vips_image_get_height(from) && vips_region_prepare(region, &row) == 0 && !img_vips_has_error())
	{
		memcpy(VIPS_IMAGE_ADDR(to, 0, row.top), VIPS_REGION_ADDR(region, 0, row.top), VIPS_IMAGE_SIZEOF_LINE(to));
		row.top++;
	}
	g_clear_object(&region);
	return row.top;
}

VipsImage *
img_damaged_rows(VipsImage *opened, const ImgFile *file, ImgResult *result)
{
	int			height = vips_image_get_height(opened);
	VipsImage  *image = new_like(opened);
	int			rows = image ? copy_rows(opened, image) : 0;

	if (!image || rows < MIN(height, IMG_MIN_ROWS) || (rows < height && img_vips_lacks_memory()))
	{
		img_fail_vips(result, file);
		g_clear_object(&image);
		return NULL;
	}
	for (int y = rows; y < height; y++)
		memset(VIPS_IMAGE_ADDR(image, 0, y), blank_byte(image), VIPS_IMAGE_SIZEOF_LINE(image));
	img_vips_clear();
	return image;
}
