/*
 * test_image_hashes.c
 *		Tests the hashes of thumbnails: ThumbHash against its reference implementation, and the perceptual hash.
 */
#include <stdlib.h>

#include "image/hashes.h"
#include "test/unit/tap.h"

/* What the reference implementation (thumbhash of npm, version 0.1.1) says of pictures that fill() makes. */
typedef struct Vector
{
	int			kind,
				width,
				height;
	const char *hash;
} Vector;

static const Vector vectors[] = {
	{1, 100, 75, "df070a359a8087878088778878788788808008f877"},
	{1, 75, 100, "dff709351a8087808888887887887888807008f878"},
	{1, 100, 100, "df070a371a80878770878778887887888787080888807f07"},
	{1, 1, 1, "0b0416070108f708888788708f7088f80888707ff8000000"},
	{1, 100, 1, "15f62a81be8687878888087984874f8808"},
	{1, 1, 100, "150629813e08868978878887f78478bf78"},
	{1, 3, 2, "e0f7415dac8678098688788788988790818017f888"},
	{1, 100, 37, "dff7093b9a80878770878788808008f877"},
	{2, 100, 75, "2008020580f4c548877689b5b8789464f098379f86"},
	{2, 75, 100, "1f080205006f4959b8998969ba753a8548d0f684b2"},
	{2, 100, 100, "1f08020700f6933869778cb5966898798555151f98f64808"},
	{2, 1, 1, "000802070000000000000000000000000000000000000000"},
	{2, 100, 1, "5ef83d2182878787888808789888f08cb8"},
	{2, 1, 100, "dff73d090608887788878777a88f880987"},
	{2, 3, 2, "5be7351dae75880a77878887888888a0fd6268f686"},
	{2, 100, 37, "df07020380a8f53876a92627d36a2fcb30"},
	{3, 100, 75, "5c57861c8c378087bc87848708d74b80b37b78088888888708"},
	{3, 75, 100, "5c57861c0c3770d68b48788806c84b80b38b87078787888708"},
	{3, 100, 100, "5c57861d0c378076bc8784877870bc0438bb87878088887888"},
	{3, 1, 1, "00088205000000000000000000000000000000000000000000"},
	{3, 100, 1, "0008820180000000000000000000000000000000000000"},
	{3, 1, 100, "5155a5a92a770888778878f788776f9808f7848b887788"},
	{3, 3, 2, "cef88a2392888078d8778780d807887d7878828887d808"},
	{3, 100, 37, "5c57861a8c378087bc888470bc0438bb87878087887888"},
	{4, 100, 75, "1f081a058080878788888878888887780000000000"},
	{4, 75, 100, "1f081a050080878888888878887888870000000000"},
	{4, 100, 100, "1f081a070080878787888878888888888888080000000000"},
	{4, 1, 1, "000802070000000000000000000000000000000000000000"},
	{4, 100, 1, "1f083e01808487878888087b0000000000"},
	{4, 1, 100, "0008020100000000000000000000000000"},
	{4, 3, 2, "1f083e058083780c88888887888887c00000000000"},
	{4, 100, 37, "1f081a0380808787788888870000000000"},
	{5, 100, 75, "00088204800000000000000000000000000000000000000000"},
	{5, 75, 100, "00088204000000000000000000000000000000000000000000"},
	{5, 100, 100, "00088205000000000000000000000000000000000000000000"},
	{5, 1, 1, "00088205000000000000000000000000000000000000000000"},
	{5, 100, 1, "0008820180000000000000000000000000000000000000"},
	{5, 1, 100, "0008820100000000000000000000000000000000000000"},
	{5, 3, 2, "0008820380000000000000000000000000000000000000"},
	{5, 100, 37, "0008820280000000000000000000000000000000000000"},
	{6, 100, 75, "000802058000000000000000000000000000000000"},
	{6, 75, 100, "000802050000000000000000000000000000000000"},
	{6, 100, 100, "000802070000000000000000000000000000000000000000"},
	{6, 1, 1, "000802070000000000000000000000000000000000000000"},
	{6, 100, 1, "0008020180000000000000000000000000"},
	{6, 1, 100, "0008020100000000000000000000000000"},
	{6, 3, 2, "000802058000000000000000000000000000000000"},
	{6, 100, 37, "0008020380000000000000000000000000"},
};

/* Flat ones: behind the head there are only rounding errors of cosines. */
static const Vector flat_vectors[] = {
	{0, 100, 75, "1dcb02058087878887877880787777748778708808"},
	{0, 75, 100, "1dcb020500796a8778878788778778073f77f77077"},
	{0, 100, 100, "1dcb02070087878878778888877777f88888369f67f48807"},
	{0, 1, 1, "1dcb3acf3208f708888788708f7088f80888808008088800"},
	{0, 100, 1, "1dcb3ac9b2878888888808888888808808"},
	{0, 1, 100, "1dcb3ac932088788888888880888888088"},
	{0, 3, 2, "1dcb3a058078780888888887888888700a8aa5c058"},
	{0, 100, 37, "1dcb020380878788777707778787707907"},
	{7, 100, 75, "3f0802058087878888877880877888760000000000"},
	{7, 75, 100, "3f0802050077787787877777777887070000000000"},
	{7, 100, 100, "3f0802070086878878788788787878b87878000000000000"},
	{7, 1, 1, "3f087e070008f708888788708f7088f80888000000000000"},
	{7, 100, 1, "3f087e0180878888888808880000000000"},
	{7, 1, 100, "3f087e0100088788888888880000000000"},
	{7, 3, 2, "3f087e058078780888888887888888700000000000"},
	{7, 100, 37, "3f080203808787887878f8880000000000"},
};
#define HEAD_DIGITS 6

static void
fill(int kind, int width, int height, ImgSmall *small)
{
	uint8_t    *pixel = small->rgba;

	small->width = width;
	small->height = height;
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++, pixel += 4)
		{
			int			across = x * 255 / MAX(1, width - 1);
			int			down = y * 255 / MAX(1, height - 1);
			int			noise = (x * 7919 + y * 104729 + x * y * 31) & 0xFFFF;
			const int	colours[][4] = {
				{200, 100, 50, 255}, {across, down, 128, 255}, {noise & 255, noise >> 8, (noise * 3) & 255, 255},
				{across, 255 - down, noise & 255, down}, {across, across, across, 255}, {255, 0, 0, 0}, {0, 0, 0, 255},
				{255, 255, 255, 255}
			};

			for (int b = 0; b < 4; b++)
				pixel[b] = (uint8_t) colours[kind][b];
		}
}

/* The hash in hexadecimal. */
static const char *
thumbhash_text(const ImgSmall *small)
{
	static char text[2 * TE_THUMBHASH_MAX + 1];
	uint8_t		hash[TE_THUMBHASH_MAX];
	size_t		length = img_thumbhash(small, hash);

	text[0] = '\0';
	for (size_t i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	return text;
}

/*
 * Are they equal?  A wave that is not there lies between 7 and 8, and the last bits of the cosines, which are others in each
 * library, tell which of them it is.
 */
static bool
same_hash(const char *got, const char *expected)
{
	for (; *got != '\0' && (*got == *expected || ((*got == '7' || *got == '8') && (*expected == '7' || *expected == '8'))); got++)
		expected++;
	return *got == *expected;
}

static void
test_thumbhash(void)
{
	static ImgSmall small;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		char		what[100];

		fill(vectors[i].kind, vectors[i].width, vectors[i].height, &small);
		snprintf(what, sizeof(what), "ThumbHash of picture %d, %d x %d", vectors[i].kind, small.width, small.height);
		if (!ok(same_hash(thumbhash_text(&small), vectors[i].hash), "%s", what))
			fprintf(stderr, "# got %s, expected %s\n", thumbhash_text(&small), vectors[i].hash);
	}
	for (size_t i = 0; i < sizeof(flat_vectors) / sizeof(flat_vectors[0]); i++)
	{
		const char *hash;

		fill(flat_vectors[i].kind, flat_vectors[i].width, flat_vectors[i].height, &small);
		hash = thumbhash_text(&small);
		ok(strlen(hash) == strlen(flat_vectors[i].hash) && strncmp(hash, flat_vectors[i].hash, HEAD_DIGITS - 2) == 0,
		   "ThumbHash of flat picture %d, %d x %d: %s", flat_vectors[i].kind, small.width, small.height, hash);
	}
}

/* --- shrinking */

static ImgPixels
make_pixels(int width, int height, int bands)
{
	return (ImgPixels) {.data = calloc(1, (size_t) width * height * bands), .width = width, .height = height, .bands = bands};
}

/* All orientations of a picture whose corners differ: upright, it is always the same. */
static void
test_orientation(void)
{
	static ImgSmall upright,
				turned;

	for (int orientation = 1; orientation <= 8; orientation++)
	{
		bool		swap = orientation >= 5;
		ImgPixels	stored = make_pixels(swap ? 20 : 30, swap ? 30 : 20, 3);

		for (int y = 0; y < 20; y++)
			for (int x = 0; x < 30; x++)
			{
				bool		from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 6;
				bool		from_below = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
				int			along = from_right ? 29 - x : x;
				int			down = from_below ? 19 - y : y;
				int			row = swap ? along : down;
				int			column = swap ? down : along;
				uint8_t    *pixel;

				pixel = stored.data + 3 * (row * stored.width + column);
				pixel[0] = (uint8_t) (x * 8);
				pixel[1] = (uint8_t) (y * 12);
			}
		ok(img_small_make(&stored, orientation, false, orientation == 1 ? &upright : &turned), "orientation %d", orientation);
		if (orientation > 1)
			ok(turned.width == 30 && turned.height == 20 && memcmp(turned.rgba, upright.rgba, 30 * 20 * 4) == 0,
			   "a picture of orientation %d is upright", orientation);
		free(stored.data);
	}
	ok(upright.rgba[4 * 29] == 29 * 8 && upright.rgba[4 * 30 * 19 + 1] == 19 * 12, "and has its own pixels");
}

/* Pictures of each number of bands, larger than a hash is made of. */
static void
test_bands(void)
{
	static ImgSmall small;

	for (int bands = 1; bands <= 4; bands++)
	{
		ImgPixels	pixels = make_pixels(333, 251, bands);
		bool		alpha = bands % 2 == 0;
		const uint8_t *middle = small.rgba + 4 * (37 * 100 + 50);

		for (int i = 0; i < 333 * 251; i++)
			for (int b = 0; b < bands; b++)
				pixels.data[i * bands + b] = (uint8_t) (alpha && b == bands - 1 ? 128 : 40 + 50 * b);
		ok(img_small_make(&pixels, 1, false, &small), "%d bands", bands);
		is_int(small.width, 100, "its width");
		is_int(small.height, 75, "its height");
		is_int(middle[0], 40, "red");
		is_int(middle[1], bands < 3 ? 40 : 90, "green");
		is_int(middle[2], bands < 3 ? 40 : 140, "blue");
		is_int(middle[3], alpha ? 128 : 255, "alpha");
		ok(img_small_make(&pixels, 1, true, &small), "on white");
		is_int(middle[0], alpha ? 147 : 40, "red on white");
		is_int(middle[3], 255, "which is opaque");
		free(pixels.data);
	}
}

/* JPEG's planes, with fewer samples of colour than pixels. */
static void
test_planes(void)
{
	static ImgSmall small;
	ImgPixels	pixels = {.width = 201, .height = 151, .bands = 3, .chroma = 2};
	size_t		light = 201 * 151;
	size_t		colour = 101 * 76;

	pixels.data = malloc(light + 2 * colour);
	is_int((long long) img_pixels_size(&pixels), (long long) (light + 2 * colour), "bytes of planes");
	memset(pixels.data, 76, light); /* pure red */
	memset(pixels.data + light, 85, colour);
	memset(pixels.data + light + colour, 255, colour);
	ok(img_small_make(&pixels, 1, true, &small), "planes");
	ok(small.rgba[0] > 250 && small.rgba[1] < 5 && small.rgba[2] < 5 && small.rgba[3] == 255, "they are red");
	free(pixels.data);
}

/* --- the perceptual hash */

static int
differing_bits(uint64_t a, uint64_t b)
{
	return __builtin_popcountll(a ^ b);
}

/* Do hashes differ in at least and at most so many bits? */
static void
expect_bits(uint64_t a, uint64_t b, int least, int most, const char *what)
{
	int			bits = differing_bits(a, b);

	ok(bits >= least && bits <= most, "%s: %d bits", what, bits);
}

static uint64_t
picture_hash(const ImgSmall *small)
{
	uint64_t	hash = 0;

	ok(img_picture_hash(small, &hash), "a hash of %d x %d", small->width, small->height);
	ok(hash >> 63 == 0, "it is not negative");
	return hash;
}

/* A scene of shapes, whatever its size; "light" is added, "noise" is the amplitude of some. */
static void
draw(int width, int height, int light, int noise, ImgSmall *small)
{
	small->width = width;
	small->height = height;
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++)
		{
			double		u = (x + 0.5) / width;
			double		v = (y + 0.5) / height;
			int			value = (u - 0.3) * (u - 0.3) + (v - 0.4) * (v - 0.4) < 0.04 ? 200 : v > 0.7 ? 40 : u > 0.6 ? 160 : 100;
			uint8_t    *pixel = small->rgba + 4 * (y * width + x);

			value += light + (noise ? (x * 31 + y * 17) % (2 * noise + 1) - noise : 0);
			pixel[0] = pixel[1] = pixel[2] = (uint8_t) MAX(0, MIN(255, value));
			pixel[3] = 255;
		}
}

static void
test_picture_hash(void)
{
	static ImgSmall small;
	uint64_t	hash;
	uint64_t	none;

	draw(100, 75, 0, 0, &small);
	hash = picture_hash(&small);
	draw(64, 48, 0, 0, &small);
	expect_bits(hash, picture_hash(&small), 0, 8, "another size");
	draw(100, 75, 25, 0, &small);
	expect_bits(hash, picture_hash(&small), 0, 2, "lighter");
	draw(100, 75, 0, 12, &small);
	expect_bits(hash, picture_hash(&small), 0, 8, "with noise");
	fill(1, 100, 75, &small);
	expect_bits(hash, picture_hash(&small), 16, 63, "another picture");
	fill(2, 1, 100, &small);
	(void) picture_hash(&small);

	for (int kind = 5; kind <= 7; kind++)
	{
		fill(kind, 100, 75, &small);
		ok(!img_picture_hash(&small, &none), "a flat picture has none");
	}
	fill(2, 1, 1, &small);
	ok(!img_picture_hash(&small, &none), "nor has a single pixel");
}

/* SHA-256, as FIPS 180 gives it. */
static void
test_file_hash(void)
{
	static const uint8_t abc[] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
	};
	TeFacts		facts = {0};

	img_hash_file((const uint8_t *) "abc", 3, &facts);
	ok(memcmp(facts.file_hash, abc, sizeof(abc)) == 0 && facts.known == TE_FACT_FILE_HASH, "SHA-256 of abc");
}

int
main(void)
{
	test_thumbhash();
	test_orientation();
	test_bands();
	test_planes();
	test_picture_hash();
	test_file_hash();
	return done_testing();
}
