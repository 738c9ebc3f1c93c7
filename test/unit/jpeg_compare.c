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

/* All samples but those of chroma that libjpeg decodes at a larger scale. */
static bool
same_samples(Decoder *decoder, const DcPicture *ours)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	JSAMPARRAY	rows[MAX_COMPONENTS];
	JSAMPARRAY	own;
	bool		same = true;

	begin(decoder);
	cinfo->raw_data_out = TRUE;
	jpeg_start_decompress(cinfo);
	own = cinfo->mem->alloc_sarray((j_common_ptr) cinfo, JPOOL_IMAGE, cinfo->image_width / DCTSIZE + 1, 1);
	for (int i = 0; i < cinfo->num_components; i++)
		rows[i] = cinfo->mem->alloc_sarray((j_common_ptr) cinfo, JPOOL_IMAGE, (cinfo->image_width / DCTSIZE + 8) * JPEG_BLOCK_WIDTH(&cinfo->comp_info[i]),
										   (JDIMENSION) (cinfo->max_v_samp_factor * JPEG_BLOCK_HEIGHT(&cinfo->comp_info[i])));
	for (int top = 0; cinfo->output_scanline < cinfo->output_height; top++)
	{
		jpeg_read_raw_data(cinfo, rows, (JDIMENSION) cinfo->max_v_samp_factor);
		for (int i = 0; i < cinfo->num_components; i++)
		{
			const jpeg_component_info *info = &cinfo->comp_info[i];

			for (int y = 0; JPEG_BLOCK_WIDTH(info) == 1 && y < info->v_samp_factor && top * info->v_samp_factor + y < ours->planes[i].rows; y++)
			{
				img_dc_samples(cinfo, ours, i, top * info->v_samp_factor + y, own[0]);
				same = same && memcmp(own[0], rows[i][y], (size_t) ours->planes[i].columns) == 0;
			}
		}
	}
	return same;
}

/* The parts that libjpeg may jump out of. */
static JpegComparison
compare(Decoder *decoder, int step, DcPicture *picture)
{
	if (setjmp(decoder->escape) != 0)
		return step == 0 || (step == 1 && !jpeg_has_multiple_scans(&decoder->cinfo)) ? LEFT : WRONG;
	if (step == 0)
	{
		begin(decoder);
		return img_dc_decode(&decoder->cinfo, picture) ? SAME : LEFT;
	}
	decoder->why = NULL;
	if (step == 1 ? !same_coefficients(decoder, picture) : !same_samples(decoder, picture))
		decoder->why = step == 1 ? "other coefficients" : "other samples";
	else if (step == 1)
		decoder->why = NULL;
	return decoder->why ? WRONG : SAME;
}

JpegComparison
jpeg_compare(const uint8_t *data, size_t length, const char **why)
{
	Decoder    *decoder = calloc(1, sizeof(Decoder));
	DcPicture	picture = {0};
	JpegComparison result;

	decoder->data = data;
	decoder->length = length;
	result = compare(decoder, 0, &picture);
	if (result == SAME && compare(decoder, 1, &picture) == WRONG)
		result = WRONG;
	else if (result == SAME)
		result = compare(decoder, 2, &picture);
	*why = decoder->why;
	jpeg_destroy_decompress(&decoder->cinfo);
	free(picture.memory);
	free(decoder);
	return result;
}
