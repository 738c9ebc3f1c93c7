/*
 * scene.h
 *		Draws test images in which every mistake of orientation, scale or colour shows.
 */
#ifndef TEST_SCENE_H
#define TEST_SCENE_H

#include <stdint.h>

/* 8-bit RGB, rows without gaps. */
typedef struct Canvas
{
	int			width,
				height;
	uint8_t    *rgb;			/* malloc'ed */
} Canvas;

extern void canvas_free(Canvas *canvas);

/*
 * The scene of the test pictures: a blue sky that gets lighter downwards, a yellow sun at the
 * left, a white arrow that points up, a red house at the right, green ground.
 */
extern Canvas scene_test(int width, int height);

/* A landscape; the seed chooses time of day, country and what stands in it. */
extern Canvas scene_landscape(int width, int height, unsigned seed);

/* Grain of some strength, different in each seed: makes a drawing as hard to compress as a photo. */
extern void scene_grain(Canvas *canvas, double strength, unsigned seed);

/*
 * Detail at every scale, as much in each octave, as photos have it: little in the sky and in patches, much elsewhere.
 */
extern void scene_detail(Canvas *canvas, double strength, unsigned seed);

/* What aliases: rings that get finer outwards, slanted stripes, a roof's tiles and a fence that run into the distance. */
typedef enum ScenePattern
{
	PATTERN_RINGS, PATTERN_STRIPES, PATTERN_ROOF, PATTERN_FENCE
} ScenePattern;

extern Canvas scene_pattern(int width, int height, ScenePattern pattern);

/* A copy as a camera stores it that was held in that EXIF orientation (1..8). */
extern Canvas scene_as_stored(const Canvas *canvas, int orientation);

#endif							/* TEST_SCENE_H */
