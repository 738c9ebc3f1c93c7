/*
 * test_wire_facts.c
 *		Tests the check of facts in replies, with hostile ones.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message.h"
#include "test/unit/tap.h"

static TeRequest request;
static TeReply reply;
static const char *text[4];		/* lens, title, description, keywords */
static TeReply checked;
static TeReplyTexts texts;
static char *scratch;

static void
make_good(void)
{
	request = (TeRequest)
	{
		.magic = TE_WIRE_MAGIC, .number = 7, .want = TE_WANT_ALL & ~(uint32_t) 0x08, .size = 256, .format = TE_FORMAT_JPEG,
			.quality = 85, .max_pixels = 1000000, .file_size = 1000
	};
	reply = (TeReply)
	{
		.magic = TE_WIRE_MAGIC, .number = 7, .status = TE_OK, .exif_status = TE_EXIF_FOUND, .format = TE_FORMAT_JPEG,
			.width = 4000, .height = 3000, .thumbnail_width = 256, .thumbnail_height = 192, .thumbnail_bytes = 10000,
			.has_facts = 1,
			.facts =
		{
			.known = TE_FACT_ALL, .iso = 400, .orientation = 8, .rating = -1, .f_number = 2.8, .exposure_time = 1 / 60.0,
				.focal_length = 50, .focal_length_35mm = 75, .altitude = -420.5, .direction = 360, .picture_hash = UINT64_MAX,
				.thumbhash_len = TE_THUMBHASH_MAX
		}
	};
	text[0] = "Lens \xc3\xa9";
	text[1] = "Title";
	text[2] = "A text\r\n\tof lines";
	text[3] = "a\nb c\n\xe2\x82\xac";
}

/* What te_reply_check says of it. */
static const char *
check(void)
{
	uint32_t   *lengths[4] = {&reply.facts.lens_len, &reply.facts.title_len, &reply.facts.description_len, &reply.facts.keywords_len};
	size_t		size = TE_REPLY_SIZE(reply.has_facts);
	size_t		length = size;
	const char *wrong;
	char	   *message;

	for (int i = 0; i < 4; i++)
		length += text[i] ? strlen(text[i]) : 0;
	message = malloc(length);
	length = size;
	for (int i = 0; i < 4; i++)
	{
		size_t		bytes = text[i] ? strlen(text[i]) : 0;

		memcpy(message + length, text[i] ? text[i] : "", bytes);
		if (*lengths[i] == 0)
			*lengths[i] = (uint32_t) bytes;
		length += bytes;
	}
	memcpy(message, &reply, size);
	free(scratch);				/* the texts of the last one pointed into it */
	scratch = malloc(length + 8);
	wrong = te_reply_check(message, length, &request, &checked, &texts, scratch);
	free(message);
	return wrong;
}

#define REFUSED(field, value, what) \
	do { \
		make_good(); \
		reply.field = (value); \
		ok(check() != NULL, "refused: %s", what); \
	} while (0)

#define ACCEPTED(field, value, what) \
	do { \
		make_good(); \
		reply.field = (value); \
		is_text(check(), NULL, "accepted: " what); \
	} while (0)

static void
test_good(void)
{
	make_good();
	is_text(check(), NULL, "accepted: a good reply");
	is_text(texts.lens, text[0], "its lens");
	is_text(texts.title, text[1], "its title");
	is_text(texts.description, text[2], "its description");
	is_text(texts.keywords, text[3], "its keywords");
	is_int(checked.facts.iso, 400, "its ISO");

	make_good();
	memset(&reply.facts, 0, sizeof(reply.facts));
	memset(text, 0, sizeof(text));
	is_text(check(), NULL, "accepted: one without any fact");
	is_text(texts.keywords, NULL, "and without keywords");
}

static void
test_numbers(void)
{
	REFUSED(facts.known, TE_FACT_ALL + 1, "a fact that does not exist");
	REFUSED(has_facts, 2, "facts neither there nor not");
	REFUSED(facts.iso, 0, "ISO 0");
	REFUSED(facts.iso, INT32_MIN, "ISO far below");
	REFUSED(facts.iso, TE_MAX_ISO + 1, "ISO far above");
	REFUSED(facts.orientation, 0, "orientation 0");
	REFUSED(facts.orientation, 9, "orientation 9");
	REFUSED(facts.rating, -2, "rating -2");
	REFUSED(facts.rating, 6, "rating 6");
	REFUSED(facts.f_number, 0, "an aperture of 0");
	REFUSED(facts.f_number, NAN, "an aperture that is no number");
	REFUSED(facts.exposure_time, -1, "a negative time");
	REFUSED(facts.exposure_time, INFINITY, "an infinite time");
	REFUSED(facts.focal_length, 1e300, "a focal length beyond all");
	REFUSED(facts.focal_length_35mm, NAN, "one that is no number");
	REFUSED(facts.altitude, -INFINITY, "an altitude below all");
	REFUSED(facts.altitude, NAN, "one that is no number");
	REFUSED(facts.direction, -0.5, "a direction below 0");
	REFUSED(facts.direction, 360.5, "a direction beyond 360");
	REFUSED(facts.thumbhash_len, 0, "a ThumbHash without bytes");
	REFUSED(facts.thumbhash_len, TE_THUMBHASH_MAX + 1, "one of too many bytes");
	ACCEPTED(facts.rating, 5, "five stars");
	ACCEPTED(facts.direction, 0, "north");

	make_good();
	reply.facts.known = 0;
	reply.facts.f_number = NAN;
	is_text(check(), NULL, "accepted: any number of a fact that is not known");
}

/* A fact that was not asked for, or that cannot be. */
static void
test_unwanted(void)
{
	static const struct
	{
		uint32_t	want;
		uint32_t	facts;
	}			wishes[] = {
		{TE_WANT_FILE_HASH, TE_FACT_FILE_HASH}, {TE_WANT_THUMBHASH, TE_FACT_THUMBHASH},
		{TE_WANT_PICTURE_HASH, TE_FACT_PICTURE_HASH}, {TE_WANT_GPS, TE_FACT_ALTITUDE}, {TE_WANT_GPS, TE_FACT_DIRECTION},
		{TE_WANT_FACTS, TE_FACT_ISO}, {TE_WANT_FACTS, TE_FACT_RATING}
	};

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
	{
		make_good();
		memset(text, 0, sizeof(text));
		request.want &= ~wishes[i].want;
		reply.facts.known = wishes[i].facts;
		ok(check() != NULL, "refused: fact %#x without the wish %#x", wishes[i].facts, wishes[i].want);
		request.want |= wishes[i].want;
		is_text(check(), NULL, "accepted: with it");
	}
	for (int i = 0; i < 4; i++)
	{
		const char *only;

		make_good();
		only = text[i];
		memset(text, 0, sizeof(text));
		text[i] = only;
		reply.facts.known = 0;
		request.want &= ~(uint32_t) TE_WANT_FACTS;
		ok(check() != NULL, "refused: text %d that was not asked for", i);
	}
	REFUSED(has_facts, 0, "no facts though they were requested");
	REFUSED(exif_status, TE_EXIF_NONE, "facts of EXIF that there is not");
	make_good();
	reply.status = TE_CORRUPT;
	reply.thumbnail_width = reply.thumbnail_height = reply.thumbnail_bytes = 0;
	ok(check() != NULL, "refused: hashes of a thumbnail that there is not");
	reply.facts.known &= ~(uint32_t) (TE_FACT_THUMBHASH | TE_FACT_PICTURE_HASH);
	is_text(check(), NULL, "accepted: EXIF of an image that has no thumbnail");
}

static void
test_texts(void)
{
	static const char *const bad_keywords[] = {"\n", "a\n", "\na", "a\n\nb", "a\tb", "a\rb", "a\n\xff", "a\x7f"};
	static const char *const bad_lines[] = {"a\x1b", "a\x0b", "\xc3", "a\xc2\x85"};
	char	   *many = malloc(2 * TE_MAX_KEYWORDS + 2);
	char	   *longest = malloc(TE_MAX_KEYWORD_TEXT + 2);

	for (size_t i = 0; i < sizeof(bad_keywords) / sizeof(bad_keywords[0]); i++)
	{
		make_good();
		text[3] = bad_keywords[i];
		ok(check() != NULL, "refused: keywords %zu", i);
	}
	for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++)
	{
		make_good();
		text[2] = bad_lines[i];
		ok(check() != NULL, "refused: lines %zu", i);
	}
	for (int i = 0; i < 2; i++)
	{
		make_good();
		text[i] = "a\nb";
		ok(check() != NULL, "refused: lines in text %d", i);
	}
	for (int i = 0; i < TE_MAX_KEYWORDS; i++)
		memcpy(many + 2 * i, "k\n", 2);
	many[2 * TE_MAX_KEYWORDS - 1] = '\0';
	make_good();
	text[3] = many;
	is_text(check(), NULL, "accepted: as many keywords as there may be");
	memcpy(many + 2 * TE_MAX_KEYWORDS - 1, "\nk", 3);
	make_good();
	text[3] = many;
	ok(check() != NULL, "refused: one more");

	memset(longest, 'x', TE_MAX_KEYWORD_TEXT + 1);
	for (int i = 0; i < 4; i++)
	{
		static const size_t most[] = {TE_MAX_TEXT, TE_MAX_TEXT, TE_MAX_DESCRIPTION, TE_MAX_KEYWORD_TEXT};

		make_good();
		longest[most[i]] = '\0';
		text[i] = longest;
		is_text(check(), NULL, "accepted: the longest text");
		longest[most[i]] = 'x';
		longest[most[i] + 1] = '\0';
		make_good();
		text[i] = longest;
		ok(check() != NULL, "refused: one byte more of text %d", i);
		longest[most[i] + 1] = 'x';
	}
	REFUSED(facts.keywords_len, UINT32_MAX, "a length that overflows");
	REFUSED(facts.lens_len, 100, "a text beyond the message");
	free(many);
	free(longest);
}

int
main(void)
{
	test_good();
	test_numbers();
	test_unwanted();
	test_texts();
	free(scratch);
	return done_testing();
}
