/*
 * x3f.c
 *		Walks the sections of Sigma's X3F.  Numbers are little-endian.
 */
#include "container/x3f.h"

#include <string.h>

#include "container/bytes.h"

#define HEADER			40		/* bytes of the header that are read, */
#define HEADER_4		52		/* and of that of versions from 4 on */
#define SIZE_AT			28		/* width, height, rotation */
#define SIZE_AT_4		40
#define MAX_SIDE		(UINT16_MAX * 4)	/* largest plausible side in pixels */

#define DIRECTORY		12		/* bytes before the entries: "SECd", version, count */
#define ENTRY			12		/* offset, length, type */

#define IMAGE			28		/* bytes before the data of an image: "SECi", version, type, format, sizes */
#define IMAGE_PREVIEW	2
#define FORMAT_JPEG		18

#define PROPERTIES		24		/* bytes before the entries: "SECp", version, count, format of characters, 0, length */
#define PROPERTY		8		/* an entry: places of name and value among the characters */

bool
x3f_is(const uint8_t *data, size_t length)
{
	return length >= HEADER && memcmp(data, "FOVb", 4) == 0;
}

static void
read_header(X3f *x3f)
{
	bool		is_new = le16(x3f->data + 6) >= 4;	/* the version's upper half */
	const uint8_t *sizes = x3f->data + (is_new ? SIZE_AT_4 : SIZE_AT);

	if (is_new && x3f->length < HEADER_4)
		return;
	x3f->rotation = le32(sizes + 8);
	if (le32(sizes) > MAX_SIDE || le32(sizes + 4) > MAX_SIDE)
		return;
	x3f->width = le32(sizes);
	x3f->height = le32(sizes + 4);
}

bool
x3f_open(X3f *x3f, const uint8_t *data, size_t length)
{
	uint32_t	at;
	size_t		room;

	memset(x3f, 0, sizeof(*x3f));
	if (!x3f_is(data, length))
		return false;
	x3f->data = data;
	x3f->length = length;
	read_header(x3f);
	at = le32(data + length - 4);
	if (at > length - DIRECTORY || memcmp(data + at, "SECd", 4) != 0)
		return false;
	room = (length - at - DIRECTORY) / ENTRY;
	x3f->entries = data + at + DIRECTORY;
	x3f->count = le32(data + at + 8);
	if (x3f->count > room)
		x3f->count = (uint32_t) room;
	if (x3f->count > X3F_MAX_SECTIONS)
		x3f->count = X3F_MAX_SECTIONS;
	return true;
}

bool
x3f_section(const X3f *x3f, uint32_t index, X3fSection *section)
{
	const uint8_t *entry = x3f->entries + (size_t) index * ENTRY;
	uint32_t	offset = le32(entry);
	uint32_t	bytes = le32(entry + 4);

	if (offset > x3f->length || bytes > x3f->length - offset)
		return false;
	memcpy(section->type, entry + 8, 4);
	section->data = x3f->data + offset;
	section->length = bytes;
	return true;
}

X3fImage
x3f_image(const X3fSection *section, const uint8_t **jpeg, size_t *jpeg_length)
{
	if ((memcmp(section->type, "IMAG", 4) != 0 && memcmp(section->type, "IMA2", 4) != 0) ||
		section->length < IMAGE || memcmp(section->data, "SECi", 4) != 0 || le32(section->data + 8) != IMAGE_PREVIEW)
		return X3F_NO_PREVIEW;
	if (le32(section->data + 12) != FORMAT_JPEG)
		return X3F_OTHER_PREVIEW;
	*jpeg = section->data + IMAGE;
	*jpeg_length = section->length - IMAGE;
	return X3F_JPEG;
}

/* Append a character as UTF-8 if there is room, also for a NUL behind it.  Surrogates are dropped: no camera writes any. */
static bool
append(char *value, size_t size, size_t *length, uint32_t character)
{
	uint8_t		bytes[3];
	size_t		count = character < 0x80 ? 1 : character < 0x800 ? 2 : 3;

	if (character >= 0xD800 && character <= 0xDFFF)
		return true;
	if (*length + count >= size)
		return false;
	bytes[0] = (uint8_t) (count == 1 ? character : count == 2 ? 0xC0 | character >> 6 : 0xE0 | character >> 12);
	bytes[1] = (uint8_t) (0x80 | (count == 2 ? character & 0x3F : character >> 6 & 0x3F));
	bytes[2] = (uint8_t) (0x80 | (character & 0x3F));
	memcpy(value + *length, bytes, count);
	*length += count;
	return true;
}

/* Are the characters from this place on the name, with a NUL behind it? */
static bool
is_name(const uint8_t *characters, size_t count, uint32_t at, const char *name)
{
	size_t		length = strlen(name) + 1;

	if (at > count || length > count - at)
		return false;
	for (size_t i = 0; i < length; i++)
		if (le16(characters + (at + i) * 2) != (uint8_t) name[i])
			return false;
	return true;
}

/* The same in one section. */
static bool
find_property(const X3fSection *section, const char *name, char *value, size_t size)
{
	const uint8_t *characters;
	size_t		entries,
				count,
				length = 0;

	if (section->length < PROPERTIES || memcmp(section->data, "SECp", 4) != 0 || le32(section->data + 12) != 0)
		return false;
	entries = le32(section->data + 8);
	if (entries > (section->length - PROPERTIES) / PROPERTY)
		return false;
	characters = section->data + PROPERTIES + entries * PROPERTY;
	count = (section->length - PROPERTIES - entries * PROPERTY) / 2;
	for (size_t i = 0; i < entries && i < X3F_MAX_PROPERTIES; i++)
	{
		const uint8_t *entry = section->data + PROPERTIES + i * PROPERTY;
		uint32_t	at = le32(entry + 4);

		if (!is_name(characters, count, le32(entry), name))
			continue;
		for (; at < count && le16(characters + (size_t) at * 2) != 0; at++)
			if (!append(value, size, &length, le16(characters + (size_t) at * 2)))
				break;
		value[length] = '\0';
		return length > 0;
	}
	return false;
}

bool
x3f_property(const X3f *x3f, const char *name, char *value, size_t size)
{
	X3fSection	section;

	for (uint32_t i = 0; i < x3f->count; i++)
		if (x3f_section(x3f, i, &section) && memcmp(section.type, "PROP", 4) == 0 &&
			find_property(&section, name, value, size))
			return true;
	return false;
}
