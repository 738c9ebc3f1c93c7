/*
 * make_pictures.c
 *		Draws the pictures that tests, demo and bench work on.
 *
 *		make_pictures DIR				the test set: see README.md for the names
 *		make_pictures --demo DIR		24 landscapes, as a photo collection
 *		make_pictures --cookbook DIR	10 small ones, on which the recipes of doc/cookbook.md work
 *		make_pictures --bench DIR M N	12-megapixel JPEGs of about 3.3 MB, all different: number M and the N - 1 after it
 *		make_pictures --aliasing DIR	12-megapixel JPEGs of stripes, roofs and fences, which alias when they are made small
 *		make_pictures --samples			src/image/samples.h, to stdout
 *
 * The folder must exist.  What this build of libvips cannot write is left out,
 * with a line on stderr.
 */
#include "shot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
usage(void)
{
	fprintf(stderr, "usage: make_pictures DIR\n"
			"       make_pictures --demo DIR\n"
			"       make_pictures --cookbook DIR\n"
			"       make_pictures --bench DIR FIRST COUNT\n"
			"       make_pictures --aliasing DIR\n"
			"       make_pictures --samples\n");
	return 2;
}

int
main(int argc, char **argv)
{
	bool		demo = argc == 3 && strcmp(argv[1], "--demo") == 0;
	bool		cookbook = argc == 3 && strcmp(argv[1], "--cookbook") == 0;
	bool		bench = argc == 5 && strcmp(argv[1], "--bench") == 0;
	bool		aliasing = argc == 3 && strcmp(argv[1], "--aliasing") == 0;
	bool		samples = argc == 2 && strcmp(argv[1], "--samples") == 0;

	if (!demo && !cookbook && !bench && !aliasing && !samples && (argc != 2 || argv[1][0] == '-'))
		return usage();
	if (vips_init(argv[0]) != 0)
		pictures_fail("libvips");
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	pictures_into(demo || cookbook || bench || aliasing ? argv[2] : argv[1]);
	if (samples)
		print_samples();
	else if (demo)
		make_demo_set();
	else if (cookbook)
		make_cookbook_set();
	else if (bench)
		make_bench_set(atoi(argv[3]), atoi(argv[4]));
	else if (aliasing)
		make_aliasing_set();
	else
		make_test_set();
	vips_shutdown();
	return 0;
}
