/*
 * test_jpeg_dc.c
 *		Tests the decoder of averages (src/image/jpeg_dc.c) against libjpeg: on JPEGs of all kinds, cut and
 *		damaged ones, and ones made to mislead.
 *
 *		test_jpeg_dc DIR	only writes the JPEGs, as seeds for the fuzzer
 */
#include <stdlib.h>

#include "test/unit/jpeg_cases.h"
#include "test/unit/tap.h"

/* Bytes of their exact size, so that ASan sees a step beyond their end. */
static JpegComparison
compare(const uint8_t *data, size_t length, const char **why)
{
	uint8_t    *exact = malloc(length ? length : 1);
	JpegComparison result;

	memcpy(exact, data, length);
	result = jpeg_compare(exact, length, why);
	free(exact);
	return result;
}

static void
test_cases(void)
{
	for (int i = 0; i < jpeg_case_count; i++)
	{
		Bytes		bytes = jpeg_case(&jpeg_cases[i]);
		const char *why = NULL;
		JpegComparison result = compare(bytes.data, bytes.length, &why);

		if (!ok(result == (jpeg_cases[i].left ? LEFT : SAME), "%s: %s", jpeg_cases[i].name,
				jpeg_cases[i].left ? "left to libjpeg" : "as libjpeg decodes it"))
			fprintf(stderr, "# %s\n", result == LEFT ? "left to libjpeg" : result == SAME ? "decoded" : why);
		bytes_free(&bytes);
	}
}

/* Cut anywhere, and with single bits changed: never a picture that libjpeg refuses or sees differently. */
static void
test_damage(const JpegCase *jpeg)
{
	Bytes		bytes = jpeg_case(jpeg);
	const char *why = NULL;
	int			decoded = 0;
	bool		right = true;

	for (int i = 0; i < 80 && right; i++)
	{
		size_t		length = i < 40 ? bytes.length - (size_t) i : bytes.length * (size_t) (i - 40) / 40;

		right = compare(bytes.data, length, &why) != WRONG;
	}
	ok(right, "%s, cut: refused wherever libjpeg refuses it", jpeg->name);
	for (size_t i = 0; i < 200 && right; i++)
	{
		size_t		at = i < 20 ? bytes.length - 1 - i : i * 2654435761u % bytes.length;
		uint8_t		kept = bytes.data[at];
		JpegComparison result;

		bytes.data[at] ^= i % 5 == 4 ? 0xFF : (uint8_t) (1 << i % 8);
		result = compare(bytes.data, bytes.length, &why);
		right = result != WRONG;
		decoded += result == SAME;
		bytes.data[at] = kept;
	}
	if (!ok(right, "%s, damaged: the same picture or none", jpeg->name))
		fprintf(stderr, "# %s\n", why);
	ok(decoded > 0, "%s, damaged: some are still decoded", jpeg->name);
	bytes_free(&bytes);
}

/* A change to a file: so many bytes behind the start of the n-th place that has the first bytes, others are put for some. */
typedef struct Change
{
	const char *name;
	const char *file;			/* of jpeg_cases */
	const char *find;
	size_t		find_length;
	int			number;			/* from 0 on; -1: the last */
	size_t		offset;
	size_t		drop;
	const char *put;
	size_t		put_length;
	JpegComparison expected;
} Change;

#define B(text)		text, sizeof(text) - 1
#define DHT_DC		B("\xFF\xC4\x00\x1F\x00")
#define SOF			B("\xFF\xC0\x00\x11")
#define SOS			B("\xFF\xDA\x00\x0C\x03")
#define SOS_ONE		B("\xFF\xDA\x00\x08\x01")
#define RST1		B("\xFF\xD1")
#define EOI			B("\xFF\xD9")

static const Change changes[] = {
	{"fill bytes before a restart marker", "restart after 5", RST1, 0, 0, 0, B("\xFF\xFF"), SAME},
	{"a byte before a restart marker", "restart after 5", RST1, 0, 0, 0, B("\x12"), LEFT},
	{"a restart marker of another number", "restart after 5", RST1, 0, 1, 1, B("\xD3"), LEFT},
	{"a restart marker left out", "restart after 5", RST1, 0, 0, 2, B(""), LEFT},
	{"a restart marker twice", "restart after 5", RST1, 0, 0, 0, B("\xFF\xD1"), LEFT},
	{"a restart marker in a file without", "4:2:0", B("\xFF\x00"), 10, 0, 0, B("\xFF\xD0"), LEFT},
	{"another marker for a restart", "restart after 5", RST1, 0, 1, 1, B("\xDA"), LEFT},
	{"a smaller interval", "restart after 5", B("\xFF\xDD\x00\x04"), 0, 5, 1, B("\x04"), LEFT},
	{"a larger interval", "restart after 5", B("\xFF\xDD\x00\x04"), 0, 5, 1, B("\x06"), LEFT},
	{"a huge interval", "restart after 5", B("\xFF\xDD\x00\x04"), 0, 4, 1, B("\xFF"), LEFT},
	{"no interval", "restart after 5", B("\xFF\xDD\x00\x04"), 0, 5, 1, B("\x00"), LEFT},
	{"a long interval segment", "restart after 5", B("\xFF\xDD\x00\x04"), 0, 3, 1, B("\x05"), LEFT},
	{"too many codes of a length", "4:2:0", DHT_DC, 0, 5, 1, B("\x03"), LEFT},
	{"a code of ones only", "4:2:0", DHT_DC, 0, 5, 3, B("\x02\x00\x04"), LEFT},
	{"too many codes of 16 bits", "4:2:0", DHT_DC, 0, 20, 1, B("\xFF"), LEFT},
	{"a size of 16 bits", "4:2:0", DHT_DC, 0, 32, 1, B("\x10"), LEFT},
	{"a table of number 4", "4:2:0", DHT_DC, 0, 4, 1, B("\x04"), LEFT},
	{"a table left out", "4:2:0", DHT_DC, 0, 4, 1, B("\x03"), LEFT},
	{"a scan with missing tables", "4:2:0", SOS, 0, 6, 1, B("\x22"), LEFT},
	{"a scan with impossible tables", "4:2:0", SOS, 0, 6, 1, B("\xFF"), LEFT},
	{"a scan with one component twice", "4:2:0", SOS, 0, 7, 1, B("\x01"), LEFT},
	{"a scan with a component that is none", "4:2:0", SOS, 0, 7, 1, B("\x09"), LEFT},
	{"a sequential scan from coefficient 1 on", "4:2:0", SOS, 0, 11, 1, B("\x01"), LEFT},
	{"a sequential scan of other bits", "4:2:0", SOS, 0, 13, 1, B("\x01"), LEFT},
	{"no quantization table", "4:2:0", SOF, 0, 12, 1, B("\x03"), LEFT},
	{"no height", "4:2:0", SOF, 0, 5, 2, B("\x00\x00"), LEFT},
	{"12 bits", "4:2:0", SOF, 0, 4, 1, B("\x0C"), LEFT},
	{"extended", "4:2:0", SOF, 0, 1, 1, B("\xC1"), SAME},
	{"progressive in name only", "4:2:0", SOF, 0, 1, 1, B("\xC2"), LEFT},
	{"lossless in name", "4:2:0", SOF, 0, 1, 1, B("\xC3"), LEFT},
	{"arithmetic in name", "4:2:0", SOF, 0, 1, 1, B("\xC9"), LEFT},
	{"more rows than there are", "4:2:0", SOF, 0, 6, 1, B("\x60"), LEFT},
	{"fewer rows than there are", "4:2:0", SOF, 0, 6, 1, B("\x20"), SAME},
	{"0xFF doubled in the data", "4:2:0", B("\xFF\x00"), 10, 0, 0, B("\xFF"), LEFT},
	{"0xFF without its zero", "4:2:0", B("\xFF\x00"), 10, 1, 1, B(""), LEFT},
	{"no end marker", "4:2:0", EOI, -1, 0, 2, B(""), SAME},
	{"half an end marker", "4:2:0", EOI, -1, 1, 1, B(""), SAME},
	{"one byte of data missing", "4:2:0", EOI, -1, -1, 1, B(""), LEFT},
	{"bytes before the end marker", "4:2:0", EOI, -1, 0, 0, B("\x12\x34\x56"), SAME},
	{"bytes behind the end marker", "4:2:0", EOI, -1, 2, 0, B("\x12\x34\xFF\xD8\xFF"), SAME},
	{"the number of lines at the end", "4:2:0", EOI, -1, 0, 0, B("\xFF\xDC\x00\x04\x00\x4D"), SAME},
	{"progressive: no end marker", "progressive", EOI, -1, 0, 2, B(""), LEFT},
	{"progressive: bytes behind the end marker", "progressive", EOI, -1, 2, 0, B("\x12\x34"), SAME},
	{"progressive: a byte before the end marker", "progressive grey", EOI, -1, 0, 0, B("\x12"), SAME},
	{"progressive: a comment between scans", "progressive", SOS_ONE, 1, 0, 0, B("\xFF\xFE\x00\x04hi"), SAME},
	{"progressive: the last scan left out", "progressive", SOS_ONE, -1, 0, 0, B("\xFF\xD9"), LEFT},
	{"progressive: a comment too long", "progressive", SOS_ONE, -1, 0, 0, B("\xFF\xFE\xFF\xFFhi"), LEFT},
	{"progressive: a profile between scans", "progressive", SOS_ONE, 1, 0, 0, B("\xFF\xE2\x00\x04hi"), LEFT},
	{"progressive: a new picture between scans", "progressive", SOS_ONE, 1, 0, 0, B("\xFF\xD8"), LEFT},
	{"progressive: a restart marker in a file without", "progressive", B("\xFF\x00"), -1, 0, 0, B("\xFF\xD0"), LEFT},
	{"progressive: a restart marker left out", "progressive 4:2:2, restarts", RST1, -1, 0, 2, B(""), LEFT},
	{"progressive: a restart marker of another number", "progressive 4:2:2, restarts", RST1, -1, 1, 1, B("\xD4"), LEFT},
	{"progressive: DC of more bits than are refined", "progressive", SOS, 0, 13, 1, B("\x02"), LEFT},
	{"progressive: DC refined twice", "progressive", SOS, 1, 13, 1, B("\x21"), LEFT},
	{"progressive: AC refined before it is there", "progressive", SOS_ONE, 0, 9, 1, B("\x21"), LEFT},
	{"progressive: AC of 64 and more", "progressive", SOS_ONE, 0, 8, 1, B("\x40"), LEFT},
	{"progressive: AC with a missing table", "progressive", SOS_ONE, 0, 6, 1, B("\x03"), LEFT},
	{"progressive: DC with an impossible table of AC", "progressive", SOS, 0, 6, 1, B("\x0F"), SAME},
	{"progressive: AC with an impossible table of DC", "progressive", SOS_ONE, 0, 6, 1, B("\xF0"), SAME},
	{"progressive: DC and AC in one scan", "progressive", SOS, 0, 12, 1, B("\x05"), LEFT},
	{"apart: a bad table behind the first scan", "apart", SOS_ONE, 1, 0, 0, B("\xFF\xC4\x00\x14\x00\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), LEFT},
	{"apart: a component twice", "apart", SOS_ONE, 1, 5, 1, B("\x01"), LEFT},
	{"apart: bytes behind a scan", "apart", SOS_ONE, 1, 0, 0, B("\x12\x34"), LEFT},
};

/* Where it is; the file's length if nowhere. */
static size_t
find(const Bytes *bytes, const Change *change)
{
	size_t		found = bytes->length;

	for (size_t at = 0, count = 0; at + change->find_length <= bytes->length; at++)
		if (memcmp(bytes->data + at, change->find, change->find_length) == 0)
		{
			found = at;
			if (change->number >= 0 && count++ == (size_t) change->number)
				return at;
		}
	return change->number < 0 ? found : bytes->length;
}

static void
test_change(const Change *change)
{
	Bytes		old = {0},
				new = {0};
	const char *why = NULL;
	size_t		at;
	JpegComparison result;

	for (int i = 0; i < jpeg_case_count && !old.data; i++)
		if (strcmp(jpeg_cases[i].name, change->file) == 0)
			old = jpeg_case(&jpeg_cases[i]);
	at = find(&old, change) + change->offset;
	if (!ok(at + change->drop <= old.length, "%s: the place is there", change->name))
		return;
	bytes_add(&new, old.data, at);
	bytes_add(&new, change->put, change->put_length);
	bytes_add(&new, old.data + at + change->drop, old.length - at - change->drop);
	result = compare(new.data, new.length, &why);
	if (!ok(result == change->expected, "%s: %s", change->name, change->expected == SAME ? "decoded" : "left to libjpeg"))
		fprintf(stderr, "# %s\n", result == LEFT ? "left to libjpeg" : result == SAME ? "decoded" : why);
	bytes_free(&old);
	bytes_free(&new);
}

/* FF FF 00, which is data to libjpeg, around the place where a second walk begins. */
static void
test_middle(const JpegCase *jpeg)
{
	Bytes		bytes = jpeg_case(jpeg);
	Change		sos = {.find = "\xFF\xDA\x00\x08\x01", .find_length = 5};
	size_t		scan = find(&bytes, &sos) + 10;
	const char *why = NULL;
	bool		right = scan < bytes.length;

	for (size_t at = scan + (bytes.length - scan) / 2 - 12; right && at < scan + (bytes.length - scan) / 2 + 12; at++)
	{
		Bytes		changed = {0};

		bytes_add(&changed, bytes.data, at);
		bytes_add(&changed, "\xFF\xFF\x00", 3);
		bytes_add(&changed, bytes.data + at, bytes.length - at);
		right = compare(changed.data, changed.length, &why) != WRONG;
		bytes_free(&changed);
	}
	if (!ok(right, "%s, 0xFF doubled in its middle: the same picture or none", jpeg->name))
		fprintf(stderr, "# %s\n", why ? why : "no scan");
	bytes_free(&bytes);
}

static int
write_all(const char *folder)
{
	for (int i = 0; i < jpeg_case_count; i++)
	{
		Bytes		bytes = jpeg_case(&jpeg_cases[i]);
		char		path[4096];
		FILE	   *file;

		snprintf(path, sizeof(path), "%s/%d.jpg", folder, i);
		file = fopen(path, "wb");
		if (!file || fwrite(bytes.data, 1, bytes.length, file) != bytes.length || fclose(file) != 0)
			return 1;
		bytes_free(&bytes);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	static const char *const damaged[] = {"4:2:0", "restart after 5", "long codes", "apart", "progressive",
	"progressive, DC in thirds", "YCCK", "two walks, grey", "two walks, restart after a row"};

	if (argc > 1)
		return write_all(argv[1]);
	test_cases();
	for (int i = 0; i < jpeg_case_count; i++)
		for (size_t j = 0; j < sizeof(damaged) / sizeof(damaged[0]); j++)
			if (strcmp(jpeg_cases[i].name, damaged[j]) == 0)
				test_damage(&jpeg_cases[i]);
	for (int i = 0; i < jpeg_case_count; i++)
		if (strcmp(jpeg_cases[i].name, "two walks, grey") == 0)
			test_middle(&jpeg_cases[i]);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		test_change(&changes[i]);
	return done_testing();
}
