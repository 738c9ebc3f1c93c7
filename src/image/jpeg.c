/*
 * jpeg.c
 *		Decodes JPEG with libjpeg from memory, or at 1/8 of its size by jpeg_dc.c, and shrinks it.
 *
 * libvips' loader passes 4 KB at a time to libjpeg-turbo, which keeps its Huffman
 * decoder on the slow path; and decoding at the next larger DCT scale suffices.
 *
 * The samples of each component are shrunk as they are decoded, a few rows at a time (planes.c).  Only the few that are
 * left become pixels, and not even these if the colours are sRGB's and the thumbnail is a JPEG.
 *
 * libjpeg reports errors by a callback that must not return: it uses longjmp.  All state
 * that must survive the jump is in JpegDecoder.
 */
#include "image/internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "image/jpeg_dc.h"

/* Limit on scans of a progressive file: a few bytes can cost a pass over all pixels. */
#define MAX_SCANS 500

/* How often the end of a damaged file is cut off, where libjpeg gives up. */
#define MAX_CUTS 8

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
	bool		no_row;			/* they ended before one row of blocks was complete */
	const uint8_t *gave_up;		/* libjpeg did, having read up to here; NULL if there is nothing to be cut off */
	char		detail[JMSG_LENGTH_MAX];
	DcPicture	averages;		/* without memory if libjpeg decodes */
	ImgPlanes  *planes;
	JOCTET	   *profile;
	unsigned int profile_length;
	ImgTransform transform;
	bool		joined;			/* the planes are to become pixels */
} JpegDecoder;

static void
on_error(j_common_ptr cinfo)
{
	JpegDecoder *decoder = cinfo->client_data;

	cinfo->err->format_message(cinfo, decoder->detail);
	if (decoder->cinfo.src && cinfo->err->msg_code != JERR_OUT_OF_MEMORY)
		decoder->gave_up = decoder->cinfo.src->next_input_byte;
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
			if (!DC_IS_RESTART(decoder->cinfo.unread_marker) && decoder->cinfo.input_scan_number <= 1 && decoder->cinfo.input_iMCU_row == 0)
				decoder->no_row = true;
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
		case JERR_NOT_COMPILED:
			return TE_UNSUPPORTED;
		default:
			return TE_CORRUPT;
	}
}

/* Choose the smallest of libjpeg's fast scales that suffices. */
static void
choose_scale(j_decompress_ptr cinfo, int width, int height)
{
	cinfo->scale_denom = 8;
	for (cinfo->scale_num = 1; cinfo->scale_num < 8; cinfo->scale_num *= 2)
		if (cinfo->image_width * cinfo->scale_num >= 8 * MIN_OVERSAMPLING * width &&
			cinfo->image_height * cinfo->scale_num >= 8 * MIN_OVERSAMPLING * height)
			break;
}

static bool
is_ycc(j_decompress_ptr cinfo)
{
	return cinfo->jpeg_color_space == JCS_YCbCr || cinfo->jpeg_color_space == JCS_YCCK;
}

/* A component's plane, of which each block of 8 x 8 coefficients becomes so many samples. */
static ImgPlane
plane_of(j_decompress_ptr cinfo, int number, int block_width, int block_height)
{
	const jpeg_component_info *info = &cinfo->comp_info[number];
	ImgPlane	plane = {
		.covers_x = (double) cinfo->image_width * info->h_samp_factor * block_width / (cinfo->max_h_samp_factor * DCTSIZE),
		.covers_y = (double) cinfo->image_height * info->v_samp_factor * block_height / (cinfo->max_v_samp_factor * DCTSIZE)
	};

	plane.width = (int) ceil(plane.covers_x);
	plane.height = (int) ceil(plane.covers_y);
	return plane;
}

/* Find out what the samples mean, and be ready to shrink them. */
static void
begin_planes(JpegDecoder *decoder, ImgTarget target)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	ImgPlane	planes[IMG_PLANES];
	int			count = cinfo->num_components;

	jpeg_read_icc_profile(cinfo, &decoder->profile, &decoder->profile_length);
	decoder->transform = img_srgb_transform(decoder->profile, decoder->profile_length, count, 0, VIPS_FORMAT_UCHAR);
	if (count == 4 && !decoder->transform)
		ERREXIT(cinfo, JERR_CONVERSION_NOTIMPL);
	if (decoder->transform || cinfo->jpeg_color_space != JCS_YCbCr)
		target.chroma = 0;
	decoder->joined = decoder->transform || (count > 1 && target.chroma == 0);
	for (int i = 0; i < count; i++)
		planes[i] = decoder->averages.memory ? plane_of(cinfo, i, 1, 1) :
			plane_of(cinfo, i, JPEG_BLOCK_WIDTH(&cinfo->comp_info[i]), JPEG_BLOCK_HEIGHT(&cinfo->comp_info[i]));
	decoder->planes = img_planes_new(planes, count, &target);
	if (!decoder->planes)
		ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
}

static void
shrink_averages(JpegDecoder *decoder)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	JSAMPARRAY	row = cinfo->mem->alloc_sarray((j_common_ptr) cinfo, JPOOL_IMAGE, cinfo->image_width / DCTSIZE + 1, 1);

	for (int i = 0; i < decoder->averages.count; i++)
		for (int y = 0; y < decoder->averages.planes[i].rows; y++)
		{
			img_dc_samples(cinfo, &decoder->averages, i, y, row[0]);
			img_planes_add(decoder->planes, i, row[0]);
		}
}

/* libjpeg gives the rows of whole blocks, also of those beyond the image's edge. */
static void
decode_by_libjpeg(JpegDecoder *decoder)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	JSAMPARRAY	rows[MAX_COMPONENTS];
	int			lines = cinfo->max_v_samp_factor * JPEG_LEAST_HEIGHT(cinfo);

	for (int i = 0; i < cinfo->num_components; i++)
	{
		const jpeg_component_info *info = &cinfo->comp_info[i];
		JDIMENSION	blocks = info->width_in_blocks + (JDIMENSION) info->h_samp_factor;

		rows[i] = cinfo->mem->alloc_sarray((j_common_ptr) cinfo, JPOOL_IMAGE, blocks * JPEG_BLOCK_WIDTH(info),
										   (JDIMENSION) (info->v_samp_factor * JPEG_BLOCK_HEIGHT(info)));
	}
	for (int number = 0; cinfo->output_scanline < cinfo->output_height; number++)
	{
		jpeg_read_raw_data(cinfo, rows, (JDIMENSION) lines);
		for (int i = 0; i < cinfo->num_components; i++)
		{
			const jpeg_component_info *info = &cinfo->comp_info[i];
			int			count = info->v_samp_factor * JPEG_BLOCK_HEIGHT(info);

			for (int y = 0; y < count && number * count + y < (int) info->downsampled_height; y++)
				img_planes_add(decoder->planes, i, rows[i][y]);
		}
	}
}

/* The calls that may longjmp. */
static void
decode_or_jump(JpegDecoder *decoder, const ImgFile *file, const ImgTarget *target)
{
	j_decompress_ptr cinfo = &decoder->cinfo;

	jpeg_create_decompress(cinfo);
	cinfo->progress = &decoder->progress;
	jpeg_mem_src(cinfo, file->data, file->length);
	jpeg_save_markers(cinfo, JPEG_APP0 + 2, 0xFFFF);	/* the colour profile */
	jpeg_read_header(cinfo, TRUE);
	if (cinfo->jpeg_color_space == JCS_UNKNOWN) /* of two components, or more than four */
		ERREXIT(cinfo, JERR_CONVERSION_NOTIMPL);
	choose_scale(cinfo, target->width, target->height);
	if (cinfo->scale_num == 1 && !target->damaged && img_dc_decode(cinfo, &decoder->averages))
	{
		begin_planes(decoder, *target);
		shrink_averages(decoder);
		return;
	}
	cinfo->raw_data_out = TRUE;
	jpeg_start_decompress(cinfo);
	begin_planes(decoder, *target);
	decode_by_libjpeg(decoder);
}

/* False if libjpeg failed, with the reason in decoder->detail. */
static bool
decode(JpegDecoder *decoder, const ImgFile *file, const ImgTarget *target)
{
	decoder->cinfo.err = jpeg_std_error(&decoder->errors);
	decoder->cinfo.client_data = decoder;
	decoder->errors.error_exit = on_error;
	decoder->errors.emit_message = on_message;
	decoder->errors.output_message = on_output;
	decoder->progress.progress_monitor = on_progress;
	if (setjmp(decoder->escape))
		return false;
	decode_or_jump(decoder, file, target);
	return true;
}

/* The planes as pixels, in libjpeg's colours; CMYK, which Adobe's programs write inverted, as it is meant. */
static uint8_t *
join_planes(JpegDecoder *decoder, size_t count)
{
	j_decompress_ptr cinfo = &decoder->cinfo;
	uint8_t    *joined = img_planes_join(decoder->planes, is_ycc(cinfo));

	/* YCCK, which only Adobe's programs write, has become red, green and blue: cyan, magenta and yellow as they are meant */
	if (joined && cinfo->num_components == 4 && cinfo->saw_Adobe_marker)
		for (int b = is_ycc(cinfo) ? 3 : 0; b < 4; b++)
			for (size_t i = 0; i < count; i++)
				joined[4 * i + b] = 255 - joined[4 * i + b];
	return joined;
}

/* What has been decoded, in sRGB or as planes.  False if out of memory. */
static bool
finish(JpegDecoder *decoder, const ImgTarget *target, ImgPixels *pixels)
{
	size_t		count = (size_t) target->width * target->height;
	uint8_t    *joined;

	if (!decoder->joined)
	{
		img_planes_take(decoder->planes, pixels);
		return true;
	}
	joined = join_planes(decoder, count);
	*pixels = (ImgPixels) {joined, target->width, target->height, decoder->cinfo.num_components, 0};
	if (!joined || !decoder->transform)
		return joined != NULL;
	pixels->bands = 3;
	pixels->data = malloc(count * 3);
	if (pixels->data)
		img_srgb_apply(decoder->transform, joined, pixels->data, count);
	free(joined);
	return pixels->data != NULL;
}

/*
 * Cut off the segment at which libjpeg gave up, and what follows: its marker is the last 0xFF.  It puts an end marker there, and shows
 * what comes before.  False if nothing would be left.
 */
static bool
cut_off(const JpegDecoder *decoder, ImgFile *file)
{
	uintptr_t	begin = (uintptr_t) file->data;
	uintptr_t	at = (uintptr_t) decoder->gave_up;	/* or in the end marker that libjpeg has made up */

	if (at == 0)
		return false;
	if (at > begin && at - begin < file->length)
		file->length = at - begin;
	while (file->length > 0 && file->data[file->length - 1] != 0xFF)
		file->length--;
	if (file->length > 0)
		file->length--;
	return file->length > 0;
}

/* Is what was decoded the whole image, or as much of it as suffices? */
static bool
check(JpegDecoder *decoder, bool decoded, const ImgTarget *target, ImgResult *result)
{
	if (!decoded)
		return img_fail(result, decoder->at_end ? TE_TRUNCATED : status_of(decoder->errors.msg_code),
						"%s", decoder->detail);
	if (target->damaged)
		return !decoder->no_row || img_fail(result, TE_TRUNCATED, "no row of blocks is complete");
	if (decoder->damaged || (decoder->data_missing && !decoder->at_end))
		return img_fail(result, TE_CORRUPT, "%s", decoder->detail);
	if (decoder->data_missing || (decoder->at_end && jpeg_has_multiple_scans(&decoder->cinfo)))
		return img_fail(result, TE_TRUNCATED, "%s", decoder->detail[0] ? decoder->detail :
						"premature end of JPEG file");
	return true;
}

static void
close_decoder(JpegDecoder *decoder)
{
	jpeg_destroy_decompress(&decoder->cinfo);
	if (decoder->planes)
		img_planes_free(decoder->planes);
	free(decoder->averages.memory);
	free(decoder->profile);
	free(decoder);
}

bool
img_jpeg_decode(const ImgFile *file, const ImgTarget *target, ImgPixels *pixels, ImgResult *result)
{
	ImgFile		part = *file;

	for (int cuts = 0;; cuts++)
	{
		JpegDecoder *decoder = calloc(1, sizeof(JpegDecoder));
		bool		ok;
		bool		again;

		if (!decoder)
			return img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
		ok = decode(decoder, &part, target);
		again = !ok && target->damaged && cuts < MAX_CUTS && cut_off(decoder, &part);
		if (!again)
			ok = check(decoder, ok, target, result) &&
				(finish(decoder, target, pixels) || img_fail(result, TE_OUT_OF_MEMORY, "out of memory"));
		close_decoder(decoder);
		if (!again)
			return ok;
	}
}
