/*
 * exif_cases_apple.c
 *		Cases of Apple's maker note, of which ContentIdentifier is read.
 */
#include <string.h>

#include "test/unit/exif_cases.h"

#define UUID "4F1D2C3B-0A9E-4876-B5C4-D3E2F1A0B9C8"

#define HEAD 14

static void
put(uint8_t *to, uint32_t value, int bytes, int big_endian)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t) (value >> (8 * (big_endian ? bytes - 1 - i : i)));
}

/*
 * A note with a number and the identifier, of so many characters, at an offset (0: where it is); cut off by some bytes.
 */
static void
note(ExifBlock *block, const char *order, uint16_t tag, uint16_t type, const char *text, uint32_t length, uint32_t offset, size_t cut)
{
	uint8_t		bytes[400] = "Apple iOS\0\0\1";
	int			big_endian = order[0] == 'M';
	uint8_t    *entry = bytes + HEAD + 2;
	size_t		end = HEAD + 2 + 2 * 12 + 4;

	memcpy(bytes + 12, order, 2);
	put(bytes + HEAD, 2, 2, big_endian);
	put(entry, 0x0001, 2, big_endian);
	put(entry + 2, EB_SLONG, 2, big_endian);
	put(entry + 4, 1, 4, big_endian);
	put(entry + 8, 14, 4, big_endian);
	put(entry + 12, tag, 2, big_endian);
	put(entry + 14, type, 2, big_endian);
	put(entry + 16, length, 4, big_endian);
	put(entry + 20, offset ? offset : (uint32_t) end, 4, big_endian);
	memcpy(bytes + end, text, strlen(text) + 1);
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Apple");
	exif_block_add(block, EB_EXIF, 0x927C, EB_UNDEFINED, end + strlen(text) + 1 - cut, bytes);
}

static void
live_photo(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_ASCII, UUID, sizeof(UUID), 0, 0);
}

static void
other_order(ExifBlock *block)
{
	note(block, "II", 0x0011, EB_ASCII, UUID, sizeof(UUID), 0, 0);
}

static void
no_live_photo(ExifBlock *block)
{
	note(block, "MM", 0x0012, EB_ASCII, UUID, sizeof(UUID), 0, 0);
}

static void
outside(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_ASCII, UUID, sizeof(UUID), 300, 0);
}

static void
far_outside(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_ASCII, UUID, 0xFFFFFFFF, 0xFFFFFF00, 0);
}

static void
cut_off(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_ASCII, UUID, sizeof(UUID), 0, 10);
}

static void
no_text(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_LONG, UUID, 1, 0, 0);
}

static void
not_clean(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_ASCII, "4F1D2C3B\1\2\3-0A9E", 16, 0, 0);
}

static void
too_long(ExifBlock *block)
{
	char		text[200];

	memset(text, 'A', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	note(block, "MM", 0x0011, EB_ASCII, text, sizeof(text), 0, 0);
}

static void
blank(ExifBlock *block)
{
	note(block, "MM", 0x0011, EB_ASCII, "      ", 7, 0, 0);
}

static void
no_order(ExifBlock *block)
{
	note(block, "MX", 0x0011, EB_ASCII, UUID, sizeof(UUID), 0, 0);
}

static void
head_only(ExifBlock *block)
{
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Apple");
	ADD_BYTES(block, EB_EXIF, 0x927C, EB_UNDEFINED, "Apple iOS\0\0\1MM");
}

/* The note of another maker, with the same directory behind. */
static void
another_maker(ExifBlock *block)
{
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Apple");
	ADD_BYTES(block, EB_EXIF, 0x927C, EB_UNDEFINED, "Apple ios\0\0\1MM\0\1\0\x11\0\2\0\0\0\3AB\0\0\0\0\0\0");
}

/* In the entry itself. */
static void
short_one(ExifBlock *block)
{
	link_exif(block);
	exif_block_ascii(block, EB_IFD0, 0x010F, "Apple");
	ADD_BYTES(block, EB_EXIF, 0x927C, EB_UNDEFINED, "Apple iOS\0\0\1MM\0\1\0\x11\0\2\0\0\0\3AB\0\0\0\0\0\0");
}

#define NONE(title, function) \
	{.name = title, .build = function, .make = "Apple", .has = {"\"MakerNote\":"}, .lacks = {"ContentIdentifier"}}

const ExifCase exif_apple_cases[] = {
	{.name = "apple-live-photo", .build = live_photo, .make = "Apple", .has = {"\"ContentIdentifier\":\"" UUID "\"", "\"MakerNote\":81"}},
	{.name = "apple-other-order", .build = other_order, .make = "Apple", .has = {"\"ContentIdentifier\":\"" UUID "\""}},
	{.name = "apple-other-order-outside", .build = other_order, .flags = EB_BIG_ENDIAN, .make = "Apple", .has = {"\"ContentIdentifier\":\"" UUID "\""}},
	{.name = "apple-short", .build = short_one, .make = "Apple", .has = {"\"ContentIdentifier\":\"AB\""}},
	NONE("apple-no-live-photo", no_live_photo),
	NONE("apple-outside", outside),
	NONE("apple-far-outside", far_outside),
	NONE("apple-cut-off", cut_off),
	NONE("apple-no-text", no_text),
	NONE("apple-not-clean", not_clean),
	NONE("apple-too-long", too_long),
	NONE("apple-blank", blank),
	NONE("apple-no-order", no_order),
	NONE("apple-head-only", head_only),
	NONE("apple-another-maker", another_maker),
	{NULL}
};
