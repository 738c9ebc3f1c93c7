/*
 * test_image_planes.c
 *		Tests where the components of a JPEG end up in its thumbnail: JPEGs of waves in all samplings, of which the phase
 *		is measured in the thumbnail.  A tenth of a pixel of displacement is a failure.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "image/internal.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

#define WIDTH		523
#define HEIGHT		307
#define COLOURS		3
#define AMPLITUDE	18
#define DOWN_PHASE	1.0			/* of the waves from top to bottom */
#define MOST		0.1			/* pixels of displacement */

typedef struct Layout
{
	const char *name;
	int			count;
	J_COLOR_SPACE space;
	int			sampling[COLOURS][2];
	bool		progressive;
	int			restart;
} Layout;

static const Layout layouts[] = {
	{"grey", 1, JCS_GRAYSCALE, {{1, 1}}, false, 0},
	{"grey 2x2", 1, JCS_GRAYSCALE, {{2, 2}}, false, 0},
	{"4:4:4", 3, JCS_YCbCr, {{1, 1}, {1, 1}, {1, 1}}, false, 0},
	{"4:2:2", 3, JCS_YCbCr, {{2, 1}, {1, 1}, {1, 1}}, false, 0},
	{"4:4:0", 3, JCS_YCbCr, {{1, 2}, {1, 1}, {1, 1}}, false, 0},
	{"4:2:0", 3, JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}, false, 0},
	{"4:1:1", 3, JCS_YCbCr, {{4, 1}, {1, 1}, {1, 1}}, false, 0},
	{"4:1:0", 3, JCS_YCbCr, {{4, 2}, {1, 1}, {1, 1}}, false, 0},
	{"two and a third", 3, JCS_YCbCr, {{3, 1}, {2, 1}, {1, 1}}, false, 0},
	{"chroma larger than light", 3, JCS_YCbCr, {{1, 1}, {2, 2}, {1, 1}}, false, 0},
	{"4:2:0 progressive", 3, JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}, true, 0},
	{"4:2:0 with restarts", 3, JCS_YCbCr, {{2, 2}, {1, 1}, {1, 1}}, false, 7},
	{"RGB", 3, JCS_RGB, {{1, 1}, {1, 1}, {1, 1}}, false, 0},
	{"RGB, blue small", 3, JCS_RGB, {{2, 1}, {2, 1}, {1, 1}}, false, 0}
};

/* Of each of the scales at which a JPEG is decoded, the smallest source there is for it; the first is not shrunk. */
static const int sizes[][2] = {{WIDTH, HEIGHT}, {401, 236}, {260, 152}, {173, 102}, {85, 50}, {42, 24}};

/* Waves from side to side of a component; even, so that each half has whole ones. */
static const int waves[COLOURS] = {6, 2, 4};

static double
wave(int component, double u, double v)
{
	double		angle = 2 * M_PI * waves[component];

	return 128 + AMPLITUDE * (sin(angle * u) + sin(angle * v + DOWN_PHASE));
}

static void
draw(j_compress_ptr cinfo, JSAMPARRAY *rows, int top)
{
	for (int i = 0; i < cinfo->num_components; i++)
	{
		const jpeg_component_info *info = &cinfo->comp_info[i];
		double		step_x = (double) cinfo->max_h_samp_factor / info->h_samp_factor / WIDTH;
		double		step_y = (double) cinfo->max_v_samp_factor / info->v_samp_factor / HEIGHT;

		for (int y = 0; y < info->v_samp_factor * DCTSIZE; y++)
			for (int x = 0; x < (int) info->width_in_blocks * DCTSIZE; x++)
				rows[i][y][x] = (JSAMPLE) lrint(wave(i, (x + 0.5) * step_x,
													 (top * info->v_samp_factor / cinfo->max_v_samp_factor + y + 0.5) * step_y));
	}
}

/* Every sample has the value that the waves have at its middle. */
static Bytes
make(const Layout *layout)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	JSAMPARRAY	rows[COLOURS];
	unsigned char *data = NULL;
	unsigned long length = 0;
	Bytes		bytes;
	int			lines;

	cinfo.err = jpeg_std_error(&errors);
	jpeg_create_compress(&cinfo);
	jpeg_mem_dest(&cinfo, &data, &length);
	cinfo.image_width = WIDTH;
	cinfo.image_height = HEIGHT;
	cinfo.input_components = layout->count;
	cinfo.in_color_space = layout->space;
	jpeg_set_defaults(&cinfo);
	jpeg_set_colorspace(&cinfo, layout->space);
	jpeg_set_quality(&cinfo, 98, TRUE);
	for (int i = 0; i < layout->count; i++)
	{
		cinfo.comp_info[i].h_samp_factor = layout->sampling[i][0];
		cinfo.comp_info[i].v_samp_factor = layout->sampling[i][1];
	}
	if (layout->progressive)
		jpeg_simple_progression(&cinfo);
	cinfo.restart_interval = (unsigned) layout->restart;
	cinfo.raw_data_in = TRUE;
	jpeg_start_compress(&cinfo, TRUE);
	lines = cinfo.max_v_samp_factor * DCTSIZE;
	for (int i = 0; i < layout->count; i++)
		rows[i] = cinfo.mem->alloc_sarray((j_common_ptr) &cinfo, JPOOL_IMAGE, cinfo.comp_info[i].width_in_blocks * DCTSIZE, (JDIMENSION) lines);
	while (cinfo.next_scanline < cinfo.image_height)
	{
		draw(&cinfo, rows, (int) cinfo.next_scanline);
		jpeg_write_raw_data(&cinfo, rows, (JDIMENSION) lines);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	bytes = bytes_copy(data, length);
	free(data);
	return bytes;
}

/* Samples side by side, in these colours; malloc'ed. */
static uint8_t *
read_jpeg(const void *data, size_t length, J_COLOR_SPACE space)
{
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr errors;
	uint8_t    *samples;
	int			count;

	cinfo.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&cinfo);
	jpeg_mem_src(&cinfo, data, length);
	jpeg_read_header(&cinfo, TRUE);
	cinfo.out_color_space = space;
	jpeg_start_decompress(&cinfo);
	count = cinfo.output_components;
	samples = malloc((size_t) cinfo.output_width * cinfo.output_height * count);
	while (cinfo.output_scanline < cinfo.output_height)
	{
		JSAMPROW	row = samples + (size_t) cinfo.output_scanline * cinfo.output_width * count;

		jpeg_read_scanlines(&cinfo, &row, 1);
	}
	jpeg_destroy_decompress(&cinfo);
	return samples;
}

static uint8_t *
read_png(const ImgResult *result, J_COLOR_SPACE space, int count)
{
	size_t		pixels = (size_t) result->thumbnail_width * result->thumbnail_height;
	uint8_t    *samples = malloc(pixels * count);
	VipsImage  *image = NULL;
	uint8_t    *raw;
	size_t		length;

	if (vips_pngload_buffer(result->thumbnail, result->thumbnail_bytes, &image, NULL) != 0)
		abort();
	raw = vips_image_write_to_memory(image, &length);
	if (length != pixels * count)
		abort();
	memcpy(samples, raw, length);
	for (size_t i = 0; space == JCS_YCbCr && i < pixels; i++)
	{
		uint8_t    *pixel = samples + 3 * i;
		double		light = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
		double		cb = 128 + (pixel[2] - light) / 1.772;
		double		cr = 128 + (pixel[0] - light) / 1.402;

		pixel[0] = (uint8_t) lrint(light);
		pixel[1] = (uint8_t) lrint(cb);
		pixel[2] = (uint8_t) lrint(cr);
	}
	g_free(raw);
	g_object_unref(image);
	return samples;
}

/* From a place in an upright picture to that in the stored one, by EXIF's definition of the orientation. */
static void
stored_place(int orientation, double x, double y, double *u, double *v)
{
	const double places[8][2] = {{x, y}, {1 - x, y}, {1 - x, 1 - y}, {x, 1 - y}, {y, x}, {y, 1 - x}, {1 - y, 1 - x}, {1 - y, x}};

	*u = places[orientation - 1][0];
	*v = places[orientation - 1][1];
}

/*
 * Displacement, in pixels, of a component's waves along one axis of the stored picture, in one half of it; as strong as they
 * should be, or almost: else 99.
 */
static double
displacement(const ImgResult *result, const uint8_t *samples, int count, int component, int orientation, bool down, int half)
{
	int			width = (int) result->thumbnail_width;
	int			height = (int) result->thumbnail_height;
	double		angle = 2 * M_PI * waves[component];
	double		in = 0,
				across = 0,
				phase,
				strength;
	double		pixels = 0;

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
		{
			double		u,
						v,
						place,
						weight;

			stored_place(orientation, (x + 0.5) / width, (y + 0.5) / height, &u, &v);
			place = down ? v : u;
			weight = fabs(place - 0.5) < 1e-6 ? 0.5 : (place > 0.5) == (half == 1) ? 1 : 0;
			if (weight == 0)
				continue;
			in += weight * (samples[(y * width + x) * count + component] - 128) * sin(angle * place);
			across += weight * (samples[(y * width + x) * count + component] - 128) * cos(angle * place);
			pixels += weight;
		}
	strength = 2 * sqrt(in * in + across * across) / pixels / AMPLITUDE;
	phase = atan2(across, in) - (down ? DOWN_PHASE : 0);
	if (strength < 0.4 || strength > 1.1)
		return 99;
	return phase / angle * (down == (orientation < 5) ? height : width);
}

static void
check(const char *name, const ImgResult *result, const Layout *layout, TeFormat format, int orientation)
{
	uint8_t    *samples = format == TE_FORMAT_PNG ? read_png(result, layout->space, layout->count) :
	read_jpeg(result->thumbnail, result->thumbnail_bytes, layout->space);
	double		most = 0;

	for (int i = 0; i < layout->count; i++)
		for (int axis = 0; axis < 2; axis++)
			for (int half = 0; half < 2; half++)
			{
				double		found = displacement(result, samples, layout->count, i, orientation, axis == 1, half);

				if (fabs(found) > MOST)
					fprintf(stderr, "# component %d, %s, half %d: displaced by %.2f\n", i, axis ? "down" : "across", half, found);
				most = fmax(most, fabs(found));
			}
	ok(most <= MOST, "%s", name);
	free(samples);
}

/* To a size, for a JPEG with so many pixels to a sample of chroma, or for a PNG if it is 0. */
static void
test_thumbnail(const Layout *layout, const Bytes *bytes, const int *size, int chroma, int orientation)
{
	const ImgFile file = {TE_FORMAT_JPEG, bytes->data, bytes->length};
	const ImgTarget target = {size[0], size[1], orientation, chroma};
	const TeRequest request = {.want = TE_WANT_THUMBNAIL, .format = chroma > 0 ? TE_FORMAT_JPEG : TE_FORMAT_PNG, .quality = 100};
	ImgPixels	pixels = {0};
	ImgResult	result = {0};
	char		name[200];
	bool		swap = orientation >= 5;

	snprintf(name, sizeof(name), "%s to %d x %d, orientation %d, %s", layout->name, size[0], size[1], orientation,
			 chroma == 0 ? "PNG" : chroma == 1 ? "JPEG 4:4:4" : "JPEG 4:2:0");
	if (!img_decode(&file, NULL, WIDTH, &target, &pixels, &result) || !img_encode(&pixels, orientation, &request, &result))
		ok(false, "%s: %s", name, result.error);
	else if (result.thumbnail_width != (uint32_t) size[swap] || result.thumbnail_height != (uint32_t) size[!swap])
		ok(false, "%s: %u x %u", name, result.thumbnail_width, result.thumbnail_height);
	else
		check(name, &result, layout, request.format, orientation);
	if (layout->space == JCS_YCbCr)
		is_int(pixels.chroma, chroma, "planes up to the encoder if it wants them");
	free(pixels.data);
	img_result_free(&result);
}

static void
test_layout(const Layout *layout)
{
	Bytes		bytes = make(layout);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int chroma = 0; chroma <= 2; chroma++)
			test_thumbnail(layout, &bytes, sizes[i], chroma, 1);
	bytes_free(&bytes);
}

static void
test_orientations(const Layout *layout)
{
	static const int odd[2] = {173, 101};
	static const int even[2] = {172, 102};
	Bytes		bytes = make(layout);

	for (int orientation = 1; orientation <= 8; orientation++)
		for (int chroma = 0; chroma <= 2; chroma++)
		{
			test_thumbnail(layout, &bytes, odd, chroma, orientation);
			test_thumbnail(layout, &bytes, even, chroma, orientation);
		}
	bytes_free(&bytes);
}

/* The picture of a CMYK JPEG of 320 x 240, in YCCK. */
static Bytes
make_ycck(const Bytes *cmyk)
{
	struct jpeg_compress_struct cinfo;
	struct jpeg_error_mgr errors;
	uint8_t    *samples = read_jpeg(cmyk->data, cmyk->length, JCS_CMYK);
	unsigned char *data = NULL;
	unsigned long length = 0;
	Bytes		bytes;

	cinfo.err = jpeg_std_error(&errors);
	jpeg_create_compress(&cinfo);
	jpeg_mem_dest(&cinfo, &data, &length);
	cinfo.image_width = 320;
	cinfo.image_height = 240;
	cinfo.input_components = 4;
	cinfo.in_color_space = JCS_CMYK;
	jpeg_set_defaults(&cinfo);
	jpeg_set_colorspace(&cinfo, JCS_YCCK);
	jpeg_set_quality(&cinfo, 95, TRUE);
	jpeg_start_compress(&cinfo, TRUE);
	while (cinfo.next_scanline < cinfo.image_height)
	{
		JSAMPROW	row = samples + (size_t) cinfo.next_scanline * cinfo.image_width * 4;

		jpeg_write_scanlines(&cinfo, &row, 1);
	}
	jpeg_finish_compress(&cinfo);
	jpeg_destroy_compress(&cinfo);
	bytes = bytes_copy(data, length);
	free(data);
	free(samples);
	return bytes;
}

/* Whether a JPEG has CMYK or YCCK makes no difference. */
static void
test_ycck(int size)
{
	Bytes		cmyk = picture_read("cmyk.jpg");
	Bytes		ycck = make_ycck(&cmyk);
	TeRequest	request = picture_request();
	ImgResult	results[2];
	uint8_t    *pixels[2];
	double		sum = 0;
	int			count = 0;

	request.format = TE_FORMAT_PNG;
	request.size = (uint32_t) size;
	results[0] = picture_process(&cmyk, &request);
	results[1] = picture_process(&ycck, &request);
	if (ok(results[0].status == TE_OK && results[1].status == TE_OK, "CMYK and YCCK: %s%s", results[0].error, results[1].error))
	{
		for (int i = 0; i < 2; i++)
			pixels[i] = read_png(&results[i], JCS_RGB, COLOURS);
		count = (int) (results[0].thumbnail_width * results[0].thumbnail_height) * COLOURS;
		for (int i = 0; i < count; i++)
			sum += abs(pixels[0][i] - pixels[1][i]);
		if (!ok(sum / count < 2, "the same in both, %d pixels", size))
			fprintf(stderr, "# differ by %.2f\n", sum / count);
		free(pixels[0]);
		free(pixels[1]);
	}
	for (int i = 0; i < 2; i++)
		img_result_free(&results[i]);
	bytes_free(&cmyk);
	bytes_free(&ycck);
}

int
main(void)
{
	pictures_start();
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
	{
		test_layout(&layouts[i]);
		if (strcmp(layouts[i].name, "4:2:0") == 0 || layouts[i].space == JCS_RGB || layouts[i].count == 1)
			test_orientations(&layouts[i]);
	}
	test_ycck(320);
	test_ycck(100);
	test_ycck(20);
	return done_testing();
}
