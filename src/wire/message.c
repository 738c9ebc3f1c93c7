/*
 * message.c
 *		Checks the messages between server and decoder.
 *
 * A decoder that has processed a hostile file may send anything.  A reply that passes
 * here can be used without further checks: numbers fit their columns, texts are
 * clean, and the JSON is accepted by jsonb.
 */
#include "wire/message.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "wire/text.h"

/* Headers, tables and the overhead of a small file. */
#define THUMBNAIL_BASE	(64 * 1024)

_Static_assert(sizeof(TeReply) + 6 * TE_MAX_TEXT + TE_MAX_JSON + TE_MAX_DESCRIPTION + TE_MAX_KEYWORD_TEXT <= TE_MAX_REPLY,
			   "a reply with all its texts must fit into a message");

uint32_t
te_thumbnail_bound(int format, uint32_t width, uint32_t height)
{
	/* PNG: four bytes that do not compress, and a filter; else twice the size measured for noise */
	uint64_t	per_pixel = format == TE_FORMAT_PNG ? 5 : 8;
	uint64_t	bytes = THUMBNAIL_BASE + per_pixel * width * height;

	return bytes < TE_MAX_THUMBNAIL ? (uint32_t) bytes : TE_MAX_THUMBNAIL;
}

uint64_t
te_request_bound(const TeRequest *request)
{
	uint64_t	bytes = te_thumbnail_bound(request->format, request->size, request->size);

	for (uint32_t i = 0; i < request->more; i++)
		bytes += te_thumbnail_bound(request->format, request->more_size[i], request->more_size[i]);
	return bytes;
}

uint64_t
te_reply_thumbnail_bytes(const TeReply *reply)
{
	uint64_t	bytes = reply->thumbnail_bytes;

	for (int i = 0; i < TE_MAX_SIZES - 1; i++)
		bytes += reply->more[i].bytes;
	return bytes;
}

/* Statuses that a decoder may send. */
static bool
is_decoder_status(uint32_t status)
{
	switch (status)
	{
		case TE_OK:
		case TE_UNSUPPORTED:
		case TE_CORRUPT:
		case TE_TRUNCATED:
		case TE_EMPTY:
		case TE_TOO_MANY_PIXELS:
		case TE_FILE_TOO_LARGE:
		case TE_OUT_OF_MEMORY:
		case TE_IO_ERROR:
		case TE_NOT_ENCODED:
			return true;
		default:
			return false;
	}
}

static int
days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool
te_time_is_valid(const TeTime *time)
{
	return time->year >= 1 && time->year <= 9999 &&
		time->month >= 1 && time->month <= 12 &&
		time->day >= 1 && time->day <= days_of_month(time->year, time->month) &&
		time->hour >= 0 && time->hour <= 23 &&
		time->minute >= 0 && time->minute <= 59 &&
		time->second >= 0 && time->second <= 60 &&
		time->microsecond >= 0 && time->microsecond <= 999999 &&
		time->has_offset >= TE_OFFSET_NONE && time->has_offset <= TE_OFFSET_GPS &&
		time->offset_minutes > -16 * 60 && time->offset_minutes < 16 * 60;
}

/* Can it be a thumbnail of that size? */
static const char *
check_thumbnail(const TeReplyThumbnail *thumbnail, uint32_t size, uint32_t format)
{
	if (thumbnail->width == 0 || thumbnail->width > size || thumbnail->height == 0 || thumbnail->height > size)
		return "thumbnail is not of the size that was asked for";
	if (thumbnail->bytes == 0 || thumbnail->bytes > te_thumbnail_bound(format, thumbnail->width, thumbnail->height))
		return "length of the thumbnail is impossible";
	return NULL;
}

/* The width and height that a thumbnail of a size has or would have, which are wanted or not. */
static const char *
check_measure(const TeReply *reply, uint32_t size)
{
	if (size == 0)
		return reply->measured_width != 0 || reply->measured_height != 0 ? "there is a measure where none should be" : NULL;
	if (reply->measured_width == 0 || reply->measured_width > size || reply->measured_height == 0 || reply->measured_height > size)
		return "a measure is impossible";
	return NULL;
}

/* The further thumbnails, all of them or none. */
static const char *
check_more(const TeReply *reply, const TeRequest *request, bool wanted)
{
	const char *wrong = NULL;
	uint32_t	count = wanted ? request->more : 0;

	for (uint32_t i = 0; i < TE_MAX_SIZES - 1 && wrong == NULL; i++)
	{
		const TeReplyThumbnail *thumbnail = &reply->more[i];

		if (i < count)
			wrong = check_thumbnail(thumbnail, request->more_size[i], request->format);
		else if (thumbnail->width != 0 || thumbnail->height != 0 || thumbnail->bytes != 0)
			wrong = "there is a thumbnail where none should be";
	}
	return wrong != NULL ? wrong : check_measure(reply, wanted ? request->measure : 0);
}

/* Do status, format and sizes fit each other and the request? */
static const char *
check_image(const TeReply *reply, const TeRequest *request)
{
	bool		wanted = (request->want & TE_WANT_THUMBNAIL) != 0;
	const TeReplyThumbnail thumbnail = {reply->thumbnail_width, reply->thumbnail_height, reply->thumbnail_bytes};
	const char *wrong;

	if (!is_decoder_status(reply->status))
		return "status is not one of a decoder";
	if (reply->format > TE_FORMAT_LAST)
		return "format is unknown";
	if (reply->width > INT32_MAX || reply->height > INT32_MAX ||
		(reply->width == 0) != (reply->height == 0))
		return "size of the image is impossible";

	if (reply->damage != 0 &&
		(reply->status != TE_OK || !wanted || (request->want & TE_WANT_DAMAGED) == 0 ||
		 (reply->damage != TE_CORRUPT && reply->damage != TE_TRUNCATED)))
		return "there is damage where none should be";
	if (reply->status != TE_OK || !wanted)
	{
		if (reply->thumbnail_bytes != 0 || reply->thumbnail_width != 0 ||
			reply->thumbnail_height != 0)
			return "there is a thumbnail where none should be";
		return check_more(reply, request, false);
	}
	wrong = check_thumbnail(&thumbnail, request->size, request->format);
	return wrong != NULL ? wrong : check_more(reply, request, true);
}

/* The values from EXIF except the texts. */
static const char *
check_exif(const TeReply *reply, const TeRequest *request)
{
	bool		wanted = (request->want & TE_WANT_EXIF) != 0;
	bool		values = reply->has_taken_at || reply->has_gps ||
	reply->make_len > 0 || reply->model_len > 0 || reply->json_len > 0;

	if (reply->exif_status > TE_EXIF_NOT_ASKED ||
		(reply->exif_status == TE_EXIF_NOT_ASKED) == wanted)
		return "EXIF status is not one that was asked for";
	if (reply->exif_status == TE_EXIF_NONE || reply->exif_status == TE_EXIF_NOT_ASKED)
	{
		if (values || reply->exif_error_len > 0)
			return "there is EXIF where none should be";
	}
	if (reply->has_taken_at > 1 || (reply->has_taken_at && !te_time_is_valid(&reply->taken_at)))
		return "time is impossible";
	if (reply->has_taken_at && reply->taken_at.has_offset == TE_OFFSET_GPS && (request->want & TE_WANT_GPS) == 0)
		return "there is a time of GPS where none should be";
	if (reply->has_gps > 1 || (reply->has_gps && (request->want & TE_WANT_GPS) == 0))
		return "there is a position where none should be";
	if (reply->has_gps &&
		!(isfinite(reply->latitude) && fabs(reply->latitude) <= 90 &&
		  isfinite(reply->longitude) && fabs(reply->longitude) <= 180))
		return "position is impossible";
	return NULL;
}

/* Is a number of a fact, if it is known, between two limits? */
static bool
fact_within(const TeFacts *facts, uint32_t fact, double value, double low, double high)
{
	return (facts->known & fact) == 0 || (value >= low && value <= high);
}

/* The same for a quantity that has no zero. */
static bool
fact_positive(const TeFacts *facts, uint32_t fact, double value)
{
	return (facts->known & fact) == 0 || (value > 0 && value <= TE_MAX_QUANTITY);
}

/* The facts that a reply to this request may have. */
static uint32_t
allowed_facts(const TeReply *reply, const TeRequest *request)
{
	uint32_t	allowed = 0;

	if ((request->want & TE_WANT_FACTS) && (reply->exif_status == TE_EXIF_FOUND || reply->exif_status == TE_EXIF_ERROR))
		allowed |= TE_FACT_ISO | TE_FACT_F_NUMBER | TE_FACT_EXPOSURE_TIME | TE_FACT_FOCAL_LENGTH |
			TE_FACT_FOCAL_LENGTH_35MM | TE_FACT_ORIENTATION | TE_FACT_RATING |
			((request->want & TE_WANT_GPS) ? TE_FACT_ALTITUDE | TE_FACT_DIRECTION : 0);
	if (request->want & TE_WANT_FILE_HASH)
		allowed |= TE_FACT_FILE_HASH;
	if (reply->thumbnail_bytes > 0)
		allowed |= ((request->want & TE_WANT_THUMBHASH) ? TE_FACT_THUMBHASH : 0) |
			((request->want & TE_WANT_PICTURE_HASH) ? TE_FACT_PICTURE_HASH : 0);
	return allowed;
}

/* The facts, except the content of their texts. */
static const char *
check_facts(const TeReply *reply, const TeRequest *request)
{
	const TeFacts *facts = &reply->facts;
	uint32_t	allowed = allowed_facts(reply, request);

	if (reply->has_facts != ((request->want & TE_WANT_ANY_FACTS) != 0))
		return "there are facts where none should be, or none";
	if ((facts->known & ~allowed) != 0)
		return "there is a fact where none should be";
	if ((allowed & TE_FACT_ISO) == 0 &&
		(facts->lens_len > 0 || facts->title_len > 0 || facts->description_len > 0 || facts->keywords_len > 0))
		return "there is a text where none should be";
	if (!fact_within(facts, TE_FACT_ISO, facts->iso, 1, TE_MAX_ISO) ||
		!fact_within(facts, TE_FACT_ORIENTATION, facts->orientation, 1, 8) ||
		!fact_within(facts, TE_FACT_RATING, facts->rating, -1, 5) ||
		!fact_within(facts, TE_FACT_ALTITUDE, facts->altitude, -TE_MAX_QUANTITY, TE_MAX_QUANTITY) ||
		!fact_within(facts, TE_FACT_DIRECTION, facts->direction, 0, 360) ||
		!fact_positive(facts, TE_FACT_F_NUMBER, facts->f_number) ||
		!fact_positive(facts, TE_FACT_EXPOSURE_TIME, facts->exposure_time) ||
		!fact_positive(facts, TE_FACT_FOCAL_LENGTH, facts->focal_length) ||
		!fact_positive(facts, TE_FACT_FOCAL_LENGTH_35MM, facts->focal_length_35mm))
		return "a fact is out of range";
	if ((facts->known & TE_FACT_THUMBHASH) && (facts->thumbhash_len == 0 || facts->thumbhash_len > TE_THUMBHASH_MAX))
		return "length of the ThumbHash is impossible";
	return NULL;
}

/* Is it a list of texts, each but the last with a line end behind it? */
static bool
keywords_are_clean(const char *text, size_t length)
{
	const char *end = text + length;

	for (int count = 0; count < TE_MAX_KEYWORDS; count++)
	{
		const char *line_end = memchr(text, '\n', (size_t) (end - text));
		size_t		bytes = (size_t) ((line_end != NULL ? line_end : end) - text);

		if (bytes == 0 || !te_text_clean(text, bytes))
			return false;
		if (line_end == NULL)
			return true;
		text = line_end + 1;
	}
	return false;
}

/* The texts that follow the struct; each is copied to scratch and NUL-terminated. */
static const char *
check_texts(const char *at, size_t length, const TeReply *reply,
			TeReplyTexts *texts, char *scratch)
{
	const TeFacts *facts = &reply->facts;
	const struct
	{
		uint32_t	length;
		uint32_t	max;
		const char **text;
		bool		(*is_valid) (const char *text, size_t length);
	}			parts[] = {
		{reply->make_len, TE_MAX_TEXT, &texts->make, te_text_clean},
		{reply->model_len, TE_MAX_TEXT, &texts->model, te_text_clean},
		{reply->error_len, TE_MAX_TEXT, &texts->error, te_text_clean},
		{reply->exif_error_len, TE_MAX_TEXT, &texts->exif_error, te_text_clean},
		{reply->json_len, TE_MAX_JSON, &texts->json, te_json_clean},
		{facts->lens_len, TE_MAX_TEXT, &texts->lens, te_text_clean},
		{facts->title_len, TE_MAX_TEXT, &texts->title, te_text_clean},
		{facts->description_len, TE_MAX_DESCRIPTION, &texts->description, te_text_lines_clean},
		{facts->keywords_len, TE_MAX_KEYWORD_TEXT, &texts->keywords, keywords_are_clean},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
	{
		*parts[i].text = NULL;
		if (parts[i].length > parts[i].max || parts[i].length > length)
			return "a text is too long";
		if (parts[i].length == 0)
			continue;
		if (!parts[i].is_valid(at, parts[i].length))
			return parts[i].text == &texts->json ? "JSON is invalid" : "a text is not clean";

		memcpy(scratch, at, parts[i].length);
		scratch[parts[i].length] = '\0';
		*parts[i].text = scratch;
		scratch += parts[i].length + 1;
		at += parts[i].length;
		length -= parts[i].length;
	}
	return length == 0 ? NULL : "there are bytes behind the texts";
}

/* Copy the struct from a message; what it ends before is zero.  Returns its bytes in the message, 0 if it is not complete. */
static size_t
copy_reply(const void *message, size_t length, TeReply *reply)
{
	size_t		size = TE_REPLY_SIZE(false);

	if (length < size)
		return 0;
	memcpy(reply, message, size);
	if (!reply->has_facts)
	{
		memset(&reply->facts, 0, sizeof(reply->facts));
		return size;
	}
	size = TE_REPLY_SIZE(true);
	if (length < size)
		return 0;
	memcpy(reply, message, size);
	return size;
}

size_t
te_reply_length(const void *message, size_t length)
{
	TeReply		reply;
	uint64_t	needed = copy_reply(message, length, &reply);

	if (needed == 0)
		return 0;
	needed += (uint64_t) reply.make_len + reply.model_len + reply.error_len + reply.exif_error_len + reply.json_len +
		reply.facts.lens_len + reply.facts.title_len + reply.facts.description_len + reply.facts.keywords_len;
	return needed <= length ? (size_t) needed : 0;
}

const char *
te_reply_check(const void *message, size_t length, const TeRequest *request,
			   TeReply *reply, TeReplyTexts *texts, char *scratch)
{
	size_t		size = length <= TE_MAX_REPLY ? copy_reply(message, length, reply) : 0;
	const char *wrong;

	if (size == 0)
		return "length is impossible";
	if (reply->magic != TE_WIRE_MAGIC)
		return "it is not a reply";
	if (reply->number != request->number)
		return "it answers another request";

	wrong = check_image(reply, request);
	if (wrong == NULL)
		wrong = check_exif(reply, request);
	if (wrong == NULL)
		wrong = check_facts(reply, request);
	if (wrong == NULL)
		wrong = check_texts((const char *) message + size, length - size, reply, texts, scratch);
	if (wrong != NULL)
		return wrong;

	/* Clear values that the flags say are absent. */
	if (!reply->has_taken_at)
		memset(&reply->taken_at, 0, sizeof(reply->taken_at));
	if (!reply->has_gps)
		reply->latitude = reply->longitude = 0;
	return NULL;
}

/* Is the field a NUL-terminated clean text? */
static bool
field_is_clean(const char *field, size_t size)
{
	const char *nul = memchr(field, '\0', size);

	return nul != NULL && te_text_clean(field, nul - field);
}

const char *
te_hello_check(const void *message, size_t length, TeHello *hello)
{
	const uint32_t known = (2u << TE_FORMAT_LAST) - 1;

	if (length < 2 * sizeof(uint32_t))
		return "length is impossible";
	memset(hello, 0, sizeof(*hello));
	memcpy(hello, message, length < sizeof(*hello) ? length : sizeof(*hello));

	if (hello->magic != TE_WIRE_MAGIC)
		return "it is not a greeting";
	if (hello->version != TE_WIRE_VERSION)
		return "it speaks another version of the protocol";
	if (length != sizeof(*hello))
		return "length is impossible";
	if ((hello->can_read & ~known) != 0 || (hello->can_write & ~known) != 0)
		return "it names unknown formats";
	if (!field_is_clean(hello->libvips, sizeof(hello->libvips)) ||
		!field_is_clean(hello->libexif, sizeof(hello->libexif)) ||
		!field_is_clean(hello->self_test, sizeof(hello->self_test)))
		return "a text is not clean";
	return NULL;
}
