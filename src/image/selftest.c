/*
 * selftest.c
 *		Tests what this build can do: read and write each format, rotate by EXIF and by
 *		the container, apply colour profiles.
 *
 * It is also the warm-up: libraries load plugins and initialize themselves here, at
 * their first use, before the sandbox closes.
 */
#include "image/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/samples.h"

/* Tolerance of a lossy format in each of red, green and blue. */
#define TOLERANCE 60

typedef struct Sample
{
	TeFormat	format;
	const char *name;
	const uint8_t *data;
	size_t		length;
} Sample;

#define SAMPLE(format, name, bytes) {TE_FORMAT_##format, name, bytes, sizeof(bytes)}

static const Sample samples[] = {
	SAMPLE(JPEG, "JPEG", sample_jpeg), SAMPLE(PNG, "PNG", sample_png), SAMPLE(WEBP, "WebP", sample_webp),
	SAMPLE(GIF, "GIF", sample_gif), SAMPLE(TIFF, "TIFF", sample_tiff), SAMPLE(HEIC, "HEIC", sample_heic),
	SAMPLE(AVIF, "AVIF", sample_avif), SAMPLE(JXL, "JPEG XL", sample_jxl), SAMPLE(BMP, "BMP", sample_bmp),
	SAMPLE(JP2, "JPEG 2000", sample_jp2)
};

static const TeFormat written[] = {TE_FORMAT_JPEG, TE_FORMAT_PNG, TE_FORMAT_WEBP, TE_FORMAT_AVIF};

/* Add to the report, parts separated by "; ", as far as there is room. */
static void
__attribute__((format(printf, 2, 3)))
report(TeHello *hello, const char *format,...)
{
	size_t		used = strlen(hello->self_test);
	va_list		args;

	if (used > 0 && used + 3 < sizeof(hello->self_test))
	{
		memcpy(hello->self_test + used, "; ", 3);
		used += 2;
	}
	va_start(args, format);
	vsnprintf(hello->self_test + used, sizeof(hello->self_test) - used, format, args);
	va_end(args);
}

/* Are these quadrants red, green, blue and white? */
static bool
right_colours(const ImgPixels *pixels)
{
	static const uint8_t expected[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}};

	if (pixels->width != SAMPLE_WIDTH || pixels->height != SAMPLE_HEIGHT || pixels->bands < 3)
		return false;
	for (int i = 0; i < 4; i++)
	{
		int			x = (i % 2 * 2 + 1) * SAMPLE_WIDTH / 4;
		int			y = (i / 2 * 2 + 1) * SAMPLE_HEIGHT / 4;
		const uint8_t *pixel = pixels->data + (y * SAMPLE_WIDTH + x) * pixels->bands;

		for (int c = 0; c < 3; c++)
			if (abs(pixel[c] - expected[i][c]) > TOLERANCE)
				return false;
	}
	return true;
}

/* Make a thumbnail in this format, decode it and check its colours. */
static bool
try(const uint8_t *data, size_t length, TeFormat format, ImgResult *result, bool *right)
{
	const TeRequest request = {
		.want = TE_WANT_ALL, .size = SAMPLE_WIDTH, .format = format, .quality = 90,
		.max_pixels = SAMPLE_WIDTH * SAMPLE_HEIGHT, .file_size = length
	};
	const ImgTarget target = {.width = SAMPLE_WIDTH, .height = SAMPLE_HEIGHT};
	ImgResult	again = {0};
	ImgPixels	pixels = {0};
	bool		done = false;

	img_process(&request, data, length, result);
	*right = false;
	if (result->thumbnail)
	{
		const ImgFile thumbnail = {format, result->thumbnail, result->thumbnail_bytes};

		done = img_decode(&thumbnail, NULL, SAMPLE_WIDTH, &target, &pixels, &again);
		*right = done && right_colours(&pixels);
	}
	free(pixels.data);
	return done;
}

void
img_self_test(TeHello *hello)
{
	ImgResult	result;
	bool		right;

	hello->self_test[0] = '\0';
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		const Sample *sample = &samples[i];

		if (!try(sample->data, sample->length, TE_FORMAT_PNG, &result, &right))
			report(hello, "%s is not read (%.60s)", sample->name, result.error);
		else
			hello->can_read |= 1u << sample->format;
		if (result.thumbnail && !right)
			report(hello, "%s is decoded incorrectly%s", sample->name,
				   sample->format == TE_FORMAT_JPEG ? " (orientation)" :
				   sample->format == TE_FORMAT_PNG ? " (colour profile)" :
				   sample->format == TE_FORMAT_HEIC ? " (rotation)" : "");
		img_result_free(&result);
	}
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++)
	{
		if (try(sample_bmp, sizeof(sample_bmp), written[i], &result, &right) && right)
			hello->can_write |= 1u << written[i];
		else
			report(hello, "thumbnails are not written as %s (%.60s)", te_format_name(written[i]),
				   result.error);
		img_result_free(&result);
	}

	/* by our own code, without a library */
	hello->can_read |= 1u << TE_FORMAT_PNM;

	/* RAW is read by its embedded JPEG */
	if (hello->can_read & 1u << TE_FORMAT_JPEG)
		hello->can_read |= 1u << TE_FORMAT_RAW;
	if (!hello->self_test[0])
		report(hello, "ok");
}
