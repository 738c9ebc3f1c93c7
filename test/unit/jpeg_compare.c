/*
 * jpeg_compare.c
 *		Compares what our decoder of averages makes of a JPEG with what libjpeg makes of it.
 */
#include "test/unit/jpeg_cases.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/jpeg_dc.h"

#include <jerror.h>

typedef struct Decoder
{
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr errors;
	jmp_buf		escape;
	const char *why;			/* libjpeg complains; NULL: it does not */
	const uint8_t *data;
	size_t		length;
} Decoder;

static void
on_error(j_common_ptr cinfo)
{
	Decoder    *decoder = cinfo->client_data;

	decoder->why = "libjpeg fails";
	longjmp(decoder->escape, 1);
}

/*
 * What src/image/jpeg.c counts as damage.  That in the AC coefficients of a progressive file, which are not
 * read, is none of the picture's.
 */
static void
on_message(j_common_ptr common, int level)
{
	Decoder    *decoder = common->client_data;
	j_decompress_ptr cinfo = &decoder->cinfo;

	if (level >= 0 || (cinfo->progressive_mode && cinfo->Ss > 0 && common->err->msg_code != JWRN_MUST_RESYNC))
		return;
	switch (common->err->msg_code)
	{
		case JWRN_JPEG_EOF:
			if (jpeg_has_multiple_scans(cinfo))
				decoder->why = "libjpeg misses the end";
			break;
		case JWRN_HIT_MARKER:
		case JWRN_HUFF_BAD_CODE:
		case JWRN_MUST_RESYNC:
		case JWRN_BOGUS_PROGRESSION:
			decoder->why = "libjpeg finds damage";
	}
}

static void
on_output(j_common_ptr cinfo)
{
}

static void
begin(Decoder *decoder)
{
	jpeg_destroy_decompress(&decoder->cinfo);
	decoder->cinfo.err = jpeg_std_error(&decoder->errors);
	decoder->cinfo.client_data = decoder;
	decoder->errors.error_exit = on_error;
	decoder->errors.emit_message = on_message;
	decoder->errors.output_message = on_output;
	jpeg_create_decompress(&decoder->cinfo);
	jpeg_mem_src(&decoder->cinfo, decoder->data, decoder->length);
	jpeg_read_header(&decoder->cinfo, TRUE);
	decoder->cinfo.scale_num = 1;
	decoder->cinfo.scale_denom = 8;
}

/* The DC coefficients of all components; of a file with one scan libjpeg also reads what follows, which src/image/jpeg.c does not. */
static bool
same_coefficients(Decoder *decoder, const DcPicture *ours)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	jvirt_barray_ptr *theirs;

	begin(decoder);
	theirs = jpeg_read_coefficients(cinfo);
	for (int i = 0; i < cinfo->num_components; i++)
	{
		const DcPlane *plane = &ours->planes[i];

		if (plane->columns != (int) cinfo->comp_info[i].width_in_blocks || plane->rows != (int) cinfo->comp_info[i].height_in_blocks)
			return false;
		for (int y = 0; y < plane->rows; y++)
		{
			JBLOCKARRAY row = cinfo->mem->access_virt_barray((j_common_ptr) cinfo, theirs[i], (JDIMENSION) y, 1, FALSE);

			for (int x = 0; x < plane->columns; x++)
				if (plane->blocks[(size_t) y * plane->stride + x] != row[0][x][0])
					return false;
		}
	}
	return true;
}

/* Rows as libjpeg makes them; "bands" of each pixel count, of them the first "compared". */
static bool
same_rows(j_decompress_ptr cinfo, const uint8_t *ours, int compared)
{
	size_t		stride = (size_t) cinfo->output_width * cinfo->output_components;
	uint8_t    *row = cinfo->mem->alloc_large((j_common_ptr) cinfo, JPOOL_IMAGE, stride);
	bool		same = true;

	while (cinfo->output_scanline < cinfo->output_height)
	{
		jpeg_read_scanlines(cinfo, &row, 1);
		for (size_t i = 0; i < stride; i++)
			if ((int) (i % cinfo->output_components) < compared && row[i] != ours[i])
				same = false;
		ours += stride;
	}
	return same;
}

/* All pixels, or their light only if libjpeg decodes chroma at a larger scale. */
static bool
same_pixels(Decoder *decoder, const DcPicture *picture, uint8_t **pixels)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	bool		only_light = picture->count > 1 && picture->planes[1].shrink_x == 2 && picture->planes[1].shrink_y == 2;

	begin(decoder);
	cinfo->out_color_space = cinfo->num_components == 4 ? JCS_CMYK : cinfo->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
	if (only_light)
		cinfo->jpeg_color_space = cinfo->out_color_space = picture->count == 3 ? JCS_RGB : JCS_CMYK;	/* no conversion */
	*pixels = img_dc_pixels(cinfo, picture);
	if (!*pixels)
		return false;
	jpeg_start_decompress(cinfo);
	return same_rows(cinfo, *pixels, only_light ? 1 : cinfo->output_components);
}

/* The parts that libjpeg may jump out of. */
static JpegComparison
compare(Decoder *decoder, int step, DcPicture *picture, uint8_t **pixels)
{
	if (setjmp(decoder->escape) != 0)
		return step == 0 || (step == 1 && !jpeg_has_multiple_scans(&decoder->cinfo)) ? LEFT : WRONG;
	if (step == 0)
	{
		begin(decoder);
		return img_dc_decode(&decoder->cinfo, picture) ? SAME : LEFT;
	}
	decoder->why = NULL;
	if (step == 1 ? !same_coefficients(decoder, picture) : !same_pixels(decoder, picture, pixels))
		decoder->why = step == 1 ? "other coefficients" : "other pixels";
	else if (step == 1)
		decoder->why = NULL;
	return decoder->why ? WRONG : SAME;
}

JpegComparison
jpeg_compare(const uint8_t *data, size_t length, const char **why)
{
	Decoder    *decoder = calloc(1, sizeof(Decoder));
	DcPicture	picture = {0};
	uint8_t    *pixels = NULL;
	JpegComparison result;

	decoder->data = data;
	decoder->length = length;
	result = compare(decoder, 0, &picture, &pixels);
	if (result == SAME && compare(decoder, 1, &picture, &pixels) == WRONG)
		result = WRONG;
	else if (result == SAME)
		result = compare(decoder, 2, &picture, &pixels);
	*why = decoder->why;
	jpeg_destroy_decompress(&decoder->cinfo);
	free(picture.memory);
	free(pixels);
	free(decoder);
	return result;
}
