/*
 * reduce.c
 *		Shrinks 8-bit pixels, row by row as they come: averages of whole pixels down to less than
 *		four times the wanted size, then Lanczos with three lobes, as libvips does it; or enlarges them.
 *
 * libvips needs some six times as long: its vector code is off (env.c), and each picture passes through
 * a thread of its pool.
 *
 * All sums are made by blend(): rows of samples times weights.  Downwards, the rows are the
 * picture's.  Across, they are columns of BATCH pixels: sixteen shrunken rows are turned, so that the samples
 * of sixteen rows lie side by side.  Samples are 16-bit fractions: after the first step
 * with 7 bits behind the point, downwards with 6, across with 5, which leaves room for what
 * Lanczos adds beyond black and white.
 */
#include "image/reduce.h"

#include <stdlib.h>
#include <string.h>

#define LANES		8			/* samples of a vector */
#define BLOCK		(8 * LANES) /* samples that are shrunk downwards at once */
#define BOX_BITS	7			/* behind the point, in the window */
#define OUT_BITS	5			/* behind the point, at the end */
#define OUT_HALF	(1 << (OUT_BITS - 1))

typedef __attribute__((vector_size(2 * LANES), may_alias))
int16_t		Vector;
typedef __attribute__((vector_size(4 * LANES)))
int32_t		Wide;

/* The samples of a and b in turn: the first halves into low, the second into high. */
#ifdef __clang__
#define INTERLEAVE(a, b, low, high) \
	((low) = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11), \
	 (high) = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15))
#else
#define INTERLEAVE(a, b, low, high) \
	((low) = __builtin_shuffle(a, b, (Vector) {0, 8, 1, 9, 2, 10, 3, 11}), \
	 (high) = __builtin_shuffle(a, b, (Vector) {4, 12, 5, 13, 6, 14, 7, 15}))
#endif

struct ImgReducer
{
	ImgAxis		across,
				down;
	int			bands;
	bool		alpha;			/* the last band: the others are multiplied by it */
	uint8_t    *out;

	int			row;			/* the next row of pixels */
	uint32_t   *sums;			/* of the rows of a box */
	uint8_t    *above;			/* boxes of 2 x 2 samples of one band: their first row; else NULL */

	int			samples;		/* of a row of boxes, rounded up to whole blocks */
	int16_t    *window;			/* rows of boxes */
	int			window_first;	/* number of the first one */
	int			window_rows;

	int			done;			/* rows of the output */
	int16_t    *turned;			/* by sample of a row of boxes: BATCH rows */
	int16_t    *shrunk;			/* by sample of a row of the output: BATCH rows */
};

ImgReducer *
img_reducer_new(const ImgSide *across, const ImgSide *down, int bands, bool alpha, uint8_t *out)
{
	ImgReducer *reducer = calloc(1, sizeof(ImgReducer));
	int			written = (across->to * bands + LANES - 1) / LANES * LANES;

	if (!reducer)
		return NULL;
	reducer->bands = bands;
	reducer->alpha = alpha;
	reducer->out = out;
	if (img_axis_make(&reducer->across, across) && img_axis_make(&reducer->down, down))
	{
		reducer->samples = (reducer->across.boxes * bands + BLOCK - 1) / BLOCK * BLOCK;
		reducer->sums = calloc((size_t) across->from * bands, sizeof(uint32_t));
		reducer->window = calloc((size_t) img_axis_window(&reducer->down) * reducer->samples, sizeof(int16_t));
		reducer->turned = calloc((size_t) MAX(reducer->samples, written) * BATCH, sizeof(int16_t));
		reducer->shrunk = calloc(((size_t) across->to * bands + LANES) * BATCH, sizeof(int16_t));
	}
	if (!reducer->sums || !reducer->window || !reducer->turned || !reducer->shrunk)
	{
		img_reducer_free(reducer);
		return NULL;
	}
	if (across->box == 2 && down->box == 2 && bands == 1)
		reducer->above = (uint8_t *) reducer->sums;
	return reducer;
}

void
img_reducer_free(ImgReducer *reducer)
{
	img_axis_free(&reducer->across);
	img_axis_free(&reducer->down);
	free(reducer->sums);
	free(reducer->window);
	free(reducer->turned);
	free(reducer->shrunk);
	free(reducer);
}

/* a * b / 65536, rounded down. */
static inline Vector
times(Vector a, Vector b)
{
#ifdef __SSE2__
	return __builtin_ia32_pmulhw128(a, b);	/* gcc does not see it in what follows */
#else
	return __builtin_convertvector(__builtin_convertvector(a, Wide) * __builtin_convertvector(b, Wide) >> 16, Vector);
#endif
}

/* Vectors of the sum of rows * weights / 65536. */
static inline
__attribute__((always_inline))
void
blend(const int16_t *rows, size_t stride, const int16_t *weights, int taps, int round, int vectors, Vector * sums)
{
	Vector		kept[8];		/* in registers */

	for (int v = 0; v < vectors; v++)
		kept[v] = (Vector) {} + (int16_t) round;
	for (int i = 0; i < taps; i++, rows += stride)
	{
		Vector		weight = (Vector) {} + weights[i];

		for (int v = 0; v < vectors; v++)
			kept[v] += times(((const Vector *) rows)[v], weight);
	}
	for (int v = 0; v < vectors; v++)
		sums[v] = kept[v];
}

/* Turn LANES rows of LANES samples. */
static inline void
turn(const int16_t *from, size_t from_stride, int16_t *to, size_t to_stride)
{
	Vector		a[LANES],
				b[LANES];

	for (int i = 0; i < LANES; i++)
		a[i] = *(const Vector *) (from + i * from_stride);
	for (int i = 0; i < LANES / 2; i++)
		INTERLEAVE(a[i], a[i + LANES / 2], b[2 * i], b[2 * i + 1]);
	for (int i = 0; i < LANES / 2; i++)
		INTERLEAVE(b[i], b[i + LANES / 2], a[2 * i], a[2 * i + 1]);
	for (int i = 0; i < LANES / 2; i++)
		INTERLEAVE(a[i], a[i + LANES / 2], b[2 * i], b[2 * i + 1]);
	for (int i = 0; i < LANES; i++)
		*(Vector *) (to + i * to_stride) = b[i];
}

/* Shrink downwards: "count" rows, turned. */
static void
blend_rows(ImgReducer *reducer, int count)
{
	const ImgAxis *down = &reducer->down;
	int16_t		rows[BATCH][BLOCK] __attribute__((aligned(16)));

	memset(rows, 0, sizeof(rows));
	for (int at = 0; at < reducer->samples; at += BLOCK)
	{
		for (int i = 0; i < count; i++)
		{
			int			number = reducer->done + i;

			blend(reducer->window + (size_t) (down->first[number] - reducer->window_first) * reducer->samples + at,
				  reducer->samples, down->weights + (size_t) number * down->taps, down->taps,
				  down->round[number], BLOCK / LANES, (Vector *) rows[i]);
		}
		for (int i = 0; i < BATCH; i += LANES)
			for (int s = 0; s < BLOCK; s += LANES)
				turn(rows[i] + s, BLOCK, reducer->turned + (size_t) (at + s) * BATCH + i, BATCH);
	}
}

/* Shrink across: columns of the turned rows. */
static void
blend_columns(ImgReducer *reducer)
{
	const ImgAxis *across = &reducer->across;
	size_t		column = (size_t) reducer->bands * BATCH;

	for (int x = 0; x < across->size; x++)
	{
		const int16_t *columns = reducer->turned + across->first[x] * column;
		const int16_t *weights = across->weights + (size_t) x * across->taps;
		Vector	   *sums = (Vector *) (reducer->shrunk + x * column);
		int			round = across->round[x];

		switch (reducer->bands)
		{
			case 1:
				blend(columns, column, weights, across->taps, round, 1 * BATCH / LANES, sums);
				break;
			case 2:
				blend(columns, column, weights, across->taps, round, 2 * BATCH / LANES, sums);
				break;
			case 3:
				blend(columns, column, weights, across->taps, round, 3 * BATCH / LANES, sums);
				break;
			default:
				blend(columns, column, weights, across->taps, round, 4 * BATCH / LANES, sums);
		}
	}
}

static inline uint8_t
clamp(int value)
{
	return (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Undo that the colours were multiplied by alpha. */
static void
write_transparent(const int16_t *samples, int pixels, int bands, uint8_t *out)
{
	for (int i = 0; i < pixels; i++, samples += bands, out += bands)
	{
		int			alpha = samples[bands - 1];

		out[bands - 1] = clamp((alpha + OUT_HALF) >> OUT_BITS);
		for (int b = 0; b < bands - 1; b++)
			out[b] = out[bands - 1] == 0 ? 0 : clamp((samples[b] * 255 + alpha / 2) / alpha);
	}
}

/* Turn the shrunken pixels back and write them. */
static void
write_rows(ImgReducer *reducer, int count)
{
	int			samples = reducer->across.size * reducer->bands;
	int			stride = (samples + LANES - 1) / LANES * LANES;
	int16_t    *rows = reducer->turned; /* is used up, and large enough */

	for (int s = 0; s < samples; s += LANES)
		for (int i = 0; i < BATCH; i += LANES)
			turn(reducer->shrunk + (size_t) s * BATCH + i, BATCH, rows + (size_t) i * stride + s, stride);
	for (int i = 0; i < count; i++, rows += stride)
	{
		uint8_t    *out = reducer->out + (size_t) (reducer->done + i) * samples;

		if (reducer->alpha)
			write_transparent(rows, reducer->across.size, reducer->bands, out);
		else
			for (int s = 0; s < samples; s++)
				out[s] = clamp((rows[s] + OUT_HALF) >> OUT_BITS);
	}
}

/* Make the rows of the output for which all boxes are there; forget boxes that no other row needs. */
static void
blend_batch(ImgReducer *reducer)
{
	const ImgAxis *down = &reducer->down;
	int			count = MIN(BATCH, down->size - reducer->done);
	int			drop;

	blend_rows(reducer, count);
	blend_columns(reducer);
	write_rows(reducer, count);
	reducer->done += count;
	if (reducer->done == down->size)
		return;
	drop = down->first[reducer->done] - reducer->window_first;
	reducer->window_first += drop;
	reducer->window_rows -= drop;
	memmove(reducer->window, reducer->window + (size_t) drop * reducer->samples,
			(size_t) reducer->window_rows * reducer->samples * sizeof(int16_t));
}

/* The number of the row of boxes behind the last one that the next batch needs. */
static int
batch_end(const ImgReducer *reducer)
{
	const ImgAxis *down = &reducer->down;

	return down->first[MIN(reducer->done + BATCH, down->size) - 1] + down->taps;
}

/* A row of boxes of one pixel. */
static void
widen(const uint8_t *row, int16_t *boxes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		boxes[i] = (int16_t) (row[i] << BOX_BITS);
}

static void
add_row(ImgReducer *reducer, const uint8_t *row)
{
	size_t		count = (size_t) reducer->across.pixels * reducer->bands;
	uint32_t   *sums = reducer->sums;
	int			bands = reducer->bands;

	if (!reducer->alpha)
		for (size_t i = 0; i < count; i++)
			sums[i] += row[i];
	else
		for (size_t i = 0; i < count; i++)
			sums[i] += row[i] * (i % bands == (size_t) bands - 1 ? 255 : row[i - i % bands + bands - 1]);
}

/* A row of boxes of 2 x 2 samples, of the last of which half may be missing. */
static void
halve(const uint8_t *restrict above, const uint8_t *restrict below, size_t count, int16_t *restrict boxes)
{
	for (size_t i = 0; i < count / 2; i++)
		boxes[i] = (int16_t) ((above[2 * i] + above[2 * i + 1] + below[2 * i] + below[2 * i + 1]) << (BOX_BITS - 2));
	if (count % 2 != 0)
		boxes[count / 2] = (int16_t) ((above[count - 1] + below[count - 1]) << (BOX_BITS - 1));
}

/* Averages of the sums of "rows" rows. */
static void
average(ImgReducer *reducer, int rows, int16_t *boxes)
{
	const ImgAxis *across = &reducer->across;
	int			bands = reducer->bands;

	for (int i = 0; i < across->boxes; i++)
	{
		int			first = i * across->box;
		int			end = MIN(first + across->box, across->pixels);
		double		unit = (double) (1 << BOX_BITS) / rows / (end - first) / (reducer->alpha ? 255 : 1);

		for (int b = 0; b < bands; b++)
		{
			uint64_t	sum = 0;

			for (int x = first; x < end; x++)
				sum += reducer->sums[(size_t) x * bands + b];
			boxes[i * bands + b] = (int16_t) (sum * unit + 0.5);
		}
	}
	memset(reducer->sums, 0, (size_t) across->pixels * bands * sizeof(uint32_t));
}

void
img_reducer_add(ImgReducer *reducer, const uint8_t *row)
{
	const ImgAxis *down = &reducer->down;
	int16_t    *boxes = reducer->window + (size_t) reducer->window_rows * reducer->samples;

	if (reducer->done == down->size)
		return;
	reducer->row++;
	if (down->box == 1 && reducer->across.box == 1 && !reducer->alpha)
		widen(row, boxes, (size_t) reducer->across.pixels * reducer->bands);
	else if (reducer->above && reducer->row % 2 == 0)
		halve(reducer->above, row, (size_t) reducer->across.pixels, boxes);
	else if (reducer->above && reducer->row == down->pixels)
		halve(row, row, (size_t) reducer->across.pixels, boxes);
	else if (reducer->above)
	{
		memcpy(reducer->above, row, (size_t) reducer->across.pixels);
		return;
	}
	else
	{
		add_row(reducer, row);
		if (reducer->row % down->box != 0 && reducer->row != down->pixels)
			return;
		average(reducer, (reducer->row - 1) % down->box + 1, boxes);
	}
	reducer->window_rows++;
	while (reducer->done < down->size && reducer->window_first + reducer->window_rows >= batch_end(reducer))
		blend_batch(reducer);
}
