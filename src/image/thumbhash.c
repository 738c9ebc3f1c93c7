/*
 * thumbhash.c
 *		Makes a ThumbHash: the picture as a few waves, in about 25 bytes.
 *
 * Luminance, two differences of colours and transparency are written as the average and the lowest frequencies of a cosine
 * transform, each by its largest one in four bits.  Where a channel is flat, these are rounding errors of the cosines, which are others than the
 * reference implementation's, and show as little.
 */
#include "image/hashes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAVES	7			/* of luminance along the longer side */
#define MAX_AC		(MAX_WAVES * (MAX_WAVES + 1) / 2 - 1)

typedef struct Channel
{
	double		dc,
				scale,
				ac[MAX_AC];		/* 0 .. 1 */
	int			count;
} Channel;

/* As JavaScript rounds. */
static uint32_t
rounded(double value)
{
	return (uint32_t) floor(value + 0.5);
}

/* How many waves along the longer side a row of waves along the other one has. */
static int
waves_in_row(int across, int down, int row)
{
	int			count = 0;

	while (count * down < across * (down - row))
		count++;
	return count;
}

/* The waves of one side: values by pixel and wave. */
typedef double Waves[IMG_SMALL_SIDE][MAX_WAVES + 1];

static void
fill_waves(int side, int waves, Waves values)
{
	for (int at = 0; at < side; at++)
		for (int wave = 0; wave <= MAX_WAVES; wave++)
			values[at][wave] = wave < waves ? cos(M_PI / side * wave * (at + 0.5)) : 0;
}

/* What each pair of waves has of the values: sums by wave down and across. */
static void
transform(const double *values, int width, int height, int across, int down, double sums[MAX_WAVES][MAX_WAVES + 1])
{
	Waves		wave_x;
	Waves		wave_y;

	fill_waves(width, across, wave_x);
	fill_waves(height, down, wave_y);
	memset(sums, 0, sizeof(double) * MAX_WAVES * (MAX_WAVES + 1));
	for (int y = 0; y < height; y++)
	{
		double		row[MAX_WAVES + 1] = {0};

		for (int x = 0; x < width; x++, values++)
			for (int i = 0; i <= MAX_WAVES; i++)
				row[i] += *values * wave_x[x][i];
		for (int j = 0; j < down; j++)
			for (int i = 0; i < across; i++)
				sums[j][i] += row[i] * wave_y[y][j];
	}
}

static void
encode_channel(const double *values, int width, int height, int across, int down, Channel *channel)
{
	double		sums[MAX_WAVES][MAX_WAVES + 1];

	transform(values, width, height, across, down, sums);
	memset(channel, 0, sizeof(*channel));
	channel->dc = sums[0][0] / (width * height);
	for (int row = 0; row < down; row++)
		for (int i = row == 0 ? 1 : 0; i < waves_in_row(across, down, row); i++)
		{
			channel->ac[channel->count] = sums[row][i] / (width * height);
			channel->scale = fmax(channel->scale, fabs(channel->ac[channel->count++]));
		}
	for (int i = 0; i < channel->count && channel->scale > 0; i++)
		channel->ac[i] = 0.5 + 0.5 / channel->scale * channel->ac[i];
}

/* The four channels of a picture: on its average colour where it is transparent. */
typedef struct Values
{
	double		light[IMG_SMALL_SIDE * IMG_SMALL_SIDE],
				yellow_blue[IMG_SMALL_SIDE * IMG_SMALL_SIDE],
				red_green[IMG_SMALL_SIDE * IMG_SMALL_SIDE],
				alpha[IMG_SMALL_SIDE * IMG_SMALL_SIDE];
} Values;

/* Returns whether the picture has transparency. */
static bool
fill_values(const ImgSmall *small, Values *values)
{
	int			count = small->width * small->height;
	double		average[4] = {0};
	const uint8_t *pixel = small->rgba;

	for (int i = 0; i < count; i++, pixel += 4)
	{
		double		alpha = pixel[3] / 255.0;

		for (int b = 0; b < 3; b++)
			average[b] += alpha / 255 * pixel[b];
		average[3] += alpha;
	}
	for (int b = 0; b < 3 && average[3] > 0; b++)
		average[b] /= average[3];
	pixel = small->rgba;
	for (int i = 0; i < count; i++, pixel += 4)
	{
		double		alpha = pixel[3] / 255.0;
		double		colour[3];

		for (int b = 0; b < 3; b++)
			colour[b] = average[b] * (1 - alpha) + alpha / 255 * pixel[b];
		values->light[i] = (colour[0] + colour[1] + colour[2]) / 3;
		values->yellow_blue[i] = (colour[0] + colour[1]) / 2 - colour[2];
		values->red_green[i] = colour[0] - colour[1];
		values->alpha[i] = alpha;
	}
	return average[3] < count;
}

/* Write the frequencies of a channel, from this half of a byte on.  Returns the next one. */
static size_t
write_ac(const Channel *channel, uint8_t *hash, size_t at)
{
	for (int i = 0; i < channel->count; i++, at++)
		hash[at / 2] |= (uint8_t) (rounded(15 * channel->ac[i]) << (at % 2 * 4));
	return at;
}

static size_t
write_hash(const Channel *light, const Channel *yellow_blue, const Channel *red_green, const Channel *alpha,
		   int waves, bool landscape, uint8_t *hash)
{
	uint32_t	head = rounded(63 * light->dc) | rounded(31.5 + 31.5 * yellow_blue->dc) << 6 |
	rounded(31.5 + 31.5 * red_green->dc) << 12 | rounded(31 * light->scale) << 18 | (alpha ? 1u << 23 : 0);
	uint32_t	more = (uint32_t) waves | rounded(63 * yellow_blue->scale) << 3 | rounded(63 * red_green->scale) << 9 |
	(landscape ? 1u << 15 : 0);
	size_t		at = alpha ? 12 : 10;

	memset(hash, 0, TE_THUMBHASH_MAX);
	for (int i = 0; i < 3; i++)
		hash[i] = (uint8_t) (head >> (8 * i));
	for (int i = 0; i < 2; i++)
		hash[3 + i] = (uint8_t) (more >> (8 * i));
	if (alpha)
		hash[5] = (uint8_t) (rounded(15 * alpha->dc) | rounded(15 * alpha->scale) << 4);
	at = write_ac(light, hash, at);
	at = write_ac(yellow_blue, hash, at);
	at = write_ac(red_green, hash, at);
	if (alpha)
		at = write_ac(alpha, hash, at);
	return (at + 1) / 2;
}

size_t
img_thumbhash(const ImgSmall *small, uint8_t *hash)
{
	int			width = small->width;
	int			height = small->height;
	Values	   *values = malloc(sizeof(Values));
	bool		has_alpha = values && fill_values(small, values);
	int			most = has_alpha ? 5 : MAX_WAVES;
	int			across = (int) fmax(1, rounded((double) (most * width) / MAX(width, height)));
	int			down = (int) fmax(1, rounded((double) (most * height) / MAX(width, height)));
	Channel		light,
				yellow_blue,
				red_green,
				alpha;

	if (!values)
		return 0;
	encode_channel(values->light, width, height, MAX(3, across), MAX(3, down), &light);
	encode_channel(values->yellow_blue, width, height, 3, 3, &yellow_blue);
	encode_channel(values->red_green, width, height, 3, 3, &red_green);
	if (has_alpha)
		encode_channel(values->alpha, width, height, 5, 5, &alpha);
	free(values);
	return write_hash(&light, &yellow_blue, &red_green, has_alpha ? &alpha : NULL,
					  width > height ? down : across, width > height, hash);
}
