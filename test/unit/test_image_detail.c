/*
 * test_image_detail.c
 *		Tests that details of failures and EXIF values pass the server's check of a reply.
 */
#include <stdlib.h>

#include "exif/json.h"
#include "image/internal.h"
#include "wire/text.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

/* Texts of a library, before and after they are cleaned. */
static void
test_texts(void)
{
	static const struct
	{
		const char *raw;
		const char *cleaned;
		const char *what;
	}			texts[] = {
		{"bad tag", "bad tag", "plain text"},
		{"a\x1b[2Jb\nc\x7f!", "a [2Jb c !", "C0 and DEL become blanks"},
		{"a\xc2\x9b" "2Jb", "a  2Jb", "C1 in UTF-8 becomes blanks"},
		{"a\x9b" "b", "a?b", "C1 as a byte is no UTF-8"},
		{"Fic\xc3\xa9tor \xe2\x82\xac", "Fic\xc3\xa9tor \xe2\x82\xac", "letters stay"},
		{"\xc2\xa0x", "\xc2\xa0x", "what follows C1 stays"},
		{"cut \xe2\x82", "cut ??", "a cut character"},
		{"over\xc0\xaflong \xed\xa0\x80", "over??long ???", "overlong, and a surrogate"},
		{"end.  ", "end", "blanks and dots at the end go"}
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		ImgResult	result = {0};

		img_fail(&result, TE_CORRUPT, "%s", texts[i].raw);
		is_text(result.error, texts[i].cleaned, texts[i].what);
		ok(te_text_clean(result.error, strlen(result.error)), "%s: pass", texts[i].what);
	}

	/* every two bytes there are */
	for (int first = 1; first < 256; first++)
	{
		bool		clean = true;

		for (int second = 1; second < 256; second++)
		{
			ImgResult	result = {0};

			img_fail(&result, TE_CORRUPT, "x%c%cx", first, second);
			clean = clean && te_text_clean(result.error, strlen(result.error)) && strlen(result.error) == 4;
		}
		if (!clean)
			is_int(first, -1, "a byte after which something passes that should not");
	}
}

/* More numbers with exponents than may be written out: the rest is left out, and what is told passes. */
static void
test_numbers(void)
{
	char	   *buffer = malloc(TE_MAX_JSON);
	ExifJson	json;
	int			members = 0;

	json_begin(&json, buffer, TE_MAX_JSON);
	for (int i = 0; i < 1000; i++)
	{
		size_t		length = json.out.length;
		char		name[16];

		snprintf(name, sizeof(name), "0x%04X", i);
		json_member(&json, name);
		out_number(&json.out, i % 2 ? 1e-300 : -1.5e300, 10);
		json_member_end(&json);
		members += json.out.length > length;
	}
	json_member(&json, "Plain");
	out_number(&json.out, 1.5, 10);
	json_member_end(&json);
	json_end(&json);
	is_int(members, TE_JSON_DIGITS / 300, "numbers with exponents are kept until they are too many");
	ok(te_json_clean(buffer, strlen(buffer)), "and what is told passes");
	ok(strstr(buffer, "\"Plain\":1.5,\"_truncated\":true}") != NULL, "other numbers still find room, and it is said that some did not");
	free(buffer);
}

/* Change the frame header of a JPEG: height (offset 3) or width (offset 5) becomes 0. */
static void
clear_size(Bytes *bytes, int offset)
{
	for (size_t at = 2; at + 9 < bytes->length; at++)
	{
		if (bytes->data[at] == 0xFF && bytes->data[at + 1] == 0xC0)
		{
			memset(bytes->data + at + 2 + offset, 0, 2);
			return;
		}
	}
}

/* The size 0 in a header, with and without a wish for a thumbnail. */
static void
test_no_size(const char *name, int clear, TeStatus status, const char *detail)
{
	for (int want = TE_WANT_EXIF; want <= TE_WANT_ALL; want += TE_WANT_ALL - TE_WANT_EXIF)
	{
		Bytes		bytes = picture_read(name);
		TeRequest	request = picture_request();
		ImgResult	result;

		request.want = want;
		if (strcmp(name, "photo.png") == 0)
			memset(bytes.data + clear, 0, 4);
		else
			clear_size(&bytes, clear);
		result = picture_process(&bytes, &request);
		is_int(result.status, status, detail);
		is_text(result.error, detail, "its detail");
		ok(result.width == 0 && result.height == 0, "and no size");
		is_int(result.exif.status, TE_EXIF_FOUND, "EXIF is read all the same");
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

/* A BMP of noise, which no encoder makes small. */
static Bytes
noise(int side)
{
	const size_t head = 54;
	Bytes		bytes = {.length = head + (size_t) side * side * 3};
	const uint32_t fields[] = {(uint32_t) bytes.length, 0, (uint32_t) head, 40, (uint32_t) side, (uint32_t) side, 1 | 24 << 16};

	bytes.data = calloc(1, bytes.length);
	memcpy(bytes.data, "BM", 2);
	memcpy(bytes.data + 2, fields, sizeof(fields));
	srandom(1);
	for (size_t i = head; i < bytes.length; i++)
		bytes.data[i] = (uint8_t) (random() >> 7);
	return bytes;
}

/* The server's bound of a thumbnail's bytes is none for an honest decoder. */
static void
test_bound(TeFormat format)
{
	static const int sides[] = {4, 64, 256, 512};

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
	{
		Bytes		bytes = noise(sides[i]);
		TeRequest	request = picture_request();
		ImgResult	result;
		uint32_t	most = te_thumbnail_bound(format, sides[i], sides[i]);

		request.format = format;
		request.size = sides[i];
		request.quality = 100;
		result = picture_process(&bytes, &request);
		is_int(result.status, TE_OK, "noise at quality 100");
		ok(result.thumbnail_bytes > 0 && result.thumbnail_bytes < most / 4 * 3, "%s of %d pixels: %zu bytes where %u are allowed",
		   te_format_name(format), sides[i], result.thumbnail_bytes, most);
		img_result_free(&result);
		bytes_free(&bytes);
	}
}

static bool
same_text(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

/* Is the result of a file the same as that of as many bytes as are needed, beginning with "first"?  *enough: fewer than all are. */
static bool
head_suffices(const Bytes *file, size_t first, bool *enough)
{
	TeRequest	request = picture_request();
	Bytes		head = {.data = file->data};
	ImgResult	whole,
				start;
	bool		same;

	request.want = TE_WANT_EXIF | TE_WANT_GPS;
	request.file_size = file->length;
	for (size_t needed = first; needed > head.length; needed = img_bytes_needed(&request, head.data, head.length))
		head.length = needed < file->length ? needed : file->length;
	*enough = head.length < file->length;
	whole = picture_process(file, &request);
	start = picture_process(&head, &request);
	same = whole.status == start.status && same_text(whole.error, start.error) && whole.format == start.format &&
		whole.width == start.width && whole.height == start.height &&
		whole.exif.status == start.exif.status && same_text(whole.exif.error, start.exif.error) &&
		same_text(whole.exif.json, start.exif.json) && same_text(whole.exif.make, start.exif.make);
	img_result_free(&whole);
	img_result_free(&start);
	return same;
}

/* EXIF and size of a JPEG are read from its first bytes, also if it is cut off or damaged; those of other files from all. */
static void
test_head(const char *name, bool expected)
{
	Bytes		bytes = picture_read(name);
	size_t		length = bytes.length;
	bool		enough;
	int			different = 0;

	ok(head_suffices(&bytes, 4, &enough) && enough == expected, "%s: %s", name, expected ? "the first bytes suffice" : "all are read");
	for (size_t cut = 1; cut < length && cut < 6000; cut += 61)
	{
		bytes.length = cut;
		different += !head_suffices(&bytes, 1 + cut % 50, &enough);
	}
	bytes.length = length;
	for (size_t at = 0; at < length && at < 3000; at += 37)
	{
		uint8_t		byte = bytes.data[at];

		bytes.data[at] = (uint8_t) (at % 2 ? 0xFF : byte + 1);
		different += !head_suffices(&bytes, 1 + at % 400, &enough);
		bytes.data[at] = byte;
	}
	is_int(different, 0, "the same when it is damaged");
	bytes_free(&bytes);
}

int
main(void)
{
	test_texts();
	test_numbers();
	pictures_start();
	test_no_size("photo.jpg", 3, TE_UNSUPPORTED, "the JPEG header has no image height");
	test_no_size("photo.jpg", 5, TE_EMPTY, "the image has no pixels");
	test_no_size("photo.png", 16, TE_EMPTY, "the image has no pixels");
	test_no_size("photo.png", 20, TE_EMPTY, "the image has no pixels");
	test_bound(TE_FORMAT_JPEG);
	test_bound(TE_FORMAT_PNG);
	test_bound(TE_FORMAT_WEBP);
	test_bound(TE_FORMAT_AVIF);
	test_head("photo.jpg", true);
	test_head("photo.png", false);
	return done_testing();
}
