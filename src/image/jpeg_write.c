/*
 * jpeg_write.c
 *		Encodes a JPEG with libjpeg, by the settings that libvips has.
 *
 * libvips hands the pixels to a thread of its pool, which takes longer than to encode a small image.
 */
#include "image/internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

/* From this quality on, colours are as fine as the light. */
#define FINE_COLOURS 90

/* All that must survive the longjmp from an error. */
typedef struct JpegWriter
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf		escape;
	uint8_t    *bytes;
	size_t		size;
} JpegWriter;

static void
on_error(j_common_ptr cinfo)
{
	JpegWriter *writer = cinfo->client_data;

	longjmp(writer->escape, 1);
}

static void
on_message(j_common_ptr cinfo, int level)
{
}

static void
on_begin(j_compress_ptr cinfo)
{
	JpegWriter *writer = cinfo->client_data;

	cinfo->dest->next_output_byte = writer->bytes;
	cinfo->dest->free_in_buffer = writer->size;
}

static boolean
on_full(j_compress_ptr cinfo)
{
	ERREXIT(cinfo, JERR_BUFFER_SIZE);
	return FALSE;
}

static void
on_end(j_compress_ptr cinfo)
{
}

/* A row of a plane up to the end of its last block; the last sample, and the last row, go on. */
static void
pad_row(const ImgPixels *plane, int number, uint8_t *row, size_t length)
{
	const uint8_t *from = plane->data + (size_t) MIN(number, plane->height - 1) * plane->width;

	memcpy(row, from, plane->width);
	memset(row + plane->width, from[plane->width - 1], length - plane->width);
}

static void
write_planes(j_compress_ptr cinfo, const ImgPixels *pixels)
{
	int			lines = cinfo->max_v_samp_factor * DCTSIZE;
	JSAMPARRAY	rows[MAX_COMPONENTS];

	for (int i = 0; i < cinfo->num_components; i++)
		rows[i] = cinfo->mem->alloc_sarray((j_common_ptr) cinfo, JPOOL_IMAGE, cinfo->comp_info[i].width_in_blocks * DCTSIZE, lines);
	while (cinfo->next_scanline < cinfo->image_height)
	{
		for (int i = 0; i < cinfo->num_components; i++)
		{
			const jpeg_component_info *info = &cinfo->comp_info[i];
			ImgPixels	plane = img_plane(pixels, i);
			int			count = info->v_samp_factor * DCTSIZE;
			int			first = (int) cinfo->next_scanline / lines * count;

			for (int y = 0; y < count; y++)
				pad_row(&plane, first + y, rows[i][y], (size_t) info->width_in_blocks * DCTSIZE);
		}
		jpeg_write_raw_data(cinfo, rows, (JDIMENSION) lines);
	}
}

static void
write_rows(j_compress_ptr cinfo, const ImgPixels *pixels)
{
	size_t		stride = (size_t) pixels->width * pixels->bands;

	while (cinfo->next_scanline < cinfo->image_height)
	{
		JSAMPROW	row = pixels->data + stride * cinfo->next_scanline;

		jpeg_write_scanlines(cinfo, &row, 1);
	}
}

int
img_jpeg_chroma(int quality)
{
	return quality >= FINE_COLOURS ? 1 : 2;
}

/* The calls that may longjmp. */
static void
write_or_jump(JpegWriter *writer, const ImgPixels *pixels, int quality)
{
	j_compress_ptr cinfo = &writer->cinfo;
	int			chroma = pixels->chroma > 0 ? pixels->chroma : img_jpeg_chroma(quality);

	jpeg_create_compress(cinfo);
	writer->destination.init_destination = on_begin;
	writer->destination.empty_output_buffer = on_full;
	writer->destination.term_destination = on_end;
	cinfo->dest = &writer->destination;
	cinfo->image_width = pixels->width;
	cinfo->image_height = pixels->height;
	cinfo->input_components = pixels->bands;
	cinfo->in_color_space = pixels->bands == 1 ? JCS_GRAYSCALE : pixels->chroma > 0 ? JCS_YCbCr : JCS_RGB;
	jpeg_set_defaults(cinfo);
	jpeg_set_quality(cinfo, quality, TRUE);
	cinfo->write_JFIF_header = FALSE;	/* it has nothing to tell but a resolution */
	if (pixels->bands > 1)
		cinfo->comp_info[0].h_samp_factor = cinfo->comp_info[0].v_samp_factor = chroma;
	cinfo->raw_data_in = pixels->chroma > 0;
	jpeg_start_compress(cinfo, TRUE);
	if (cinfo->raw_data_in)
		write_planes(cinfo, pixels);
	else
		write_rows(cinfo, pixels);
	jpeg_finish_compress(cinfo);
}

/* False if libjpeg failed. */
static bool
write_jpeg(JpegWriter *writer, const ImgPixels *pixels, int quality)
{
	writer->cinfo.err = jpeg_std_error(&writer->errors);
	writer->cinfo.client_data = writer;
	writer->errors.error_exit = on_error;
	writer->errors.emit_message = on_message;
	if (setjmp(writer->escape))
		return false;
	write_or_jump(writer, pixels, quality);
	return true;
}

uint8_t *
img_jpeg_write(const ImgPixels *pixels, int quality, size_t limit, size_t *length, ImgResult *result)
{
	JpegWriter *writer = calloc(1, sizeof(JpegWriter));
	uint8_t    *bytes = NULL;
	char		detail[JMSG_LENGTH_MAX];
	j_common_ptr cinfo;

	if (writer)
		writer->bytes = g_try_malloc(limit);
	if (!writer || !writer->bytes)
	{
		free(writer);
		img_fail(result, TE_OUT_OF_MEMORY, "out of memory");
		return NULL;
	}
	writer->size = limit;
	cinfo = (j_common_ptr) (&writer->cinfo);
	if (write_jpeg(writer, pixels, quality))
	{
		bytes = writer->bytes;
		*length = limit - writer->destination.free_in_buffer;
	}
	else
	{
		writer->errors.format_message(cinfo, detail);
		img_fail(result, writer->errors.msg_code == JERR_OUT_OF_MEMORY ? TE_OUT_OF_MEMORY : TE_NOT_ENCODED,
				 "%s", detail);
		g_free(writer->bytes);
	}
	jpeg_destroy_compress(&writer->cinfo);
	free(writer);
	return bytes;
}
