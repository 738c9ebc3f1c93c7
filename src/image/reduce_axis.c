/*
 * reduce_axis.c
 *		The weights by which one side of a picture is shrunk.
 */
#include "image/reduce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOBES		3
#define LOBE_POINTS	256			/* of the table of a lobe */
#define WEIGHT_ONE	32768

/* By a table, since sin() would take a tenth of the time of a small picture. */
static double
lanczos(double x)
{
	static double table[LOBES * LOBE_POINTS + 2];
	double		at = fabs(x) * LOBE_POINTS;
	int			point = (int) at;

	if (table[0] == 0)
		for (int i = 0; i < LOBES * LOBE_POINTS; i++)
		{
			double		angle = M_PI * i / LOBE_POINTS;

			table[i] = i == 0 ? 1 : LOBES * sin(angle) * sin(angle / LOBES) / (angle * angle);
		}
	if (point >= LOBES * LOBE_POINTS)
		return 0;
	return table[point] + (table[point + 1] - table[point]) * (at - point);
}

/*
 * The weights of one sum around "centre" as fractions of WEIGHT_ONE; beyond the edge, the last pixel goes on.
 *  "scale": boxes to a lobe.
 */
static bool
weigh(ImgAxis *axis, int number, double centre, double scale)
{
	int			from = (int) ceil(centre - LOBES * scale - 0.5);
	int			last = (int) floor(centre + LOBES * scale - 0.5);
	int			first = MAX(0, MIN(from, axis->boxes - axis->taps));
	double	   *exact = calloc(axis->taps, sizeof(double));
	int16_t    *weights = axis->weights + (size_t) number * axis->taps;
	double		sum = 0;
	int			rest = WEIGHT_ONE;
	int			largest = 0;
	int			used = 0;

	if (!exact)
		return false;
	for (int i = from; i <= last; i++)
	{
		double		weight = lanczos((i + 0.5 - centre) / scale);

		exact[MAX(0, MIN(i, axis->boxes - 1)) - first] += weight;
		sum += weight;
	}
	for (int i = 0; i < axis->taps; i++)
		if (exact[i] > sum)		/* the last pixel, which goes on, can count more than once: it is taken as it is */
		{
			memset(exact, 0, sizeof(double) * axis->taps);
			exact[i] = sum;
		}
	for (int i = 0; i < axis->taps; i++)
	{
		weights[i] = (int16_t) MIN(lrint(exact[i] / sum * WEIGHT_ONE), WEIGHT_ONE - 1);
		rest -= weights[i];
		used += weights[i] != 0;
		if (weights[i] > weights[largest])
			largest = i;
	}
	weights[largest] = (int16_t) MIN(weights[largest] + rest, WEIGHT_ONE - 1);
	axis->first[number] = first;
	axis->round[number] = (int16_t) (used / 2);
	free(exact);
	return true;
}

ImgSide
img_side(int from, int to)
{
	return (ImgSide)
	{
		.from = from, .to = to, .scale = (double) from / to, .box = MAX(1, from / 2 / to)
	};
}

bool
img_axis_make(ImgAxis *axis, const ImgSide *side)
{
	double		scale = side->scale / side->box;
	double		lobe = MAX(1, scale);

	axis->pixels = side->from;
	axis->size = side->to;
	axis->box = side->box;
	axis->boxes = (side->from + side->box - 1) / side->box;
	axis->taps = MIN(axis->boxes, (int) ceil(2 * LOBES * lobe) + 1);
	axis->first = malloc(sizeof(int) * axis->size);
	axis->round = malloc(sizeof(int16_t) * axis->size);
	axis->weights = malloc(sizeof(int16_t) * axis->size * axis->taps);
	if (!axis->first || !axis->round || !axis->weights)
		return false;
	for (int i = 0; i < axis->size; i++)
		if (!weigh(axis, i, side->start / side->box + (i + 0.5) * scale, lobe))
			return false;
	return true;
}

void
img_axis_free(ImgAxis *axis)
{
	free(axis->first);
	free(axis->round);
	free(axis->weights);
}

int
img_axis_window(const ImgAxis *axis)
{
	int			most = axis->taps;

	for (int i = 0; i < axis->size; i++)
	{
		int			last = MIN(i + BATCH, axis->size) - 1;

		most = MAX(most, axis->first[last] + axis->taps - axis->first[i]);
	}
	return most;
}
