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
		(time->has_offset == 0 || time->has_offset == 1) &&
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
	if (reply->has_gps > 1 || (reply->has_gps && (request->want & TE_WANT_GPS) == 0))
		return "there is a position where none should be";
	if (reply->has_gps &&
		!(isfinite(reply->latitude) && fabs(reply->latitude) <= 90 &&
		  isfinite(reply->longitude) && fabs(reply->longitude) <= 180))
		return "position is impossible";
	return NULL;
}

/* The texts that follow the struct; each is copied to scratch and NUL-terminated. */
static const char *
check_texts(const char *at, size_t length, const TeReply *reply,
			TeReplyTexts *texts, char *scratch)
{
	const struct
	{
		uint32_t	length;
		uint32_t	max;
		const char **text;
	}			parts[] = {
		{reply->make_len, TE_MAX_TEXT, &texts->make},
		{reply->model_len, TE_MAX_TEXT, &texts->model},
		{reply->error_len, TE_MAX_TEXT, &texts->error},
		{reply->exif_error_len, TE_MAX_TEXT, &texts->exif_error},
		{reply->json_len, TE_MAX_JSON, &texts->json},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
	{
		bool		is_json = parts[i].text == &texts->json;

		*parts[i].text = NULL;
		if (parts[i].length > parts[i].max || parts[i].length > length)
			return "a text is too long";
		if (parts[i].length == 0)
			continue;
		if (is_json ? !te_json_clean(at, parts[i].length) : !te_text_clean(at, parts[i].length))
			return is_json ? "JSON is invalid" : "a text is not clean";

		memcpy(scratch, at, parts[i].length);
		scratch[parts[i].length] = '\0';
		*parts[i].text = scratch;
		scratch += parts[i].length + 1;
		at += parts[i].length;
		length -= parts[i].length;
	}
	return length == 0 ? NULL : "there are bytes behind the texts";
}

size_t
te_reply_length(const void *message, size_t length)
{
	TeReply		reply;
	uint64_t	needed;

	if (length < sizeof(reply))
		return 0;
	memcpy(&reply, message, sizeof(reply));
	needed = sizeof(reply) + (uint64_t) reply.make_len + reply.model_len + reply.error_len +
		reply.exif_error_len + reply.json_len;
	return needed <= length ? (size_t) needed : 0;
}

const char *
te_reply_check(const void *message, size_t length, const TeRequest *request,
			   TeReply *reply, TeReplyTexts *texts, char *scratch)
{
	const char *wrong;

	if (length < sizeof(TeReply) || length > TE_MAX_REPLY)
		return "length is impossible";
	memcpy(reply, message, sizeof(TeReply));

	if (reply->magic != TE_WIRE_MAGIC)
		return "it is not a reply";
	if (reply->number != request->number)
		return "it answers another request";

	wrong = check_image(reply, request);
	if (wrong == NULL)
		wrong = check_exif(reply, request);
	if (wrong == NULL)
		wrong = check_texts((const char *) message + sizeof(TeReply), length - sizeof(TeReply),
							reply, texts, scratch);
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

/* Are the sizes of all thumbnails possible, and no two the same? */
static const char *
check_sizes(const TeRequest *request)
{
	if (request->size < 1 || request->size > TE_MAX_SIDE)
		return "size is out of range";
	if (request->measure > TE_MAX_SIDE)
		return "size is out of range";
	if (request->more > TE_MAX_SIZES - 1)
		return "there are too many sizes";
	for (uint32_t i = 0; i < request->more; i++)
	{
		uint32_t	size = request->more_size[i];

		if (size < 1 || size > TE_MAX_SIDE)
			return "size is out of range";
		if (size == request->size)
			return "a size is named twice";
		for (uint32_t j = 0; j < i; j++)
			if (request->more_size[j] == size)
				return "a size is named twice";
	}
	return NULL;
}

static const char *
check_request(const TeRequest *request)
{
	const char *wrong;

	if (request->magic != TE_WIRE_MAGIC)
		return "it is not a request";
	if ((request->want & ~(uint32_t) TE_WANT_ALL) != 0)
		return "unknown flags are set";
	if ((request->want & (TE_WANT_EXIF | TE_WANT_GPS)) == TE_WANT_GPS)
		return "GPS is requested without EXIF";
	if ((request->want & TE_WANT_THUMBNAIL) != 0)
	{
		wrong = check_sizes(request);
		if (wrong != NULL)
			return wrong;
		if (request->format > TE_FORMAT_LAST || te_format_suffix(request->format) == NULL)
			return "format cannot be written";
		if (request->quality < 1 || request->quality > 100)
			return "quality is out of range";
	}
	else if (request->more != 0 || request->measure != 0)
		return "sizes are named without a thumbnail";
	if (request->max_pixels == 0 || request->file_size == 0)
		return "a limit is zero";
	return NULL;
}

const char *
te_requests_check(const void *message, size_t length, int nfds, TeRequest *requests, int *count)
{
	int			needed = 0;

	if (length == 0 || length % sizeof(TeRequest) != 0 || length > TE_BATCH * sizeof(TeRequest))
		return "length is impossible";
	*count = (int) (length / sizeof(TeRequest));
	memcpy(requests, message, length);
	for (int i = 0; i < *count; i++)
	{
		const char *wrong = check_request(&requests[i]);

		if (wrong != NULL)
			return wrong;
		needed += (requests[i].want & TE_WANT_THUMBNAIL) ? 2 : 1;
	}
	return nfds == needed ? NULL : "number of descriptors is wrong";
}
