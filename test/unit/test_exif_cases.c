/*
 * test_exif_cases.c
 *		Tests each case of exif_cases.h in a JPEG, or in a TIFF file if it is a BigTIFF.
 */
#include <stdlib.h>

#include "exif/exif.h"
#include "test/pictures/exif_wrap.h"
#include "test/unit/exif_cases.h"
#include "test/unit/tap.h"

static const char *
time_text(const ExifResult *result, char *buffer, size_t size)
{
	const TeTime *t = &result->taken_at;
	int			length;

	if (!result->has_taken_at)
		return NULL;
	length = snprintf(buffer, size, "%04d-%02d-%02d %02d:%02d:%02d.%06d", t->year, t->month, t->day,
					  t->hour, t->minute, t->second, t->microsecond);
	if (t->has_offset)
		snprintf(buffer + length, size - (size_t) length, " %+d", t->offset_minutes);
	return buffer;
}

static const char *
position_text(const ExifResult *result, char *buffer, size_t size)
{
	if (!result->has_gps)
		return NULL;
	snprintf(buffer, size, "%.6f %.6f", result->latitude, result->longitude);
	return buffer;
}

static void
check(const ExifCase *c, const ExifResult *result)
{
	char		what[200];
	char		buffer[200];
	const char *json = result->json ? result->json : "";

	snprintf(what, sizeof(what), "%s: make", c->name);
	is_text(result->make[0] ? result->make : NULL, c->make, what);
	snprintf(what, sizeof(what), "%s: model", c->name);
	is_text(result->model[0] ? result->model : NULL, c->model, what);
	snprintf(what, sizeof(what), "%s: time", c->name);
	is_text(time_text(result, buffer, sizeof(buffer)), c->taken_at, what);
	snprintf(what, sizeof(what), "%s: place", c->name);
	is_text(position_text(result, buffer, sizeof(buffer)), c->position, what);
	for (int i = 0; i < MAX_FRAGMENTS && c->has[i]; i++)
		if (!ok(strstr(json, c->has[i]) != NULL, "%s: has %.60s", c->name, c->has[i]))
			fprintf(stderr, "# %.2000s\n", json);
	for (int i = 0; i < MAX_FRAGMENTS && c->lacks[i]; i++)
		if (!ok(strstr(json, c->lacks[i]) == NULL, "%s: lacks %.60s", c->name, c->lacks[i]))
			fprintf(stderr, "# %.2000s\n", json);
}

static void
run(const ExifCase *c)
{
	ExifBlock  *block = exif_block_new(c->flags);
	ExifResult	result = {0};
	Bytes		file;
	uint8_t    *built;
	size_t		length;

	c->build(block);
	built = exif_block_build(block, &length);
	if (c->flags & EB_BIGTIFF)
	{
		file = bytes_copy(built, length);
		exif_read(TE_FORMAT_TIFF, file.data, file.length, true, &result);
	}
	else
	{
		file = exif_wrap(WRAP_JPEG, built, length);
		exif_read(TE_FORMAT_JPEG, file.data, file.length, true, &result);
	}
	check(c, &result);
	exif_result_free(&result);
	bytes_free(&file);
	free(built);
	exif_block_free(block);
}

int
main(void)
{
	for (int i = 0; i < EXIF_CASE_SETS; i++)
		for (const ExifCase *c = exif_case_sets[i]; c->name; c++)
			run(c);
	return done_testing();
}
