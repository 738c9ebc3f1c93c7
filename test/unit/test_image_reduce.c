/*
 * test_image_reduce.c
 *		Tests the reduction of pixels against sums in floating point, made pixel by pixel.
 *
 * The code is included: this is its only compilation in the tests that has all checks of UBSan.
 */
#include "image/reduce_axis.c"
#include "image/reduce.c"

#include "test/unit/tap.h"

typedef struct Shape
{
	int			width,
				height,
				to_width,
				to_height;
	double		start,			/* of the first sample */
				rest;			/* of the last one, is not covered */
	int			box;			/* 0: as for any picture */
} Shape;

/* One side of a shape, as it is asked for. */
static ImgSide
side(int from, int to, const Shape *shape)
{
	ImgSide		made = img_side(from, to);

	if (shape->box == 0)
		return made;
	made.start = shape->start;
	made.scale = (from - shape->start - shape->rest) / to;
	made.box = shape->box;
	return made;
}

static double
exact_lanczos(double x)
{
	x = fabs(x) * M_PI;
	return x >= 3 * M_PI ? 0 : x < 1e-9 ? 1 : 3 * sin(x) * sin(x / 3) / (x * x);
}

/* By pixel of the shrunken side: how much each pixel counts. */
static double *
exact_weights(int pixels, int size, const Shape *shape)
{
	int			box = shape->box > 0 ? shape->box : pixels / 2 / size > 1 ? pixels / 2 / size : 1;
	int			boxes = (pixels + box - 1) / box;
	double		scale = (pixels - shape->start - shape->rest) / box / size;
	double		lobe = scale < 1 ? 1 : scale;
	double	   *weights = malloc(sizeof(double) * pixels * size);
	double	   *of_boxes = malloc(sizeof(double) * boxes);

	for (int to = 0; to < size; to++)
	{
		double		centre = shape->start / box + (to + 0.5) * scale;
		double		sum = 0;

		memset(of_boxes, 0, sizeof(double) * boxes);
		for (int i = (int) floor(centre - 4 * lobe); i <= centre + 4 * lobe; i++)
		{
			double		weight = exact_lanczos((i + 0.5 - centre) / lobe);

			of_boxes[i < 0 ? 0 : i >= boxes ? boxes - 1 : i] += weight;
			sum += weight;
		}
		for (int i = 0; i < boxes; i++)
			if (of_boxes[i] > sum)	/* only at an edge: that pixel alone */
			{
				memset(of_boxes, 0, sizeof(double) * boxes);
				of_boxes[i] = sum;
			}
		for (int at = 0; at < pixels; at++)
		{
			int			own = at / box;

			weights[to * pixels + at] = of_boxes[own] / sum / (own == boxes - 1 ? pixels - own * box : box);
		}
	}
	free(of_boxes);
	return weights;
}

/* What reduce.c should make of the pixels, colours still multiplied by alpha. */
static double *
exact(const Shape *shape, int bands, bool alpha, const uint8_t *pixels)
{
	double	   *across = exact_weights(shape->width, shape->to_width, shape);
	double	   *down = exact_weights(shape->height, shape->to_height, shape);
	double	   *rows = calloc((size_t) shape->width * bands * shape->to_height, sizeof(double));
	double	   *out = calloc((size_t) shape->to_width * bands * shape->to_height, sizeof(double));

	for (int y = 0; y < shape->to_height; y++)
		for (int from = 0; from < shape->height; from++)
			for (int x = 0; x < shape->width; x++)
				for (int b = 0; b < bands; b++)
				{
					const uint8_t *pixel = pixels + ((size_t) from * shape->width + x) * bands;

					rows[((size_t) y * shape->width + x) * bands + b] += down[y * shape->height + from] * pixel[b] *
						(alpha && b < bands - 1 ? pixel[bands - 1] / 255.0 : 1);
				}
	for (int y = 0; y < shape->to_height; y++)
		for (int x = 0; x < shape->to_width; x++)
			for (int from = 0; from < shape->width; from++)
				for (int b = 0; b < bands; b++)
					out[((size_t) y * shape->to_width + x) * bands + b] += across[x * shape->width + from] *
						rows[((size_t) y * shape->width + from) * bands + b];
	free(across);
	free(down);
	free(rows);
	return out;
}

static double
limited(double value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

static uint8_t *
reduced(const Shape *shape, int bands, bool alpha, const uint8_t *pixels)
{
	uint8_t    *out = malloc((size_t) shape->to_width * shape->to_height * bands);
	const ImgSide across = side(shape->width, shape->to_width, shape);
	const ImgSide down = side(shape->height, shape->to_height, shape);
	ImgReducer *reducer = img_reducer_new(&across, &down, bands, alpha, out);

	for (int y = 0; y < shape->height; y++)
		img_reducer_add(reducer, pixels + (size_t) y * shape->width * bands);
	img_reducer_free(reducer);
	return out;
}

/* Noise with whole black and white areas, which Lanczos goes beyond. */
static uint8_t *
noise(const Shape *shape, int bands)
{
	size_t		count = (size_t) shape->width * shape->height * bands;
	uint8_t    *pixels = malloc(count);
	unsigned	state = 1;

	for (size_t i = 0; i < count; i++)
	{
		state = state * 1103515245 + 12345;
		pixels[i] = state >> 28 < 5 ? (state >> 20 & 1) * 255 : (i / bands / 9 & 3) == 0 ? 255 : (uint8_t) (state >> 16);
	}
	return pixels;
}

static void
test_shape(const Shape *shape, int bands, bool alpha)
{
	uint8_t    *pixels = noise(shape, bands);
	uint8_t    *got = reduced(shape, bands, alpha, pixels);
	double	   *expected = exact(shape, bands, alpha, pixels);
	int			count = shape->to_width * shape->to_height;
	double		sum = 0,
				most = 0;

	for (int i = 0; i < count; i++)
		for (int b = 0; b < bands; b++)
		{
			const double *pixel = expected + i * bands;
			double		opacity = alpha && b < bands - 1 ? pixel[bands - 1] / 255 : 1;
			double		colour = opacity > 0 ? limited(pixel[b] / opacity) : 0;
			double		difference = fabs(got[i * bands + b] - colour) * limited(opacity * 255) / 255;

			sum += difference;
			most = fmax(most, difference);
		}

	/* rounding alone costs up to 0.5, and 0.25 in the mean */
	if (!ok(most < 1 && (count < 100 || sum / count / bands < 0.3), "%d x %d (%g, %g) to %d x %d, %d bands%s", shape->width, shape->height,
			shape->start, shape->rest, shape->to_width, shape->to_height, bands, alpha ? " with alpha" : ""))
		fprintf(stderr, "# differs by up to %.3f, %.3f in the mean\n", most, sum / count / bands);
	free(pixels);
	free(got);
	free(expected);
}

/* Pixels of one value stay what they are, at all scales. */
static void
test_constant(void)
{
	int			wrong = 0;
	uint8_t		pixels[64 * 64];

	for (int size = 1; size <= 64; size++)
		for (int value = 0; value < 256; value += value < 250 && size % 8 != 1 ? 25 : 1)
		{
			const Shape shape = {64, 64, size, size};
			uint8_t    *got;

			memset(pixels, value, sizeof(pixels));
			got = reduced(&shape, 1, false, pixels);
			for (int i = 0; i < size * size; i++)
				wrong += got[i] != value;
			free(got);
		}
	is_int(wrong, 0, "one value stays one value");
}

/* What is transparent gives no colour to what is not. */
static void
test_transparent(void)
{
	const Shape shape = {64, 64, 16, 16};
	const uint8_t opaque[4] = {200, 100, 50, 255};
	const uint8_t clear[4] = {0, 255, 255, 0};
	uint8_t		pixels[64 * 64 * 4];
	uint8_t    *got;
	int			wrong = 0;

	for (int i = 0; i < 64 * 64; i++)
		memcpy(pixels + 4 * i, i % 64 < 37 ? opaque : clear, 4);
	got = reduced(&shape, 4, true, pixels);
	for (int i = 0; i < 16 * 16; i++)
	{
		const uint8_t *pixel = got + 4 * i;

		if (pixel[3] == 0)
			wrong += pixel[0] + pixel[1] + pixel[2] != 0;
		else if (pixel[3] >= 32)
			wrong += abs(pixel[0] - 200) > 3 || abs(pixel[1] - 100) > 3 || abs(pixel[2] - 50) > 3;
	}
	is_int(wrong, 0, "transparent pixels have no colour");
	ok(got[3] == 255 && got[15 * 4 + 3] == 0, "alpha is shrunk too");
	free(got);
}

int
main(void)
{
	static const Shape shapes[] = {
		{1, 1, 1, 1}, {7, 5, 3, 2}, {125, 93, 64, 48}, {66, 33, 65, 33}, {64, 48, 64, 48}, {301, 200, 1, 1}, {1000, 3, 256, 1},
		{3, 1000, 1, 256}, {4000, 1, 32, 1}, {1, 4000, 1, 32}, {99, 75, 25, 19}, {100, 75, 51, 38}, {511, 47, 64, 6}, {129, 17, 17, 17},
		/* parts, beyond the edge, boxes of two samples, larger than before */
		{100, 75, 50, 38, 0, 0.5, 1}, {100, 76, 50, 38, -0.75, 0, 1}, {101, 75, 27, 20, 0, 0.25, 2}, {100, 64, 33, 21, 0, 0, 2}, {1, 3, 1, 2, 0, 0, 1},
		{40, 30, 80, 61, 0, 0, 1}, {40, 30, 53, 40, 0.3, 0.5, 1}, {3, 2, 64, 64, 0, 0.5, 1}, {1, 1, 100, 1, 0, 0, 1}, {99, 30, 40, 60, 0, 0, 1}
	};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		for (int bands = 1; bands <= 4; bands++)
		{
			test_shape(&shapes[i], bands, false);
			if (bands % 2 == 0)
				test_shape(&shapes[i], bands, true);
		}
	test_constant();
	test_transparent();
	return done_testing();
}
