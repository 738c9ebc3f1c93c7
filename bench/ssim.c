/*
 * ssim.c
 *		How like thumbnails are to the best reduction of a picture: its every pixel decoded, then reduced by Lanczos alone.
 *
 *		ssim PICTURE THUMBNAIL...
 *
 * Prints a line for each thumbnail: the mean SSIM (Wang and others, 2004: Gaussian window of 11 pixels, sigma 1.5) of its luma, and
 * the mean of those of red, green and blue, in which errors of the colours show.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <vips/vips.h>
#include <vips/vector.h>

#define RADIUS	5
#define SIGMA	1.5
#define C1		(0.01 * 255 * 0.01 * 255)
#define C2		(0.03 * 255 * 0.03 * 255)

typedef struct Pixels
{
	int			width,
				height;
	float	   *rgb;			/* g_malloc'ed */
} Pixels;

static void
fail(const char *name)
{
	fprintf(stderr, "ssim: %s: %s\n", name, vips_error_buffer());
	exit(1);
}

/* Upright, as sRGB. */
static VipsImage *
load(const char *name)
{
	VipsImage  *stored = vips_image_new_from_file(name, NULL);
	VipsImage  *upright = NULL;
	VipsImage  *image = NULL;

	if (!stored || vips_autorot(stored, &upright, NULL) != 0 ||
		vips_colourspace(upright, &image, VIPS_INTERPRETATION_sRGB, NULL) != 0)
		fail(name);
	if (vips_image_get_typeof(stored, VIPS_META_ICC_NAME))
	{
		g_clear_object(&image);
		if (vips_icc_transform(upright, &image, "srgb", "embedded", TRUE, NULL) != 0)
			fail(name);
	}
	g_object_unref(stored);
	g_object_unref(upright);
	return image;
}

/* Takes the image. */
static Pixels
pixels_of(VipsImage *image, const char *name)
{
	Pixels		pixels = {image->Xsize, image->Ysize, NULL};
	VipsImage  *exact = NULL;
	size_t		size;

	if (image->Bands != 3 || vips_cast_float(image, &exact, NULL) != 0)
		fail(name);
	pixels.rgb = vips_image_write_to_memory(exact, &size);
	if (!pixels.rgb)
		fail(name);
	g_object_unref(exact);
	g_object_unref(image);
	return pixels;
}

static Pixels
reduced(const char *name, int width, int height)
{
	VipsImage  *whole = load(name);
	VipsImage  *exact = NULL;
	VipsImage  *small = NULL;
	Pixels		pixels;

	if (vips_cast_float(whole, &exact, NULL) != 0 ||
		vips_reduce(exact, &small, (double) whole->Xsize / width, (double) whole->Ysize / height,
					"kernel", VIPS_KERNEL_LANCZOS3, NULL) != 0)
		fail(name);
	if (small->Xsize != width || small->Ysize != height)
	{
		fprintf(stderr, "ssim: %s was reduced to %d x %d, not to %d x %d\n", name, small->Xsize, small->Ysize, width, height);
		exit(1);
	}
	pixels = pixels_of(small, name);
	for (int i = 0; i < width * height * 3; i++)
		pixels.rgb[i] = (float) fmin(255, fmax(0, rint(pixels.rgb[i])));
	g_object_unref(exact);
	g_object_unref(whole);
	return pixels;
}

/* Blurs a plane along rows, and turns it: twice gives both directions. */
static void
blur_and_turn(const float *from, float *to, int width, int height)
{
	float		weight[2 * RADIUS + 1];
	float		sum = 0;

	for (int i = -RADIUS; i <= RADIUS; i++)
		sum += weight[i + RADIUS] = (float) exp(-i * i / (2 * SIGMA * SIGMA));
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
		{
			float		value = 0;

			for (int i = -RADIUS; i <= RADIUS; i++)
			{
				int			at = x + i < 0 ? 0 : x + i >= width ? width - 1 : x + i;

				value += weight[i + RADIUS] * from[(size_t) y * width + at];
			}
			to[(size_t) x * height + y] = value / sum;
		}
}

/* Mean SSIM of two planes. */
static double
ssim(const float *a, const float *b, int width, int height)
{
	size_t		count = (size_t) width * height;
	float	   *blurred[5];		/* a, b, aa, bb, ab */
	float	   *work = g_new(float, count);
	float	   *turned = g_new(float, count);
	double		sum = 0;

	for (int k = 0; k < 5; k++)
	{
		blurred[k] = g_new(float, count);
		for (size_t i = 0; i < count; i++)
			work[i] = k == 0 ? a[i] : k == 1 ? b[i] : k == 2 ? a[i] * a[i] : k == 3 ? b[i] * b[i] : a[i] * b[i];
		blur_and_turn(work, turned, width, height);
		blur_and_turn(turned, blurred[k], height, width);
	}
	for (size_t i = 0; i < count; i++)
	{
		double		ma = blurred[0][i];
		double		mb = blurred[1][i];
		double		va = blurred[2][i] - ma * ma;
		double		vb = blurred[3][i] - mb * mb;
		double		ab = blurred[4][i] - ma * mb;

		sum += (2 * ma * mb + C1) * (2 * ab + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
	}
	for (int k = 0; k < 5; k++)
		g_free(blurred[k]);
	g_free(work);
	g_free(turned);
	return sum / count;
}

/* A mixture of the three colours. */
static float *
plane(const Pixels *pixels, float red, float green, float blue)
{
	size_t		count = (size_t) pixels->width * pixels->height;
	float	   *values = g_new(float, count);

	for (size_t i = 0; i < count; i++)
		values[i] = red * pixels->rgb[i * 3] + green * pixels->rgb[i * 3 + 1] + blue * pixels->rgb[i * 3 + 2];
	return values;
}

static double
ssim_of(const Pixels *a, const Pixels *b, float red, float green, float blue)
{
	float	   *pa = plane(a, red, green, blue);
	float	   *pb = plane(b, red, green, blue);
	double		mean = ssim(pa, pb, a->width, a->height);

	g_free(pa);
	g_free(pb);
	return mean;
}

int
main(int argc, char **argv)
{
	Pixels		best = {0};

	if (argc < 3 || vips_init(argv[0]) != 0)
	{
		fprintf(stderr, "usage: ssim PICTURE THUMBNAIL...\n");
		return 2;
	}
	vips_vector_set_enabled(FALSE);		/* exact, not quick */
	for (int i = 2; i < argc; i++)
	{
		Pixels		thumbnail = pixels_of(load(argv[i]), argv[i]);

		if (thumbnail.width != best.width || thumbnail.height != best.height)
		{
			g_free(best.rgb);
			best = reduced(argv[1], thumbnail.width, thumbnail.height);
		}
		printf("%.5f %.5f\n", ssim_of(&best, &thumbnail, 0.299f, 0.587f, 0.114f),
			   (ssim_of(&best, &thumbnail, 1, 0, 0) + ssim_of(&best, &thumbnail, 0, 1, 0) + ssim_of(&best, &thumbnail, 0, 0, 1)) / 3);
		g_free(thumbnail.rgb);
	}
	g_free(best.rgb);
	vips_shutdown();
	return 0;
}
