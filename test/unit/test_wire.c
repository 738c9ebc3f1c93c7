/*
 * test_wire.c
 *		Tests the checks of replies, greetings and requests, with hostile ones.
 *
 * Each test takes a good message, spoils one thing, and expects that it is refused.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message.h"
#include "wire/text.h"
#include "test/unit/tap.h"

/* A message under construction: exactly its bytes on the heap, so that ASan sees any look beyond. */
typedef struct Message
{
	TeReply		reply;
	const char *texts[5];		/* make, model, error, exif_error, json */
	size_t		surplus;		/* bytes more, or fewer, than the texts are long */
	size_t		text_bytes[5];	/* 0: as long as the text */
} Message;

static const TeRequest good_request = {
	.magic = TE_WIRE_MAGIC, .number = 7, .want = TE_WANT_THUMBNAIL | TE_WANT_EXIF | TE_WANT_GPS, .size = 256, .format = TE_FORMAT_JPEG,
	.quality = 85, .max_pixels = 1000000, .file_size = 1000
};

static TeRequest request;
static TeReply checked;
static TeReplyTexts texts;

static Message
good_message(void)
{
	Message		message = {
		.reply = {
			.magic = TE_WIRE_MAGIC, .number = 7, .status = TE_OK, .exif_status = TE_EXIF_FOUND,
			.format = TE_FORMAT_JPEG, .width = 4000, .height = 3000,
			.thumbnail_width = 256, .thumbnail_height = 192, .thumbnail_bytes = 10000,
			.has_taken_at = 1, .has_gps = 1,
			.taken_at = {.year = 2024, .month = 2, .day = 29, .hour = 23, .minute = 59, .second = 60,
			.microsecond = 999999, .has_offset = 1, .offset_minutes = -330},
			.latitude = -90, .longitude = 180
		},
		.texts = {"Fictor", "Fictor X\xc3\xa9", NULL, NULL, "{\"Make\":\"Fictor\",\"ISO\":[1,-2.5e-3,null]}"}
	};

	request = good_request;
	return message;
}

/* What te_reply_check says of it. */
static const char *
check(const Message *message)
{
	TeReply		reply = message->reply;
	uint32_t   *lengths[5] = {&reply.make_len, &reply.model_len, &reply.error_len,
	&reply.exif_error_len, &reply.json_len};
	static char *scratch;
	char	   *bytes = malloc(sizeof(TeReply) + 2 * TE_MAX_REPLY);
	size_t		length = TE_REPLY_SIZE(false);
	const char *wrong;
	char	   *exact;

	for (int i = 0; i < 5; i++)
	{
		size_t		size = message->text_bytes[i];

		if (size == 0 && message->texts[i])
			size = strlen(message->texts[i]);
		if (size > 0)
			memcpy(bytes + length, message->texts[i], size);
		length += size;
		if (*lengths[i] == 0)
			*lengths[i] = (uint32_t) size;
	}
	length += message->surplus;
	memcpy(bytes, &reply, TE_REPLY_SIZE(false));
	exact = malloc(length);
	memcpy(exact, bytes, length);
	free(scratch);				/* the texts of the last one pointed into it */
	scratch = malloc(length + 8);
	wrong = te_reply_check(exact, length, &request, &checked, &texts, scratch);
	free(exact);
	free(bytes);
	return wrong;
}

/* Spoil a field of a good reply. */
#define REFUSED(field, value, what) \
	do { \
		Message message = good_message(); \
		message.reply.field = (value); \
		ok(check(&message) != NULL, "refused: %s", what); \
	} while (0)

#define ACCEPTED(field, value, what) \
	do { \
		Message message = good_message(); \
		message.reply.field = (value); \
		is_text(check(&message), NULL, "accepted: " what); \
	} while (0)

static void
test_good(void)
{
	Message		message = good_message();

	is_text(check(&message), NULL, "accepted: a good reply");
	is_text(texts.make, "Fictor", "its make");
	is_text(texts.model, "Fictor X\xc3\xa9", "its model");
	is_text(texts.error, NULL, "it has no error");
	is_text(texts.json, message.texts[4], "its JSON");
	is_int(checked.width, 4000, "its width");

	message = good_message();
	message.reply.has_taken_at = message.reply.has_gps = 0;
	is_text(check(&message), NULL, "accepted: one without time and position");
	ok(checked.taken_at.year == 0 && checked.latitude == 0, "values that are not there are zero");
}

static void
test_image(void)
{
	static const int not_decoders[] = {TE_TIMEOUT, TE_CRASHED, TE_BAD_REPLY, TE_DENIED, TE_MISSING,
	TE_NOT_WRITTEN, 16, -1};

	REFUSED(magic, 0, "no magic");
	REFUSED(number, 8, "the answer to another request");
	for (size_t i = 0; i < sizeof(not_decoders) / sizeof(not_decoders[0]); i++)
	{
		Message		message = good_message();

		message.reply.status = (uint32_t) not_decoders[i];
		message.reply.thumbnail_bytes = message.reply.thumbnail_width = message.reply.thumbnail_height = 0;
		ok(check(&message) != NULL, "refused: status %d", not_decoders[i]);
	}
	REFUSED(status, TE_CORRUPT, "a thumbnail of a corrupt image");
	REFUSED(format, TE_FORMAT_LAST + 1, "unknown format");
	REFUSED(width, 0, "height without width");
	REFUSED(width, (uint32_t) INT32_MAX + 1, "width beyond integer");
	REFUSED(height, UINT32_MAX, "height beyond integer");
	REFUSED(thumbnail_width, 257, "thumbnail wider than asked");
	REFUSED(thumbnail_height, UINT32_MAX, "thumbnail higher than asked");
	REFUSED(thumbnail_width, 0, "thumbnail without width");
	REFUSED(thumbnail_bytes, 0, "no thumbnail though all is well");
	REFUSED(thumbnail_bytes, te_thumbnail_bound(TE_FORMAT_JPEG, 256, 192) + 1, "more bytes than its pixels can need");
	ACCEPTED(thumbnail_bytes, te_thumbnail_bound(TE_FORMAT_JPEG, 256, 192), "as many as they can need");
	is_int(te_thumbnail_bound(TE_FORMAT_JPEG, 256, 192), 458752, "which is 8 bytes for each, and 64 kB");
	is_int(te_thumbnail_bound(TE_FORMAT_PNG, 1, 1), 65541, "for PNG it is 5 bytes");
	is_int(te_thumbnail_bound(TE_FORMAT_PNG, TE_MAX_SIDE, TE_MAX_SIDE), TE_MAX_THUMBNAIL, "and never more than the largest");
}

/* Damage is told of a thumbnail, if damaged images are to be shown, and in no other case. */
static void
test_damage(void)
{
	static const uint32_t damages[] = {TE_CORRUPT, TE_TRUNCATED, TE_UNSUPPORTED, TE_TIMEOUT, UINT32_MAX};
	Message		message;

	REFUSED(damage, TE_CORRUPT, "damage where it was not asked for");
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
	{
		bool		good = damages[i] == TE_CORRUPT || damages[i] == TE_TRUNCATED;

		message = good_message();
		request.want |= TE_WANT_DAMAGED;
		message.reply.damage = damages[i];
		message.texts[2] = "where it ends";
		ok((check(&message) == NULL) == good, "%s: damage %u", good ? "accepted" : "refused", damages[i]);
	}
	message = good_message();
	request.want |= TE_WANT_DAMAGED;
	is_text(check(&message), NULL, "accepted: none");
	message.reply.status = message.reply.damage = TE_CORRUPT;
	message.reply.thumbnail_bytes = message.reply.thumbnail_width = message.reply.thumbnail_height = 0;
	ok(check(&message) != NULL, "refused: damage of an image that has failed");
	message = good_message();
	request.want = TE_WANT_EXIF | TE_WANT_GPS | TE_WANT_DAMAGED;
	message.reply.damage = TE_CORRUPT;
	message.reply.thumbnail_bytes = message.reply.thumbnail_width = message.reply.thumbnail_height = 0;
	ok(check(&message) != NULL, "refused: damage without a thumbnail");
}

static void
test_unwanted(void)
{
	Message		message = good_message();

	request.want = TE_WANT_EXIF | TE_WANT_GPS;
	ok(check(&message) != NULL, "refused: a thumbnail that was not requested");

	message = good_message();
	request.want = TE_WANT_THUMBNAIL;
	ok(check(&message) != NULL, "refused: EXIF that was not requested");

	message = good_message();
	request.want = TE_WANT_THUMBNAIL | TE_WANT_EXIF;
	ok(check(&message) != NULL, "refused: a position that was not requested");
	message.reply.has_gps = 0;
	is_text(check(&message), NULL, "accepted: the same without it");
	is_int((long long) checked.latitude, 0, "latitude is gone then");
}

static void
test_exif(void)
{
	REFUSED(exif_status, TE_EXIF_NOT_ASKED + 1, "unknown EXIF status");
	REFUSED(exif_status, TE_EXIF_NOT_ASKED, "EXIF was asked for");
	REFUSED(exif_status, TE_EXIF_NONE, "values though there is no EXIF");
	REFUSED(has_taken_at, 2, "time neither there nor not");
	REFUSED(taken_at.year, 0, "year 0");
	REFUSED(taken_at.year, 10000, "year 10000");
	REFUSED(taken_at.year, 2023, "29 February 2023");
	REFUSED(taken_at.month, 0, "month 0");
	REFUSED(taken_at.month, 13, "month 13");
	REFUSED(taken_at.month, INT32_MIN, "month far below");
	REFUSED(taken_at.day, 0, "day 0");
	REFUSED(taken_at.day, 30, "30 February");
	REFUSED(taken_at.hour, 24, "hour 24");
	REFUSED(taken_at.hour, -1, "hour -1");
	REFUSED(taken_at.minute, 60, "minute 60");
	REFUSED(taken_at.second, 61, "second 61");
	REFUSED(taken_at.microsecond, 1000000, "a million microseconds");
	REFUSED(taken_at.microsecond, -1, "microsecond -1");
	REFUSED(taken_at.has_offset, TE_OFFSET_GPS + 1, "offset from nowhere");
	ACCEPTED(taken_at.has_offset, TE_OFFSET_GPS, "an offset by GPS");
	REFUSED(has_facts, 1, "facts that were not requested");
	REFUSED(taken_at.offset_minutes, 16 * 60, "offset of 16 hours");
	REFUSED(taken_at.offset_minutes, INT32_MIN, "offset far below");
	REFUSED(has_gps, 2, "position neither there nor not");
	REFUSED(latitude, 90.0001, "latitude beyond the pole");
	REFUSED(latitude, NAN, "latitude not a number");
	REFUSED(longitude, -180.0001, "longitude beyond 180");
	REFUSED(longitude, INFINITY, "infinite longitude");
}

/* A text in place of another. */
static const char *
check_text(int which, const char *text, size_t bytes)
{
	Message		message = good_message();

	message.reply.exif_status = TE_EXIF_ERROR;
	message.texts[which] = text;
	message.text_bytes[which] = bytes;
	return check(&message);
}

static void
test_texts(void)
{
	static const struct
	{
		const char *text;
		size_t		bytes;
		const char *what;
	}			bad[] = {
		{"a\0b", 3, "NUL"},
		{"a\nb", 3, "newline"},
		{"\x1b[31m", 5, "escape"},
		{"\x7f", 1, "DEL"},
		{"\xc2\x9b", 2, "C1 control"},
		{"\xff", 1, "not UTF-8"},
		{"\x80", 1, "continuation alone"},
		{"\xc3(", 2, "character that is not continued"},
		{"\xe2\x82(", 3, "character that is half continued"},
		{"\xc3", 1, "cut character of two bytes"},
		{"\xe2\x82", 2, "cut character of three bytes"},
		{"\xc0\xaf", 2, "overlong, two bytes"},
		{"\xe0\x80\xaf", 3, "overlong, three bytes"},
		{"\xf0\x80\x80\xaf", 4, "overlong, four bytes"},
		{"\xed\xa0\x80", 3, "surrogate"},
		{"\xf4\x90\x80\x80", 4, "beyond U+10FFFF"},
		{"\xf8\x88\x80\x80\x80", 5, "five bytes"},
	};
	char	   *longest = malloc(TE_MAX_TEXT + 1);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		for (int which = 0; which < 4; which++)
			ok(check_text(which, bad[i].text, bad[i].bytes) != NULL, "refused: text %d with %s",
			   which, bad[i].what);
	}
	is_text(check_text(2, "\xc2\xa0\xe2\x82\xac\xf0\x9f\x93\xb7", 9), NULL, "accepted: UTF-8 of 2, 3 and 4 bytes");

	memset(longest, 'x', TE_MAX_TEXT + 1);
	is_text(check_text(0, longest, TE_MAX_TEXT), NULL, "accepted: the longest text");
	is_int(strlen(texts.make), TE_MAX_TEXT, "all of it");
	ok(check_text(0, longest, TE_MAX_TEXT + 1) != NULL, "refused: one byte more");
	free(longest);
}

static void
test_lengths(void)
{
	Message		message;

	REFUSED(make_len, UINT32_MAX, "a length that overflows");
	REFUSED(make_len, 7, "texts that take from each other");
	REFUSED(json_len, TE_MAX_JSON + 1, "JSON too long");
	REFUSED(error_len, 100, "text beyond the message");

	message = good_message();
	message.reply.exif_error_len = UINT32_MAX;
	message.reply.error_len = 1;
	message.reply.exif_status = TE_EXIF_ERROR;
	ok(check(&message) != NULL, "refused: lengths whose sum overflows");

	message = good_message();
	message.surplus = 1;
	ok(check(&message) != NULL, "refused: a byte behind the texts");
	message.surplus = (size_t) -1;
	ok(check(&message) != NULL, "refused: a byte missing");

	request = good_request;
	ok(te_reply_check(&message.reply, TE_REPLY_SIZE(false) - 1, &request, &checked, &texts, NULL) != NULL,
	   "refused: less than the struct");
	ok(te_reply_check("", 0, &request, &checked, &texts, NULL) != NULL, "refused: nothing");
}

static void
test_json(void)
{
	static const char *const bad[] = {
		"x", "[]", "{", "{}}", "{} ", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":[1,]}", "{\"a\":[1}",
		"{\"a\":01}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":1e1000}", "{\"a\":1e-999}", "{\"a\":1e325}", "{\"a\":1e0024}", "{\"a\":NaN}", "{\"a\":-}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\u00e9\"}", "{\"a\":\"\\u00\"}", "{\"a\":\"\\x\"}",
		"{\"a\":\"\\\"}", "{\"a\":\"\n\"}", "{\"a\":\"\xc3\"}", "{\"a\":\"b}", "{\"a\":nul}", "{\"a\":1 2}",
		"{\"a\":11111111111111111111111111111111111111111111111111111111111111111}",
		"{\"a\":[[[[[[[[1]]]]]]]]}", "{\"a\" 1}", "{\"a\":\"\\", "{\"a\":\"\\u00", "{1:1}",
	};
	static const char *const good[] = {
		"{}", "{ }", "{\"a\":[]}", "{ \"a\" : [ 1 , 2 ] , \"b\" : { } }", "{\"a\":-0.5E+12,\"b\":true,\"c\":false,\"d\":null}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\\u007F\xe2\x82\xac\"}", "{\"a\":[[[[[[[1]]]]]]]}",
		"{\"a\":[4.9e-324,1.7e+308,1E0,1e024]}",
	};
	char	   *deep = malloc(TE_MAX_JSON);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(check_text(4, bad[i], strlen(bad[i])) != NULL, "refused: JSON %zu", i);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_text(check_text(4, good[i], strlen(good[i])), NULL, "accepted: JSON");
	memset(deep, '[', TE_MAX_JSON);
	memcpy(deep, "{\"a\":", 5);
	ok(check_text(4, deep, TE_MAX_JSON) != NULL, "refused: JSON as deep as it can be");
	free(deep);
}

/* Short numbers that jsonb writes out in full: a megabyte of zeros from some kilobytes. */
static void
test_json_digits(void)
{
	static const char start[] = "{\"a\":[0";
	static const char number[] = ",1e-324";
	char	   *json = malloc(TE_MAX_JSON);
	size_t		most = TE_JSON_DIGITS / 324;
	size_t		length = strlen(start);

	memcpy(json, start, length);
	for (size_t i = 0; i < most; i++, length += strlen(number))
		memcpy(json + length, number, strlen(number));
	memcpy(json + length, "]}", 2);
	is_text(check_text(4, json, length + 2), NULL, "accepted: as many digits as there may be");
	memcpy(json + length, ",1e-324]}", 9);
	ok(check_text(4, json, length + 9) != NULL, "refused: one number more");
	free(json);
}

static void
test_hello(void)
{
	const TeHello good = {.magic = TE_WIRE_MAGIC, .version = TE_WIRE_VERSION, .can_read = 0x7fe,
		.can_write = 2, .libvips = "8.14.1", .libexif = "0.6.24", .self_test = "ok"
	};
	TeHello		hello = good;
	TeHello		out;

	is_text(te_hello_check(&hello, sizeof(hello), &out), NULL, "accepted: a good greeting");
	is_text(out.libvips, "8.14.1", "its libvips");
	ok(te_hello_check(&hello, sizeof(hello) - 1, &out) != NULL, "refused: a short greeting");
	ok(te_hello_check(&hello, 3, &out) != NULL, "refused: three bytes");
	hello.magic++;
	ok(te_hello_check(&hello, sizeof(hello), &out) != NULL, "refused: no greeting");
	hello = good;
	hello.version++;
	is_text(te_hello_check(&hello, 8, &out), "it speaks another version of the protocol",
			"another version is named, whatever its length");
	hello = good;
	hello.can_read |= 1u << (TE_FORMAT_LAST + 1);
	ok(te_hello_check(&hello, sizeof(hello), &out) != NULL, "refused: unknown formats");
	hello = good;
	memset(hello.libexif, 'x', sizeof(hello.libexif));
	ok(te_hello_check(&hello, sizeof(hello), &out) != NULL, "refused: a text without an end");
	hello = good;
	strcpy(hello.self_test, "\033[2J");
	ok(te_hello_check(&hello, sizeof(hello), &out) != NULL, "refused: control characters");
}

static void
test_statuses(void)
{
	is_text(te_status_sqlstate(TE_MISSING), "58P01", "SQLSTATE of a missing file");
	is_text(te_status_sqlstate(1000), "XX000", "SQLSTATE of what is unknown");
	is_int(te_status_verdict(TE_CORRUPT), TE_VERDICT_FAILED, "corrupt is final");
	is_int(te_status_verdict(TE_CRASHED), TE_VERDICT_TRANSIENT, "a crash is not");
	is_int(te_status_verdict(1000), TE_VERDICT_TRANSIENT, "nor is what is unknown");
	ok(te_status_text(1000) != NULL, "an unknown status has a message");
}

int
main(void)
{
	test_good();
	test_image();
	test_damage();
	test_unwanted();
	test_exif();
	test_texts();
	test_lengths();
	test_json();
	test_json_digits();
	test_hello();
	test_statuses();
	return done_testing();
}
