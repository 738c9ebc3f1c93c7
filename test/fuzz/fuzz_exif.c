/*
 * fuzz_exif.c
 *		Fuzzes src/exif with any bytes as any format: nothing may be read beyond them, and the
 *		result must keep the rules of exif.h.
 *
 * The first byte chooses the format and whether GPS is wanted, the rest is the file.  With
 * libFuzzer (make fuzz), or alone: fuzz_exif FILE... runs each file once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container/jp2.h"
#include "exif/exif.h"
#include "wire/text.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int promise, const char *what)
{
	if (!promise)
	{
		fprintf(stderr, "broken promise: %s\n", what);
		abort();
	}
}

/* Valid UTF-8 (as PostgreSQL has it) without control characters. */
static void
must_be_clean(const char *text)
{
	const uint8_t *at = (const uint8_t *) text;

	while (*at != 0)
	{
		int			more = *at < 0x80 ? 0 : *at < 0xC2 ? -1 : *at < 0xE0 ? 1 : *at < 0xF0 ? 2 : *at < 0xF5 ? 3 : -1;
		uint32_t	c = more > 0 ? *at & 0x3F >> more : *at;

		must(more >= 0, "UTF-8 lead byte");
		at++;
		for (int i = 0; i < more; i++, at++)
		{
			must((*at & 0xC0) == 0x80, "UTF-8 continuation");
			c = c << 6 | (*at & 0x3F);
		}
		must(c >= 0x20 && (c < 0x7F || c >= 0xA0), "no control character");
		must((c < 0xD800 || c >= 0xE000) && c <= 0x10FFFF, "a character");
		must(more < 2 || c >= 0x800, "not overlong");
		must(more < 3 || c >= 0x10000, "not overlong");
	}
}

/* One value of the simple JSON that we write; returns what follows it. */
static const char *
skip_value(const char *at)
{
	if (*at == '"')
	{
		for (at++; *at != '"'; at++)
		{
			must(*at != '\0', "end of text");
			if (*at == '\\')
			{
				at++;
				must(*at != '\0' && strchr("\"\\nrt", *at) != NULL, "escape");
			}
		}
		return at + 1;
	}
	if (*at == '[')
	{
		do
			at = skip_value(at + 1);
		while (*at == ',');
		must(*at == ']', "end of array");
		return at + 1;
	}
	if (strncmp(at, "null", 4) == 0 || strncmp(at, "true", 4) == 0)
		return at + 4;

	at += *at == '-';
	must(*at >= '0' && *at <= '9', "number");
	must(at[0] != '0' || at[1] < '0' || at[1] > '9', "no leading zero");
	at += strspn(at, "0123456789");
	if (*at == '.')
	{
		must(at[1] >= '0' && at[1] <= '9', "digits behind the point");
		at += 1 + strspn(at + 1, "0123456789");
	}
	if (*at == 'e')
	{
		at += at[1] == '-' || at[1] == '+' ? 2 : 1;
		must(*at >= '0' && *at <= '9', "exponent");
		at += strspn(at, "0123456789");
	}
	return at;
}

/* No text of this member is empty or ends with a blank. */
static void
must_be_trimmed(const char *member, const char *end)
{
	for (const char *at = member + 1; at + 2 < end; at++)
		must(memcmp(at, " \"", 2) != 0 && memcmp(at, ":\"\"", 3) != 0 && memcmp(at, "[\"\"", 3) != 0 &&
			 memcmp(at, ",\"\"", 3) != 0 &&
			 (strncmp(at, "\":[]", 4) != 0 || at[-1] == '\\'), "a text that is not blank");
}

static void
must_be_json(const char *json, int with_gps)
{
	const char *at = json;

	must(strlen(json) <= TE_MAX_JSON, "size of the JSON");
	must(*at == '{', "an object");
	do
	{
		const char *member = ++at;

		must(*at == '"', "a name");
		must(with_gps || strncmp(at, "\"GPS", 4) != 0, "no GPS");
		at = skip_value(at);
		must(*at == ':', "a colon");
		at = skip_value(at + 1);
		if (strncmp(member, "\"XMP:", 5) == 0 || strncmp(member, "\"IPTC:", 6) == 0)
			must_be_trimmed(member, at);
	} while (*at == ',');
	must(strcmp(at, "}") == 0, "end of the object");
}

static void
must_be_sane(const ExifResult *result, int with_gps)
{
	const TeTime *t = &result->taken_at;

	must_be_clean(result->make);
	must_be_clean(result->model);
	must_be_clean(result->error);
	must((result->status == TE_EXIF_FOUND) == (result->json != NULL), "found is JSON");
	must(result->status != TE_EXIF_ERROR || result->error[0] != '\0', "error has a reason");
	must(result->status != TE_EXIF_NONE || result->error[0] == '\0', "nothing has none");
	if (result->json != NULL)
	{
		must_be_clean(result->json);
		must_be_json(result->json, with_gps);
	}
	if (result->has_taken_at)
		must(t->year >= 1 && t->year <= 9999 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
			 t->day <= 31 && t->hour >= 0 && t->hour < 24 && t->minute >= 0 && t->minute < 60 &&
			 t->second >= 0 && t->second < 60 && t->microsecond >= 0 && t->microsecond < 1000000 &&
			 t->offset_minutes > -960 && t->offset_minutes < 960, "a time");
	must(with_gps || !result->has_gps, "no place");
	if (result->has_gps)
		must(result->latitude >= -90 && result->latitude <= 90 && result->longitude >= -180 &&
			 result->longitude <= 180 && (result->latitude != 0 || result->longitude != 0), "a place");
}

/* What te_reply_check() demands of facts, and that texts have no blanks at either end. */
static void
must_be_facts(const TeFacts *facts, const ExifTexts *texts, int with_gps)
{
	const char *all[] = {texts->lens, texts->title, texts->description, texts->keywords};

	must((facts->known & ~(uint32_t) TE_FACT_ALL) == 0 &&
		 (facts->known & (TE_FACT_FILE_HASH | TE_FACT_THUMBHASH | TE_FACT_PICTURE_HASH)) == 0, "facts that EXIF has");
	must(with_gps || (facts->known & (TE_FACT_ALTITUDE | TE_FACT_DIRECTION)) == 0, "none of GPS");
	must(!(facts->known & TE_FACT_ISO) || (facts->iso >= 1 && facts->iso <= TE_MAX_ISO), "an ISO");
	must(!(facts->known & TE_FACT_ORIENTATION) || (facts->orientation >= 1 && facts->orientation <= 8), "an orientation");
	must(!(facts->known & TE_FACT_RATING) || (facts->rating >= -1 && facts->rating <= 5), "a rating");
	must(!(facts->known & TE_FACT_F_NUMBER) || (facts->f_number > 0 && facts->f_number <= TE_MAX_QUANTITY), "an aperture");
	must(!(facts->known & TE_FACT_EXPOSURE_TIME) || (facts->exposure_time > 0 && facts->exposure_time <= TE_MAX_QUANTITY), "a time");
	must(!(facts->known & TE_FACT_DIRECTION) || (facts->direction >= 0 && facts->direction <= 360), "a direction");
	must(!(facts->known & TE_FACT_ALTITUDE) || (facts->altitude >= -TE_MAX_QUANTITY && facts->altitude <= TE_MAX_QUANTITY), "an altitude");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
	{
		size_t		length = strlen(all[i]);

		must(te_text_lines_clean(all[i], length) && (i >= 2 || te_text_clean(all[i], length)), "a clean text");
		must(length == 0 || (strchr(" \t\r\n", all[i][0]) == NULL && strchr(" \t\r\n", all[i][length - 1]) == NULL), "no blanks around it");
	}
	must(strstr(texts->keywords, "\n\n") == NULL && strpbrk(texts->keywords, "\t\r") == NULL, "keywords one by one");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ExifResult	result;
	TeFacts		facts = {0};
	TeFormat	format;
	bool		with_gps;
	int			orientation;
	uint32_t	width,
				height;

	if (size == 0)
		return 0;
	format = (TeFormat) (data[0] % (TE_FORMAT_LAST + 1));
	with_gps = (data[0] & 0x80) == 0;
	memset(&result, 0, sizeof(result));
	exif_read_beside(format, data + 1, size - 1, with_gps, NULL, &result, &facts);
	must_be_sane(&result, with_gps);
	if (result.texts != NULL)
		must_be_facts(&facts, result.texts, with_gps);
	else
		must(facts.known == 0, "no facts without texts");
	exif_result_free(&result);
	orientation = exif_orientation(format, data + 1, size - 1);
	must(orientation >= 1 && orientation <= 8, "an orientation");
	if (format == TE_FORMAT_JP2)
	{
		jp2_size(data + 1, size - 1, &width, &height);
		jp2_is_truncated(data + 1, size - 1);
	}
	return 0;
}

#ifdef FUZZ_ALONE
int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		FILE	   *file = fopen(argv[i], "rb");
		static uint8_t data[8 * 1024 * 1024];
		uint8_t    *copy;
		size_t		size;

		if (file == NULL)
		{
			perror(argv[i]);
			return 1;
		}
		size = fread(data, 1, sizeof(data), file);
		fclose(file);

		/* A copy of the exact size: what is read beyond it shows. */
		copy = malloc(size ? size : 1);
		memcpy(copy, data, size);
		LLVMFuzzerTestOneInput(copy, size);
		free(copy);
	}
	printf("%d inputs, no crash\n", argc - 1);
	return 0;
}
#endif
