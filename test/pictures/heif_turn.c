/*
 * heif_turn.c
 *		Give a HEIC or AVIF file the container's own rotation and mirroring, which
 *		its encoders do not write.
 *
 * Two properties are added and belong to the primary item; that makes the boxes around
 * them longer and moves the pixels.
 */
#include "containers.h"

#include <string.h>

static uint32_t
be(const uint8_t *p, int bytes)
{
	uint32_t	value = 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return value;
}

static void
add_be32(uint8_t *p, uint32_t more)
{
	uint32_t	value = be(p, 4) + more;

	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (value >> (24 - 8 * i));
}

/* Where a box begins among those from "at" to "end"; 0 if it is not there. */
static size_t
find_box(const Bytes *file, size_t at, size_t end, const char *type)
{
	while (at + 8 <= end && be(file->data + at, 4) >= 8)
	{
		if (memcmp(file->data + at + 4, type, 4) == 0)
			return at;
		at += be(file->data + at, 4);
	}
	return 0;
}

/* Properties in ipco, so that ours can be numbered. */
static int
count_boxes(const Bytes *file, size_t at, size_t end)
{
	int			count = 0;

	for (; at + 8 <= end && be(file->data + at, 4) >= 8; at += be(file->data + at, 4))
		count++;
	return count;
}

/* Item locations of version 0 or 1 with all fields of 4 bytes, as libheif writes them. */
static bool
move_items(uint8_t *iloc, uint32_t by)
{
	int			version = iloc[8];
	uint8_t    *p = iloc + 16;

	if (version > 1 || iloc[12] != 0x44 || (iloc[13] & 0xF0) != 0x40)
		return false;
	for (uint32_t items = be(iloc + 14, 2); items > 0; items--)
	{
		uint8_t    *base = p + (version == 1 ? 6 : 4);
		uint32_t	extents = be(base + 4, 2);
		bool		in_file = version == 0 || (be(p + 2, 2) & 15) == 0;

		if (!in_file)
			;					/* within the meta box */
		else if (be(base, 4))
			add_be32(base, by);
		else
			for (uint32_t i = 0; i < extents; i++)
				add_be32(base + 6 + i * 8, by);
		p = base + 6 + extents * 8;
	}
	return true;
}

/* The primary item's list in ipma (version 0, numbers of one byte): where its count is, or 0. */
static size_t
find_properties(const Bytes *file, size_t pitm, size_t ipma)
{
	size_t		at = ipma + 16;

	if (be(file->data + ipma + 8, 4) != 0 || file->data[pitm + 8] != 0)
		return 0;
	for (uint32_t items = be(file->data + ipma + 12, 4); items > 0; items--)
	{
		if (be(file->data + at, 2) == be(file->data + pitm + 12, 2))
			return at + 2;
		at += 3 + file->data[at + 2];
	}
	return 0;
}

Bytes
heif_turned(const Bytes *heif, int quarters, int mirror)
{
	const uint8_t irot[9] = {0, 0, 0, 9, 'i', 'r', 'o', 't', (uint8_t) quarters};
	const uint8_t imir[9] = {0, 0, 0, 9, 'i', 'm', 'i', 'r', (uint8_t) mirror};
	uint32_t	ours = mirror >= 0 ? 2 : 1;
	Bytes		out = bytes_copy(heif->data, heif->length);
	size_t		meta = find_box(&out, 0, out.length, "meta");
	size_t		meta_end = meta + be(out.data + meta, 4);
	size_t		iloc = find_box(&out, meta + 12, meta_end, "iloc");
	size_t		pitm = find_box(&out, meta + 12, meta_end, "pitm");
	size_t		iprp = find_box(&out, meta + 12, meta_end, "iprp");
	size_t		ipco = iprp ? iprp + 8 : 0;
	size_t		ipma = iprp ? find_box(&out, ipco, iprp + be(out.data + iprp, 4), "ipma") : 0;
	size_t		list = pitm && ipma ? find_properties(&out, pitm, ipma) : 0;
	size_t		ipco_end,
				list_end,
				written;
	uint8_t		numbers[2];
	Bytes		whole;

	if (!meta || !iloc || !list || !move_items(out.data + iloc, ours * 10))
	{
		bytes_free(&out);
		return out;
	}
	ipco_end = ipco + be(out.data + ipco, 4);
	list_end = list + 1 + out.data[list];

	/* libvips 8.16 itself turns by the EXIF orientation it is given: undo that (no more than a rotation) */
	written = find_box(&out, ipco + 8, ipco_end, "irot");
	if (written)
		out.data[written + 8] = 0;
	numbers[0] = (uint8_t) (0x80 | (count_boxes(&out, ipco + 8, ipco_end) + 1));
	numbers[1] = (uint8_t) (numbers[0] + 1);
	out.data[list] += (uint8_t) ours;
	add_be32(out.data + ipma, ours);
	add_be32(out.data + ipco, ours * 9);
	add_be32(out.data + iprp, ours * 10);
	add_be32(out.data + meta, ours * 10);

	/* put it together again with the new pieces in between */
	whole = bytes_copy(out.data, ipco_end);
	bytes_add(&whole, irot, 9);
	if (mirror >= 0)
		bytes_add(&whole, imir, 9);
	bytes_add(&whole, out.data + ipco_end, list_end - ipco_end);
	bytes_add(&whole, numbers, ours);
	bytes_add(&whole, out.data + list_end, out.length - list_end);
	bytes_free(&out);
	return whole;
}
