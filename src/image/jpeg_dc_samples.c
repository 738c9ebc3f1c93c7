/*
 * jpeg_dc_samples.c
 *		Makes samples of the DC coefficients of a JPEG's blocks, as libjpeg does at scale 1/8.
 */
#include "image/jpeg_dc.h"

#define CENTRE	128				/* CENTERJSAMPLE */

static inline int16_t
clamp(int16_t value)
{
	value = value < 0 ? 0 : value;
	return value > 255 ? 255 : value;
}

/*
 * libjpeg's jpeg_idct_1x1(), which takes ten bits of what it gets: 16 bits are enough for the product.  It becomes vector
 * code (Makefile).
 */
static void
make_samples(const int16_t *restrict blocks, uint16_t quant, size_t count, uint8_t *restrict samples)
{
	for (size_t x = 0; x < count; x++)
	{
		uint16_t	product = (uint16_t) ((uint16_t) blocks[x] * quant + 4 + (512 << 3));

		samples[x] = (uint8_t) clamp((int16_t) ((product >> 3 & 1023) - 512 + CENTRE));
	}
}

void
img_dc_samples(j_decompress_ptr cinfo, const DcPicture *picture, int number, int y, uint8_t *row)
{
	const DcPlane *plane = &picture->planes[number];

	make_samples(plane->blocks + (size_t) y * plane->stride,
				 cinfo->quant_tbl_ptrs[cinfo->comp_info[number].quant_tbl_no]->quantval[0], (size_t) plane->columns, row);
}
