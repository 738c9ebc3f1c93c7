/*
 * shot.h
 *		Writes the EXIF of a camera, and encodes images.
 */
#ifndef TEST_SHOT_H
#define TEST_SHOT_H

#include <stdbool.h>

#include <vips/vips.h>

#include "containers.h"

typedef struct Shot
{
	const char *make,
			   *model;			/* NULL = no such tag; the same for all texts */
	const char *taken;			/* "2024:05:06 07:08:09" */
	const char *subseconds;
	const char *offset;			/* "+02:00" */
	bool		has_gps;
	double		latitude,
				longitude;
	int			orientation;	/* 0 = no tag */
} Shot;

/* A block with all of this and some exposure data; flags as for exif_block_new. */
extern ExifBlock *shot_block(const Shot *shot, int flags);
extern Bytes shot_exif(const Shot *shot, int flags);

/* Where the pictures go, and the end of the program if one cannot be made or written. */
extern void pictures_into(const char *folder);
extern void picture_write(const char *name, const Bytes *bytes);
extern void pictures_fail(const char *name) __attribute__((noreturn));

/* The canvas as an image of libvips'; the canvas must outlive it. */
extern VipsImage *picture_image(const Canvas *canvas);

/*
 * Encode, the format and its options as a suffix (".jpg[Q=90]").  Returns no bytes, after
 * saying so on stderr, if this build of libvips cannot write the format.
 */
extern Bytes picture_encode(VipsImage *image, const char *suffix);

/* Encode a canvas as JPEG with the shot's EXIF in it and write it. */
extern void picture_jpeg(const char *name, const Canvas *canvas, int quality, const Shot *shot, int flags);

/* profiles.c: sRGB pixels in other colours, with the profile attached; NULL suffix of none. */
typedef enum PictureColours
{
	COLOURS_DISPLAY_P3, COLOURS_ADOBE_RGB, COLOURS_PROPHOTO, COLOURS_SWAPPED, COLOURS_GREY_LINEAR
} PictureColours;

/* 8 bits a colour, or 16. */
extern VipsImage *picture_in_colours(const Canvas *canvas, PictureColours colours, int bits);

/* test_set.c, rare_set.c, raw_set.c, demo_set.c, cookbook_set.c, bench_set.c: into the folder */
extern void make_test_set(void);
extern void make_rare_set(const Canvas *scene);
extern void make_raw_set(void);
extern void make_demo_set(void);
extern void make_cookbook_set(void);
extern void make_bench_set(int first, int count);
extern void make_aliasing_set(void);

/* samples.c: to stdout */
extern void print_samples(void);

#endif							/* TEST_SHOT_H */
