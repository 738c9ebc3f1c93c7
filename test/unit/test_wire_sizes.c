/*
 * test_wire_sizes.c
 *		Tests the checks of requests for several sizes of a thumbnail, and of replies with them.
 */
#include <string.h>

#include "wire/message.h"
#include "test/unit/tap.h"

static const TeRequest good_request = {
	.magic = TE_WIRE_MAGIC, .number = 7, .want = TE_WANT_THUMBNAIL, .size = 256, .format = TE_FORMAT_JPEG,
	.quality = 85, .max_pixels = 1000000, .file_size = 1000, .more = 2, .more_size = {1024, 64}
};

static const TeReply good_reply = {
	.magic = TE_WIRE_MAGIC, .number = 7, .status = TE_OK, .exif_status = TE_EXIF_NOT_ASKED, .format = TE_FORMAT_JPEG,
	.width = 4000, .height = 3000, .thumbnail_width = 256, .thumbnail_height = 192, .thumbnail_bytes = 1000,
	.more = {{1024, 768, 9000}, {64, 48, 500}}
};

static const char *
check_request(const TeRequest *request)
{
	TeRequest	out[TE_BATCH];
	int			count;

	return te_requests_check(request, sizeof(*request), 2, out, &count);
}

static const char *
check_reply(const TeReply *reply, const TeRequest *request)
{
	TeReply		out;
	TeReplyTexts texts;
	char		scratch[sizeof(TeReply) + 8];

	return te_reply_check(reply, TE_REPLY_SIZE(reply->has_facts), request, &out, &texts, scratch);
}

#define REQUEST_REFUSED(field, value, what) \
	do { \
		TeRequest request = good_request; \
		request.field = (value); \
		ok(check_request(&request) != NULL, "refused: %s", what); \
	} while (0)

#define REFUSED(field, value, what) \
	do { \
		TeReply reply = good_reply; \
		reply.field = (value); \
		ok(check_reply(&reply, &good_request) != NULL, "refused: %s", what); \
	} while (0)

static void
test_request(void)
{
	TeRequest	request = good_request;

	is_text(check_request(&request), NULL, "accepted: three sizes");
	for (uint32_t i = 0; i < TE_MAX_SIZES - 1; i++)
		request.more_size[i] = 300 + i;
	request.more = TE_MAX_SIZES - 1;
	is_text(check_request(&request), NULL, "accepted: as many as there may be");
	REQUEST_REFUSED(more, TE_MAX_SIZES, "one more");
	REQUEST_REFUSED(more, UINT32_MAX, "a number that overflows");
	REQUEST_REFUSED(measure, TE_MAX_SIDE + 1, "a measure that is too large");
	REQUEST_REFUSED(more, 3, "size 0");
	REQUEST_REFUSED(more_size[1], TE_MAX_SIDE + 1, "a size that is too large");
	REQUEST_REFUSED(more_size[1], 256, "the first size again");
	REQUEST_REFUSED(more_size[1], 1024, "another size again");
	request = good_request;
	request.want = TE_WANT_EXIF;
	{
		TeRequest	out[TE_BATCH];
		int			count;

		ok(te_requests_check(&request, sizeof(request), 1, out, &count) != NULL, "refused: sizes without a thumbnail");
	}
	is_int((int) te_request_bound(&good_request), (int) (te_thumbnail_bound(TE_FORMAT_JPEG, 256, 256) +
														 te_thumbnail_bound(TE_FORMAT_JPEG, 1024, 1024) +
														 te_thumbnail_bound(TE_FORMAT_JPEG, 64, 64)), "room for all three");
}

static void
test_reply(void)
{
	TeReply		reply = good_reply;
	TeRequest	request = good_request;

	is_text(check_reply(&reply, &request), NULL, "accepted: three thumbnails");
	is_int((int) te_reply_thumbnail_bytes(&reply), 10500, "the bytes of all");
	REFUSED(more[0].width, 1025, "one that is too wide");
	REFUSED(more[1].height, 65, "one that is too high");
	REFUSED(more[0].width, 0, "one without width");
	REFUSED(more[1].bytes, 0, "one without bytes");
	REFUSED(more[1].bytes, te_thumbnail_bound(TE_FORMAT_JPEG, 64, 48) + 1, "more bytes than its pixels can need");
	REFUSED(more[0].bytes, UINT32_MAX, "bytes that overflow");
	REFUSED(more[2].bytes, 1, "one that was not asked for");
	REFUSED(more[TE_MAX_SIZES - 2].width, 1, "the width of one that was not asked for");
	REFUSED(thumbnail_bytes, 0, "no first one");
	REFUSED(measured_width, 1, "a measure that was not asked for");
	request.measure = 128;
	ok(check_reply(&reply, &request) != NULL, "refused: no measure");
	reply.measured_width = 128;
	reply.measured_height = 129;
	ok(check_reply(&reply, &request) != NULL, "refused: an impossible one");
	reply.measured_height = 96;
	is_text(check_reply(&reply, &request), NULL, "accepted: a possible one");
	reply = good_reply;
	request.measure = 0;
	request.more = 1;
	ok(check_reply(&reply, &request) != NULL, "refused: more than were asked for");
	request.more = 3;
	request.more_size[2] = 32;
	ok(check_reply(&reply, &request) != NULL, "refused: fewer than were asked for");

	reply.status = TE_CORRUPT;
	reply.thumbnail_bytes = reply.thumbnail_width = reply.thumbnail_height = 0;
	ok(check_reply(&reply, &good_request) != NULL, "refused: sizes of a corrupt image");
	memset(reply.more, 0, sizeof(reply.more));
	is_text(check_reply(&reply, &good_request), NULL, "accepted: none of it");
}

/* Of a damaged image that is shown, with its hashes. */
static void
test_damaged(void)
{
	TeRequest	request = good_request;
	TeReply		reply = good_reply;

	request.want |= TE_WANT_DAMAGED | TE_WANT_THUMBHASH;
	reply.damage = TE_TRUNCATED;
	reply.has_facts = 1;
	reply.facts.known = TE_FACT_THUMBHASH;
	reply.facts.thumbhash_len = 20;
	is_text(check_reply(&reply, &request), NULL, "accepted: all sizes of a damaged image");
	reply.more[1] = (TeReplyThumbnail) {0};
	ok(check_reply(&reply, &request) != NULL, "refused: not all of them");
	reply.more[1] = good_reply.more[1];
	reply.facts.known |= TE_FACT_PICTURE_HASH;
	ok(check_reply(&reply, &request) != NULL, "refused: a hash that was not asked for");
	memset(reply.more, 0, sizeof(reply.more));
	reply.facts.known = TE_FACT_THUMBHASH;
	reply.thumbnail_bytes = reply.thumbnail_width = reply.thumbnail_height = 0;
	reply.status = TE_TRUNCATED;
	reply.damage = 0;
	ok(check_reply(&reply, &request) != NULL, "refused: the hash of no thumbnail");
	reply.facts.known = 0;
	is_text(check_reply(&reply, &request), NULL, "accepted: nothing of it");
}

int
main(void)
{
	test_request();
	test_reply();
	test_damaged();
	return done_testing();
}
