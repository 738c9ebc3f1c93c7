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
	{1, 64, 48, "df070a3d9a8087877088887877788788808008f877"},
	{1, 48, 64, "dff7093d1a8087708888877888787887808008f878"},
	{1, 64, 64, "df070a371a80878780888888887888878777080887808f07"},
	{1, 1, 1, "0b0416070108f708888788708f7088f80888707ff8000000"},
	{1, 64, 1, "15f62a81be8687878888087984874f8808"},
	{1, 1, 64, "150629813e08868978878887f78478bf78"},
	{1, 3, 2, "e0f7415dac8678098688788788988790818017f888"},
	{1, 64, 23, "dff7093b9a80878770888888808008f878"},
	{2, 64, 48, "dff7010d80770b88b9aa9761766d75540c754bf855"},
	{2, 48, 64, "1f0802050099d56a2c677c3f665456380486689b08"},
	{2, 64, 64, "dff7010f008a498d79c851b5992f75565466c36079791f08"},
	{2, 1, 1, "000802070000000000000000000000000000000000000000"},
	{2, 64, 1, "5d083a1984778877888808886a88a08f58"},
	{2, 1, 64, "20e841090608877888878777188f722f98"},
	{2, 3, 2, "5be7351dae75880a77878887888888a0fd6268f686"},
	{2, 64, 23, "df07020b80cd3f8c507548740a8a49bf30"},
	{3, 64, 48, "5c57861c8c377077bd88738708c84a80b38b87078888888708"},
	{3, 48, 64, "5c57861c0c3770c78b48788806c84b80b38b87078788888708"},
	{3, 64, 64, "5c57861d0c377077bd8884887880bc0438bb78788088887888"},
	{3, 1, 1, "00088205000000000000000000000000000000000000000000"},
	{3, 64, 1, "0008820180000000000000000000000000000000000000"},
	{3, 1, 64, "5155a5a92a770888778878f788776f9808f7848b887788"},
	{3, 3, 2, "cef88a2392888078d8778780d807887d7878828887d808"},
	{3, 64, 23, "5c57861a8c378087bd877370bc0438cb78788088887888"},
	{4, 64, 48, "1f081a058080878788888887888888870000000000"},
	{4, 48, 64, "1f081a050080877888788888888788780000000000"},
	{4, 64, 64, "1f081a070080878778888887887887788878080000000000"},
	{4, 1, 1, "000802070000000000000000000000000000000000000000"},
	{4, 64, 1, "1f083e01808487878888087b0000000000"},
	{4, 1, 64, "0008020100000000000000000000000000"},
	{4, 3, 2, "1f083e058083780c88888887888887c00000000000"},
	{4, 64, 23, "1f081a0380808787888878880000000000"},
	{5, 64, 48, "00088204800000000000000000000000000000000000000000"},
	{5, 48, 64, "00088204000000000000000000000000000000000000000000"},
	{5, 64, 64, "00088205000000000000000000000000000000000000000000"},
	{5, 1, 1, "00088205000000000000000000000000000000000000000000"},
	{5, 64, 1, "0008820180000000000000000000000000000000000000"},
	{5, 1, 64, "0008820100000000000000000000000000000000000000"},
	{5, 3, 2, "0008820380000000000000000000000000000000000000"},
	{5, 64, 23, "0008820280000000000000000000000000000000000000"},
	{6, 64, 48, "000802058000000000000000000000000000000000"},
	{6, 48, 64, "000802050000000000000000000000000000000000"},
	{6, 64, 64, "000802070000000000000000000000000000000000000000"},
	{6, 1, 1, "000802070000000000000000000000000000000000000000"},
	{6, 64, 1, "0008020180000000000000000000000000"},
	{6, 1, 64, "0008020100000000000000000000000000"},
	{6, 3, 2, "000802058000000000000000000000000000000000"},
	{6, 64, 23, "0008020380000000000000000000000000"},
};

/* Flat ones: behind the head there are only rounding errors of cosines. */
static const Vector flat_vectors[] = {
	{0, 64, 48, "1dcb0205800b4b768587887878878888078af8a888"},
	{0, 48, 64, "1dcb02050079577888888787777747075d78ff8288"},
	{0, 64, 64, "1dcb0207003a5a76798878787788887788767060988f7609"},
	{0, 1, 1, "1dcb3acf3208f708888788708f7088f80888808008088800"},
	{0, 64, 1, "1dcb3ac9b2787888888808887888808808"},
	{0, 1, 64, "1dcb3ac932088878888887880888878088"},
	{0, 3, 2, "1dcb3a058078780888888887888888700a8aa5c058"},
	{0, 64, 23, "1dcb020380787877787807877777807808"},
	{7, 64, 48, "3f080205804f477576788788878888870000000000"},
	{7, 48, 64, "3f08020500686878777888f8777887380000000000"},
	{7, 64, 64, "3f080207007877777888888787f88778888b040000000000"},
	{7, 1, 1, "3f087e070008f708888788708f7088f80888000000000000"},
	{7, 64, 1, "3f087e0180888888888808880000000000"},
	{7, 1, 64, "3f087e0100088888888888880000000000"},
	{7, 3, 2, "3f087e058078780888888887888888700000000000"},
	{7, 64, 23, "3f08020380797777778707880000000000"},
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
		const uint8_t *middle = small.rgba + 4 * (24 * 64 + 32);

		for (int i = 0; i < 333 * 251; i++)
			for (int b = 0; b < bands; b++)
				pixels.data[i * bands + b] = (uint8_t) (alpha && b == bands - 1 ? 128 : 40 + 50 * b);
		ok(img_small_make(&pixels, 1, false, &small), "%d bands", bands);
		is_int(small.width, 64, "its width");
		is_int(small.height, 48, "its height");
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

	draw(64, 48, 0, 0, &small);
	hash = picture_hash(&small);
	draw(48, 36, 0, 0, &small);
	expect_bits(hash, picture_hash(&small), 0, 8, "another size");
	draw(64, 48, 25, 0, &small);
	expect_bits(hash, picture_hash(&small), 0, 2, "lighter");
	draw(64, 48, 0, 12, &small);
	expect_bits(hash, picture_hash(&small), 0, 8, "with noise");
	fill(1, 64, 48, &small);
	expect_bits(hash, picture_hash(&small), 16, 63, "another picture");
	fill(2, 1, 64, &small);
	(void) picture_hash(&small);

	for (int kind = 5; kind <= 7; kind++)
	{
		fill(kind, 64, 48, &small);
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
