/*
 * ciff.c
 *		Finds values in CIFF, the structure of Canon's CRW.
 */
#include "container/ciff.h"

#include <string.h>

#include "container/bytes.h"

#define HEADER			14		/* bytes of the header that are read */
#define ENTRY			10		/* bytes of an entry: number, length, offset */
#define TAIL			4		/* bytes of the place of the directory */

/* Bits of a number in a directory. */
#define IS_INVALID		0x8000
#define IS_IN_ENTRY		0x4000	/* the value is what else would be length and offset */
#define NUMBER			0x3FFF
#define TYPE			0x3800
#define TYPE_HEAP		0x2800
#define TYPE_OTHER_HEAP	0x3000

static uint32_t
number16(const Ciff *ciff, const uint8_t *at)
{
	return ciff->big_endian ? be16(at) : le16(at);
}

static uint32_t
number32(const Ciff *ciff, const uint8_t *at)
{
	return ciff->big_endian ? be32(at) : le32(at);
}

/* The directory of a heap: its entries, of which so many lie in the heap. */
static bool
find_directory(const Ciff *ciff, const uint8_t *heap, size_t length, const uint8_t **entries, size_t *count)
{
	uint32_t	at;
	size_t		room;

	if (length < TAIL + 2)
		return false;
	at = number32(ciff, heap + length - TAIL);
	if (at > length - TAIL - 2)
		return false;
	room = (length - TAIL - 2 - at) / ENTRY;
	*count = number16(ciff, heap + at);
	if (*count > room)
		*count = room;
	*entries = heap + at + 2;
	return true;
}

static bool
find_in_heap(const Ciff *ciff, const uint8_t *heap, size_t length, uint16_t number, int depth, int *budget, CiffValue *value)
{
	const uint8_t *entry;
	size_t		count;

	if (depth > CIFF_MAX_DEPTH || !find_directory(ciff, heap, length, &entry, &count))
		return false;
	for (; count > 0 && (*budget)-- > 0; count--, entry += ENTRY)
	{
		uint32_t	flags = number16(ciff, entry);
		uint32_t	size = number32(ciff, entry + 2);
		uint32_t	offset = number32(ciff, entry + 6);
		bool		is_heap = !(flags & IS_IN_ENTRY) && ((flags & TYPE) == TYPE_HEAP || (flags & TYPE) == TYPE_OTHER_HEAP);

		if (flags & IS_INVALID)
			return false;
		if (flags & IS_IN_ENTRY)
			*value = (CiffValue) {entry + 2, ENTRY - 2};
		else if (offset <= length && size <= length - offset)
			*value = (CiffValue) {heap + offset, size};
		else
			continue;
		if ((flags & NUMBER) == number)
			return true;
		if (is_heap && find_in_heap(ciff, value->data, value->length, number, depth + 1, budget, value))
			return true;
	}
	return false;
}

bool
ciff_is(const uint8_t *data, size_t length)
{
	return length >= HEADER && memcmp(data + 6, "HEAPCCDR", 8) == 0 &&
		(memcmp(data, "II", 2) == 0 || memcmp(data, "MM", 2) == 0);
}

bool
ciff_open(Ciff *ciff, const uint8_t *data, size_t length)
{
	uint32_t	header;
	const uint8_t *entries;
	size_t		count;

	if (!ciff_is(data, length))
		return false;
	ciff->big_endian = data[0] == 'M';
	header = number32(ciff, data + 2);
	if (header < HEADER || header > length)
		return false;
	ciff->heap = data + header;
	ciff->length = length - header;
	return find_directory(ciff, ciff->heap, ciff->length, &entries, &count) && count > 0;
}

bool
ciff_find(const Ciff *ciff, uint16_t number, CiffValue *value)
{
	int			budget = CIFF_MAX_ENTRIES;

	return find_in_heap(ciff, ciff->heap, ciff->length, number, 0, &budget, value);
}

bool
ciff_long(const Ciff *ciff, const CiffValue *value, size_t index, uint32_t *number)
{
	if (index >= value->length / 4)
		return false;
	*number = number32(ciff, value->data + index * 4);
	return true;
}
