/*
 * exif_dump.c
 *		The EXIF of files, one line of JSON for each.
 *
 *		exif_dump [-g] [-t ROUNDS] FILE...
 *		exif_dump -n
 *
 * -g leaves GPS out.  -t reads each file so many times and prints the microseconds of processor time
 * of one of them instead of the JSON.  -n prints all names of tags that there are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "exif/exif.h"
#include "exif/tags.h"
#include "image/internal.h"

/* A text that has no control characters in it, as JSON. */
static void
print_text(const char *name, const char *text)
{
	if (text[0] == '\0')
	{
		printf(", \"%s\": null", name);
		return;
	}
	printf(", \"%s\": \"", name);
	for (; *text != '\0'; text++)
		printf(*text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	putchar('"');
}

static void
print_time(const ExifResult *result)
{
	const TeTime *t = &result->taken_at;

	if (!result->has_taken_at)
	{
		printf(", \"taken_at\": null");
		return;
	}
	printf(", \"taken_at\": \"%04d-%02d-%02d %02d:%02d:%02d\", \"microsecond\": %d",
		   t->year, t->month, t->day, t->hour, t->minute, t->second, t->microsecond);
	if (t->has_offset)
		printf(", \"offset\": %d", t->offset_minutes);
}

static void
print_result(const char *file, TeFormat format, const ExifResult *result)
{
	static const char *const status[] = {"none", "found", "error", "not asked"};
	const char *name = te_format_name(format);

	printf("{\"file\": \"%s\", \"format\": \"%s\", \"status\": \"%s\", \"orientation\": ",
		   file, name != NULL ? name : "unknown", status[result->status]);
}

static int
dump(const char *file, bool with_gps, int rounds)
{
	struct stat info;
	int			fd = open(file, O_RDONLY | O_CLOEXEC);
	uint8_t    *data;
	struct timespec start,
				end;
	TeFormat	format;
	ExifResult	result;

	if (fd < 0 || fstat(fd, &info) != 0 || info.st_size == 0)
	{
		perror(file);
		return 1;
	}
	data = mmap(NULL, (size_t) info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (data == MAP_FAILED)
	{
		perror(file);
		return 1;
	}
	format = img_sniff(data, (size_t) info.st_size);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	for (int i = 0; i < rounds; i++)
	{
		memset(&result, 0, sizeof(result));
		exif_read(format, data, (size_t) info.st_size, with_gps, &result);
		if (i + 1 < rounds)
			exif_result_free(&result);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	if (rounds > 1)
		printf("%8.2f us  %s\n", ((double) (end.tv_sec - start.tv_sec) * 1e6 +
								  (double) (end.tv_nsec - start.tv_nsec) / 1e3) / rounds, file);
	else
	{
		print_result(file, format, &result);
		printf("%d", exif_orientation(format, data, (size_t) info.st_size));
		print_text("exif_error", result.error);
		print_text("make", result.make);
		print_text("model", result.model);
		print_time(&result);
		if (result.has_gps)
			printf(", \"lat\": %.12g, \"lon\": %.12g", result.latitude, result.longitude);
		printf(", \"exif\": %s}\n", result.json != NULL ? result.json : "null");
	}
	exif_result_free(&result);
	munmap(data, (size_t) info.st_size);
	return 0;
}

static int
print_names(void)
{
	for (int dir = EXIF_DIR_IFD0; dir <= EXIF_DIR_INTEROP; dir++)
		for (int tag = 0; tag <= 0xFFFF; tag++)
		{
			char		buffer[EXIF_MAX_NAME];
			const char *name;

			(void) exif_tag_kind((ExifDir) dir, (uint16_t) tag, 42, &name, buffer);
			if (name != buffer)
				puts(name);
		}
	return 0;
}

int
main(int argc, char **argv)
{
	bool		with_gps = true;
	int			rounds = 1;
	int			failed = 0;
	int			option;

	while ((option = getopt(argc, argv, "gnt:")) != -1)
	{
		if (option == 'g')
			with_gps = false;
		else if (option == 't' && atoi(optarg) > 1)
			rounds = atoi(optarg);
		else if (option == 'n')
			return print_names();
		else
			return 2;
	}
	for (int i = optind; i < argc; i++)
		failed |= dump(argv[i], with_gps, rounds);
	return failed;
}
