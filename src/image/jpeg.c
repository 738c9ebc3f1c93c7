/*
 * jpeg.c
 *		Decodes JPEG with libjpeg from memory, or at 1/8 of its size by jpeg_dc.c.
 *
 * libvips' loader passes 4 KB at a time to libjpeg-turbo, which keeps its Huffman
 * decoder on the slow path; and decoding at the next larger DCT scale suffices.
 *
 * libjpeg reports errors by a callback that must not return: it uses longjmp.  All state
 * that must survive the jump is in JpegDecoder.
 */
#include "image/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "image/jpeg_dc.h"

/* Limit on scans of a progressive file: a few bytes can cost a pass over all pixels. */
#define MAX_SCANS 500

/* The decoded image is at least this many times the thumbnail, or full size. */
#define MIN_OVERSAMPLING 1.5

typedef struct JpegDecoder
{
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf		escape;
	bool		at_end;			/* the file has no end marker */
	bool		data_missing;	/* pixels are missing: the data ended too early */
	bool		damaged;		/* the data are inconsistent */
	char		detail[JMSG_LENGTH_MAX];
	DcPicture	averages;
	uint8_t    *pixels;
	JOCTET	   *profile;
	unsigned int profile_length;
} JpegDecoder;

static void
on_error(j_common_ptr cinfo)
{
	JpegDecoder *decoder = cinfo->client_data;

	cinfo->err->format_message(cinfo, decoder->detail);
	longjmp(decoder->escape, 1);
}

/* Warnings: many are harmless, some mean that the pixels are wrong. */
static void
on_message(j_common_ptr cinfo, int level)
{
	JpegDecoder *decoder = cinfo->client_data;
	bool		serious = true;

	if (level >= 0)
		return;
	switch (cinfo->err->msg_code)
	{
		case JWRN_JPEG_EOF:
			decoder->at_end = true;
			serious = false;	/* a missing end marker alone costs no pixel */
			break;
		case JWRN_HIT_MARKER:
			if (decoder->cinfo.unread_marker == JPEG_EOI)
				decoder->data_missing = true;
			else
				decoder->damaged = true;
			break;
		case JWRN_HUFF_BAD_CODE:
		case JWRN_ARITH_BAD_CODE:
		case JWRN_MUST_RESYNC:
		case JWRN_BOGUS_PROGRESSION:
			decoder->damaged = true;
			break;
		default:
			serious = false;
	}
	if (serious && !decoder->detail[0])
		cinfo->err->format_message(cinfo, decoder->detail);
}

static void
on_output(j_common_ptr cinfo)
{
}

static void
on_progress(j_common_ptr cinfo)
{
	JpegDecoder *decoder = cinfo->client_data;

	if (decoder->cinfo.input_scan_number > MAX_SCANS)
	{
		snprintf(decoder->detail, sizeof(decoder->detail), "more than %d scans", MAX_SCANS);
		longjmp(decoder->escape, 1);
	}
}

static TeStatus
status_of(int code)
{
	switch (code)
	{
		case JERR_OUT_OF_MEMORY:
			return TE_OUT_OF_MEMORY;
		case JERR_INPUT_EOF:
		case JERR_INPUT_EMPTY:
			return TE_TRUNCATED;
		case JERR_BAD_PRECISION:
		case JERR_SOF_UNSUPPORTED:
		case JERR_ARITH_NOTIMPL:
		case JERR_CONVERSION_NOTIMPL:
		case JERR_FRACT_SAMPLE_NOTIMPL:
		case JERR_CCIR601_NOTIMPL:
		case JERR_NOT_COMPILED:
			return TE_UNSUPPORTED;
		default:
			return TE_CORRUPT;
	}
}

/* Choose the colour space of the output, and the smallest of libjpeg's fast scales that suffices. */
static void
choose_output(j_decompress_ptr cinfo, int width, int height)
{
	switch (cinfo->jpeg_color_space)
	{
		case JCS_GRAYSCALE:
			cinfo->out_color_space = JCS_GRAYSCALE;
			break;
		case JCS_CMYK:
		case JCS_YCCK:
			cinfo->out_color_space = JCS_CMYK;
			break;
		default:
			cinfo->out_color_space = JCS_RGB;
	}
	cinfo->scale_denom = 8;
	for (cinfo->scale_num = 1; cinfo->scale_num < 8; cinfo->scale_num *= 2)
		if (cinfo->image_width * cinfo->scale_num >= 8 * MIN_OVERSAMPLING * width &&
			cinfo->image_height * cinfo->scale_num >= 8 * MIN_OVERSAMPLING * height)
			break;
}

/* The pixels at 1/8 of the size, by our own decoder.  False if it leaves the file to libjpeg. */
static bool
decode_averages(JpegDecoder *decoder)
{
	j_decompress_ptr cinfo = &decoder->cinfo;

	if (cinfo->scale_num > 1 || !img_dc_decode(cinfo, &decoder->averages))
		return false;
	jpeg_calc_output_dimensions(cinfo);
	decoder->pixels = img_dc_pixels(cinfo, &decoder->averages);
	free(decoder->averages.memory);
	decoder->averages.memory = NULL;
	return decoder->pixels != NULL;
}

static void
decode_by_libjpeg(JpegDecoder *decoder)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	size_t		stride;

	jpeg_start_decompress(cinfo);
	stride = (size_t) cinfo->output_width * cinfo->output_components;
	decoder->pixels = malloc(stride * cinfo->output_height);
	if (!decoder->pixels)
		ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
	while (cinfo->output_scanline < cinfo->output_height)
	{
		JSAMPROW	row = decoder->pixels + stride * cinfo->output_scanline;

		jpeg_read_scanlines(cinfo, &row, 1);
	}
}

/* The calls that may longjmp. */
static void
decode_or_jump(JpegDecoder *decoder, const ImgFile *file, int width, int height)
{
	j_decompress_ptr cinfo = &decoder->cinfo;

	jpeg_create_decompress(cinfo);
	cinfo->progress = &decoder->progress;
	jpeg_mem_src(cinfo, file->data, file->length);
	jpeg_save_markers(cinfo, JPEG_APP0 + 2, 0xFFFF);	/* the colour profile */
	jpeg_read_header(cinfo, TRUE);
	choose_output(cinfo, width, height);
	if (!decode_averages(decoder))
		decode_by_libjpeg(decoder);

	/* Adobe's programs write CMYK inverted. */
	if (cinfo->out_color_space == JCS_CMYK && cinfo->saw_Adobe_marker)
	{
		size_t		bytes = (size_t) cinfo->output_width * cinfo->output_height * cinfo->output_components;

		for (size_t i = 0; i < bytes; i++)
			decoder->pixels[i] = 255 - decoder->pixels[i];
	}
	jpeg_read_icc_profile(cinfo, &decoder->profile, &decoder->profile_length);
}

/* False if libjpeg failed, with the reason in decoder->detail. */
static bool
decode(JpegDecoder *decoder, const ImgFile *file, int width, int height)
{
	decoder->cinfo.err = jpeg_std_error(&decoder->errors);
	decoder->cinfo.client_data = decoder;
	decoder->errors.error_exit = on_error;
	decoder->errors.emit_message = on_message;
	decoder->errors.output_message = on_output;
	decoder->progress.progress_monitor = on_progress;
	if (setjmp(decoder->escape))
		return false;
	decode_or_jump(decoder, file, width, height);
	return true;
}

VipsImage *
img_jpeg_decode(const ImgFile *file, int width, int height, ImgResult *result)
{
	JpegDecoder *decoder = calloc(1, sizeof(JpegDecoder));
	VipsImage  *image = NULL;

	if (!decoder)
	{
		img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
		return NULL;
	}
	if (!decode(decoder, file, width, height))
		img_fail(result, decoder->at_end ? TE_TRUNCATED : status_of(decoder->errors.msg_code),
				 "%s", decoder->detail);
	else if (decoder->damaged || (decoder->data_missing && !decoder->at_end))
		img_fail(result, TE_CORRUPT, "%s", decoder->detail);
	else if (decoder->data_missing || (decoder->at_end && jpeg_has_multiple_scans(&decoder->cinfo)))
		img_fail(result, TE_TRUNCATED, "%s", decoder->detail[0] ? decoder->detail :
				 "premature end of JPEG file");
	else
	{
		image = img_wrap(decoder->pixels, decoder->cinfo.output_width, decoder->cinfo.output_height,
						 decoder->cinfo.output_components, decoder->profile, decoder->profile_length,
						 file, result);
		decoder->pixels = NULL;
	}

	jpeg_destroy_decompress(&decoder->cinfo);
	free(decoder->averages.memory);
	free(decoder->pixels);
	free(decoder->profile);
	free(decoder);
	return image;
}
