/*
 * bench_set.c
 *		Makes large photos for the bench, and the pictures on which it compares the quality of thumbnails.
 */
#include "shot.h"

#include <math.h>
#include <stdio.h>

/* Together these give files of about 3.3 MB, with as much detail in each octave as photos have. */
#define BENCH_DETAIL 28
#define BENCH_GRAIN 18
#define BENCH_QUALITY 89

#define ALIASING_QUALITY 92

void
make_bench_set(int first, int count)
{
	for (int i = first; i < first + count; i++)
	{
		char		name[64];
		char		taken[32];
		const Shot	shot = {"Fictor", i % 2 ? "Fictor X100" : "Fictor X200", taken, "125", "+02:00", true,
		fmod(i * 7.31, 120) - 60, fmod(i * 11.17, 340) - 170, i % 8 == 7 ? 6 : 1};
		Canvas		canvas = scene_landscape(4000, 3000, i + 1);

		snprintf(taken, sizeof(taken), "2024:%02d:%02d %02d:%02d:%02d", i / 28 % 12 + 1, i % 28 + 1,
				 i % 24, i * 7 % 60, i * 13 % 60);
		snprintf(name, sizeof(name), "photo-%05d.jpg", i);
		scene_detail(&canvas, BENCH_DETAIL, i + 1);
		scene_grain(&canvas, BENCH_GRAIN, i + 1);
		picture_jpeg(name, &canvas, BENCH_QUALITY, &shot, 0);
		canvas_free(&canvas);
	}
}

void
make_aliasing_set(void)
{
	static const char *const names[] = {"rings.jpg", "stripes.jpg", "roof.jpg", "fence.jpg"};
	const Shot	shot = {"Fictor", "Fictor X100", "2024:05:01 10:00:00", NULL, "+02:00", false, 0, 0, 1};

	for (int i = PATTERN_RINGS; i <= PATTERN_FENCE; i++)
	{
		Canvas		canvas = scene_pattern(4000, 3000, i);

		scene_grain(&canvas, BENCH_GRAIN, i + 1);
		picture_jpeg(names[i], &canvas, ALIASING_QUALITY, &shot, 0);
		canvas_free(&canvas);
	}
}
