/*
 * test_image_heif.c
 *		Tests thumbnails from the planes of HEIC and AVIF against those of libvips' pixels.
 */
#include <stdlib.h>
#include <string.h>

#include "image/internal.h"
#include "test/unit/pictures.h"
#include "test/unit/tap.h"

/* The files show 320 x 240, so this is the largest size that is made of their planes. */
#define WIDTH	160
#define HEIGHT	120

/* A thumbnail by our code and one of libvips' pixels. */
typedef struct Pair
{
	bool		ours;			/* not left to libvips */
	TeStatus	status,
				their_status;
	char		error[TE_MAX_TEXT];
	char		their_error[TE_MAX_TEXT];
	double		difference;		/* mean */
	int			largest;
} Pair;

static Pair
make_both(const Bytes *bytes, TeFormat format, int width, int height)
{
	ImgFile		file = {format, bytes->data, bytes->length};
	ImgResult	result = {0};
	ImgResult	their_result = {0};
	ImgPixels	our_pixels = {0};
	ImgPixels	their_pixels = {0};
	VipsImage  *opened = img_load(&file, 1, &result);
	VipsImage  *image = opened ? img_heif_decode(&file, opened, width, height, &result) : NULL;
	Pair		pair = {.ours = image != opened, .difference = 255, .largest = 255};

	if (image)
		img_shrink(image, width, height, &file, &our_pixels, &result);
	img_vips_clear();
	if (opened)
		img_shrink(opened, width, height, &file, &their_pixels, &their_result);
	pair.status = result.status;
	pair.their_status = opened ? their_result.status : result.status;
	memcpy(pair.error, result.error, sizeof(pair.error));
	memcpy(pair.their_error, opened ? their_result.error : result.error, sizeof(pair.their_error));
	if (our_pixels.data && their_pixels.data && our_pixels.bands == their_pixels.bands)
	{
		int			count = width * height * our_pixels.bands;
		double		sum = 0;

		pair.largest = 0;
		for (int i = 0; i < count; i++)
		{
			int			by = abs(our_pixels.data[i] - their_pixels.data[i]);

			sum += by;
			pair.largest = MAX(pair.largest, by);
		}
		pair.difference = sum / count;
	}
	free(our_pixels.data);
	free(their_pixels.data);
	g_clear_object(&image);
	g_clear_object(&opened);
	img_vips_clear();
	return pair;
}

static TeFormat
format_of(const char *name)
{
	return strstr(name, ".heic") ? TE_FORMAT_HEIC : TE_FORMAT_AVIF;
}

/* False, after a test that is skipped, if this libvips does not write it. */
static bool
read_file(const char *name, Bytes *bytes)
{
	*bytes = picture_read(name);
	if (bytes->data)
		return true;
	ok(true, "%s # skip this libvips does not write it", name);
	return false;
}

static void
test_pixels(void)
{
	static const char *const names[] = {"photo.heic", "rotated.heic", "mirrored.heic", "photo.avif", "rotated.avif",
	"mirrored.avif", "named-p3.avif"};	/* the last one has colours beyond sRGB, which are cut off later than by libheif */
	/* libheif interpolates chroma since 1.18 or so, which shows at edges that are shrunk by a little more than two */
	static const int sizes[][2] = {{WIDTH, HEIGHT}, {159, 119}, {128, 96}, {64, 48}, {31, 23}, {5, 100}, {1, 1}};
	Bytes		bytes;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]) && read_file(names[i], &bytes); s++)
		{
			Pair		pair = make_both(&bytes, format_of(names[i]), sizes[s][0], sizes[s][1]);

			ok(pair.ours, "%s: made of its planes", names[i]);
			if (!ok(pair.difference <= 1 && pair.largest <= (strstr(names[i], "p3") ? 80 : 30), "%s to %d x %d: like libvips'", names[i], sizes[s][0], sizes[s][1]))
				fprintf(stderr, "# differs by %.2f, at most %d\n", pair.difference, pair.largest);
			bytes_free(&bytes);
		}
}

static void
test_others(void)
{
	static const char *const names[] = {"alpha.avif", "ten-bit.heic"};
	Bytes		bytes;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (read_file(names[i], &bytes))
		{
			ok(!make_both(&bytes, format_of(names[i]), 20, 20).ours, "%s is left to libvips", names[i]);
			bytes_free(&bytes);
		}
	if (read_file("photo.avif", &bytes))
	{
		ok(!make_both(&bytes, TE_FORMAT_AVIF, WIDTH + 1, HEIGHT).ours, "so is a width that chroma does not have");
		ok(!make_both(&bytes, TE_FORMAT_AVIF, WIDTH, HEIGHT + 1).ours, "and such a height");
		bytes_free(&bytes);
	}
}

/* The same pixels, said to have been made with other matrices: some libheif believe the codec more than the file. */
static void
test_matrices(void)
{
	static const int matrices[] = {1, 2, 5, 6, 9, 0, 8, 12};
	Bytes		bytes;
	uint8_t    *colours;

	if (!read_file("photo.avif", &bytes))
		return;
	colours = memmem(bytes.data, bytes.length, "nclx", 4);
	if (!colours)
		ok(true, "numbers of colours # skip this libheif writes it in another way");
	for (size_t i = 0; colours && i < sizeof(matrices) / sizeof(matrices[0]); i++)
		for (int full = 0; full <= 1; full++)
		{
			Pair		pair;

			colours[9] = (uint8_t) matrices[i];
			colours[10] = (uint8_t) (full << 7);
			pair = make_both(&bytes, TE_FORMAT_AVIF, WIDTH, HEIGHT);
			if (!ok(pair.difference <= 1.2, "matrix %d, %s range: as by libheif", matrices[i], full ? "full" : "limited"))
				fprintf(stderr, "# differs by %.2f, at most %d\n", pair.difference, pair.largest);
		}
	bytes_free(&bytes);
}

/* What cannot be decoded fails as with libvips. */
static void
test_cut(void)
{
	static const char *const names[] = {"truncated.heic", "truncated.avif"};
	Bytes		bytes;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (read_file(names[i], &bytes))
		{
			Pair		pair = make_both(&bytes, format_of(names[i]), 64, 48);

			is_int(pair.status, TE_TRUNCATED, names[i]);
			is_int(pair.their_status, TE_TRUNCATED, "by libvips, too");
			is_text(pair.error, pair.their_error, "with the same reason");
			bytes_free(&bytes);
		}
}

static uint32_t
be32_at(const uint8_t *at)
{
	return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

/*
 * Put the EXIF before the pixels, as phones do.  False if the file is built in another way than libheif 1.15 does:
 * two items, each in one piece, the pixels first.
 */
static bool
exif_first(Bytes *bytes)
{
	static const uint8_t start[] = {'i', 'l', 'o', 'c', 0, 0, 0, 0, 0x44, 0x40, 0, 2, 0, 1, 0, 0};
	uint8_t    *iloc = memmem(bytes->data, bytes->length, start, sizeof(start));
	uint8_t    *places[2];
	uint32_t	at[2],
				length[2];
	Bytes		swapped = {0};

	for (int i = 0; iloc && i < 2; i++)
	{
		places[i] = iloc + sizeof(start) + i * 18;
		at[i] = be32_at(places[i]);
		length[i] = be32_at(places[i] + 10);
	}
	if (!iloc || at[0] + length[0] != at[1] || at[1] + length[1] > bytes->length)
		return false;
	for (int i = 0; i < 4; i++)
		places[0][i] = (uint8_t) ((at[0] + length[1]) >> (24 - 8 * i));
	memcpy(places[1], (uint8_t[]) {(uint8_t) (at[0] >> 24), (uint8_t) (at[0] >> 16), (uint8_t) (at[0] >> 8), (uint8_t) at[0]}, 4);
	bytes_add(&swapped, bytes->data, at[0]);
	bytes_add(&swapped, bytes->data + at[1], length[1]);
	bytes_add(&swapped, bytes->data + at[0], length[0]);
	bytes_add(&swapped, bytes->data + at[1] + length[1], bytes->length - at[1] - length[1]);
	bytes_free(bytes);
	*bytes = swapped;
	return true;
}

/* With pixels that end too early, and without any, the EXIF before them is there. */
static void
test_exif_of_cut(const char *name)
{
	TeRequest	request = picture_request();
	Bytes		bytes;

	if (!read_file(name, &bytes))
		return;
	if (!exif_first(&bytes))
	{
		ok(true, "%s # skip this libheif writes it in another way", name);
		bytes_free(&bytes);
		return;
	}
	for (size_t length = bytes.length; length > 1000; length = length == bytes.length ? length - 50 : length * 9 / 10)
	{
		Bytes		part = {bytes.data, length};
		ImgResult	result = picture_process(&part, &request);

		is_int(result.status, length == bytes.length ? TE_OK : TE_TRUNCATED, name);
		ok(result.exif.status == TE_EXIF_FOUND && result.exif.has_taken_at && result.exif.has_gps &&
		   strcmp(result.exif.model, "Fictor X100") == 0, "%s: of %zu bytes: EXIF", name, length);
		img_result_free(&result);
	}
	bytes_free(&bytes);
}

int
main(void)
{
	pictures_start();
	test_pixels();
	test_others();
	test_matrices();
	test_cut();
	test_exif_of_cut("photo.heic");
	test_exif_of_cut("photo.avif");
	return done_testing();
}
