/*
 * craft.c
 *		Write the cases of test/unit/exif_cases.h, and one EXIF block in every
 *		container, into a folder, for ExifTool to read as well.
 *
 *		craft FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/pictures/exif_wrap.h"
#include "test/unit/exif_cases.h"

static void
save(const char *folder, const char *name, const char *suffix, const Bytes *bytes)
{
	char		path[4096];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes->data, 1, bytes->length, file) != bytes->length ||
		fclose(file) != 0)
	{
		perror(path);
		exit(1);
	}
}

static void
save_case(const char *folder, const ExifCase *c)
{
	ExifBlock  *block = exif_block_new(c->flags);
	Bytes		built = {0};
	Bytes		file;

	c->build(block);
	built.data = exif_block_build(block, &built.length);
	if (c->flags & EB_BIGTIFF)
		save(folder, c->name, ".tif", &built);
	else
	{
		file = exif_wrap(WRAP_JPEG, built.data, built.length);
		save(folder, c->name, ".jpg", &file);
		bytes_free(&file);
	}
	bytes_free(&built);
	exif_block_free(block);
}

int
main(int argc, char **argv)
{
	ExifBlock  *block = exif_block_new(EB_BIG_ENDIAN);
	uint8_t    *built;
	size_t		length;

	if (argc != 2)
		return 2;
	for (int i = 0; i < EXIF_CASE_SETS; i++)
		for (const ExifCase *c = exif_case_sets[i]; c->name; c++)
			save_case(argv[1], c);

	exif_sample(block);
	built = exif_block_build(block, &length);
	for (int how = 0; how <= WRAP_LAST; how++)
	{
		Bytes		file = exif_wrap((ExifWrap) how, built, length);

		save(argv[1], exif_wrap_name((ExifWrap) how), "", &file);
		bytes_free(&file);
	}
	free(built);
	exif_block_free(block);
	return 0;
}
