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

/* The calls that may longjmp. */
static void
write_or_jump(JpegWriter *writer, const ImgPixels *pixels, int quality)
{
	j_compress_ptr cinfo = &writer->cinfo;
	size_t		stride = (size_t) pixels->width * pixels->bands;

	jpeg_create_compress(cinfo);
	writer->destination.init_destination = on_begin;
	writer->destination.empty_output_buffer = on_full;
	writer->destination.term_destination = on_end;
	cinfo->dest = &writer->destination;
	cinfo->image_width = pixels->width;
	cinfo->image_height = pixels->height;
	cinfo->input_components = pixels->bands;
	cinfo->in_color_space = pixels->bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(cinfo);
	jpeg_set_quality(cinfo, quality, TRUE);
	cinfo->write_JFIF_header = FALSE;	/* it has nothing to tell but a resolution */
	if (quality >= FINE_COLOURS)
		cinfo->comp_info[0].h_samp_factor = cinfo->comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(cinfo, TRUE);
	while (cinfo->next_scanline < cinfo->image_height)
	{
		JSAMPROW	row = pixels->data + stride * cinfo->next_scanline;

		jpeg_write_scanlines(cinfo, &row, 1);
	}
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
