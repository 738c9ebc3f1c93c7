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
print_string(const char *text, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++)
		printf(text[i] == '"' || text[i] == '\\' ? "\\%c" : "%c", text[i]);
	putchar('"');
}

static void
print_text(const char *name, const char *text)
{
	printf(", \"%s\": ", name);
	if (text[0] == '\0')
		printf("null");
	else
		print_string(text, strlen(text));
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
	if (t->has_offset == TE_OFFSET_EXIF)
		printf(", \"offset\": %d", t->offset_minutes);
}

/* The facts but for texts that may have line ends. */
static void
print_facts(const TeFacts *facts, const ExifTexts *texts)
{
	const struct
	{
		uint32_t	fact;
		const char *name;
		double		value;
	}			numbers[] = {
		{TE_FACT_ISO, "iso", facts->iso}, {TE_FACT_F_NUMBER, "f_number", facts->f_number},
		{TE_FACT_EXPOSURE_TIME, "exposure_time", facts->exposure_time}, {TE_FACT_FOCAL_LENGTH, "focal_length", facts->focal_length},
		{TE_FACT_FOCAL_LENGTH_35MM, "focal_length_35mm", facts->focal_length_35mm},
		{TE_FACT_ORIENTATION, "exif_orientation", facts->orientation}, {TE_FACT_ALTITUDE, "altitude", facts->altitude},
		{TE_FACT_DIRECTION, "direction", facts->direction}, {TE_FACT_RATING, "rating", facts->rating}
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (facts->known & numbers[i].fact)
			printf(", \"%s\": %.12g", numbers[i].name, numbers[i].value);
	if (texts == NULL)
		return;
	print_text("lens", texts->lens);
	print_text("title", texts->title);
	printf(", \"keywords\": [");
	for (const char *at = texts->keywords; *at != '\0';)
	{
		size_t		length = strcspn(at, "\n");

		printf(at == texts->keywords ? "" : ", ");
		print_string(at, length);
		at += length + (at[length] != '\0');
	}
	putchar(']');
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
	TeFacts		facts = {0};

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
		if (rounds > 1)
			exif_read(format, data, (size_t) info.st_size, with_gps, &result);
		else
			exif_read_beside(format, data, (size_t) info.st_size, with_gps, NULL, &result, &facts);
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
		print_facts(&facts, result.texts);
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
