/*
 * test_wire_request.c
 *		Tests the check of requests in a decoder, and how a message with several replies is divided.
 */
#include <stdint.h>
#include <string.h>

#include "wire/message.h"
#include "test/unit/tap.h"

static const TeRequest good_request = {
	.magic = TE_WIRE_MAGIC, .number = 7, .want = TE_WANT_ALL, .size = 256, .format = TE_FORMAT_JPEG,
	.quality = 85, .max_pixels = 1000000, .file_size = 1000
};

static const TeRequest small_request = {.magic = TE_WIRE_MAGIC, .number = 8, .want = TE_WANT_EXIF, .max_pixels = 1, .file_size = 1};

#define REQUEST_REFUSED(field, value, what) \
	do { \
		TeRequest in[2] = {small_request, good_request}; \
		TeRequest out[TE_BATCH]; \
		int count; \
		in[1].field = (value); \
		ok(te_requests_check(in, sizeof(in), 3, out, &count) != NULL, "refused: %s", what); \
	} while (0)

static void
test_request(void)
{
	TeRequest	in[TE_BATCH + 1];
	TeRequest	out[TE_BATCH];
	int			count;

	for (int i = 0; i <= TE_BATCH; i++)
		in[i] = small_request;
	in[0] = good_request;
	is_text(te_requests_check(in, sizeof(in[0]), 2, out, &count), NULL, "accepted: a good request");
	is_int(count, 1, "one");
	is_text(te_requests_check(in, TE_BATCH * sizeof(in[0]), TE_BATCH + 1, out, &count), NULL, "accepted: a full message");
	is_int(count, TE_BATCH, "all of it");
	ok(memcmp(in, out, sizeof(out)) == 0, "as it was sent");
	ok(te_requests_check(in, sizeof(in[0]) - 1, 2, out, &count) != NULL, "refused: a short request");
	ok(te_requests_check(in, 2 * sizeof(in[0]) - 1, 3, out, &count) != NULL, "refused: a short second request");
	ok(te_requests_check(in, 0, 0, out, &count) != NULL, "refused: no request");
	ok(te_requests_check(in, sizeof(in), TE_BATCH + 2, out, &count) != NULL, "refused: too many requests");
	ok(te_requests_check(in, sizeof(in[0]), 1, out, &count) != NULL, "refused: a thumbnail without an output");
	ok(te_requests_check(&in[1], sizeof(in[0]), 2, out, &count) != NULL, "refused: an output without a thumbnail");
	REQUEST_REFUSED(magic, 0, "no request");
	REQUEST_REFUSED(want, 0x200, "unknown wish");
	REQUEST_REFUSED(want, TE_WANT_ALL | TE_WANT_SIDECAR, "a sidecar without a size");
	REQUEST_REFUSED(sidecar_size, 1, "a size without a sidecar");
	REQUEST_REFUSED(want, TE_WANT_EXIF | TE_WANT_DAMAGED, "damaged images without a thumbnail");
	REQUEST_REFUSED(want, TE_WANT_GPS, "GPS without EXIF");
	REQUEST_REFUSED(want, TE_WANT_FACTS, "facts without EXIF");
	REQUEST_REFUSED(want, TE_WANT_EXIF | TE_WANT_THUMBHASH, "ThumbHash without a thumbnail");
	REQUEST_REFUSED(want, TE_WANT_EXIF | TE_WANT_PICTURE_HASH, "picture hash without a thumbnail");
	REQUEST_REFUSED(size, 0, "size 0");
	REQUEST_REFUSED(size, TE_MAX_SIDE + 1, "size too large");
	REQUEST_REFUSED(format, TE_FORMAT_GIF, "format that is not written");
	REQUEST_REFUSED(format, UINT32_MAX, "format far beyond");
	REQUEST_REFUSED(quality, 0, "quality 0");
	REQUEST_REFUSED(quality, 101, "quality 101");
	REQUEST_REFUSED(max_pixels, 0, "no pixels");
	REQUEST_REFUSED(file_size, 0, "no bytes");
}

/* How long is the first reply of a message? */
static void
test_several(void)
{
	const size_t size = TE_REPLY_SIZE(false);
	char		message[2 * sizeof(TeReply) + 8];
	TeReply		first = {.make_len = 3, .json_len = 5};

	memset(message, 'x', sizeof(message));
	memcpy(message, &first, size);
	is_int((int) te_reply_length(message, sizeof(message)), (int) size + 8, "the first of two replies");
	is_int((int) te_reply_length(message, size + 8), (int) size + 8, "the only reply");
	is_int((int) te_reply_length(message, size + 7), 0, "a reply whose texts are cut off");
	is_int((int) te_reply_length(message, size - 1), 0, "a reply that is cut off");
	first.has_facts = 1;
	first.facts.lens_len = 2;
	memcpy(message, &first, sizeof(first));
	is_int((int) te_reply_length(message, sizeof(message)), (int) sizeof(first) + 10, "one with facts");
	is_int((int) te_reply_length(message, sizeof(first) - 1), 0, "one whose facts are cut off");
	first.facts.keywords_len = UINT32_MAX;
	memcpy(message, &first, sizeof(first));
	is_int((int) te_reply_length(message, sizeof(message)), 0, "a length of facts that overflows");
	first.error_len = first.json_len = UINT32_MAX;
	memcpy(message, &first, sizeof(first));
	is_int((int) te_reply_length(message, sizeof(message)), 0, "lengths that overflow");
}

int
main(void)
{
	test_request();
	test_several();
	return done_testing();
}
